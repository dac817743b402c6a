/** Hidden states of the text encoders. */
import { clipTextGraph } from '../../../service/engine/graph/clipText.ts';
import { collectWeights } from '../../../service/engine/weights/collectWeights.ts';
import { withTextJson } from '../../../service/engine/weights/diffusersConfig.ts';
import { clipTextConfigFromShapes } from '../../../service/engine/weights/networkConfigs.ts';
import { clipTextShapes } from '../../../service/engine/weights/networkShapes.ts';
import { clipTextSource } from '../../../service/engine/weights/tensorSource.ts';
import { Unsupported, type Checker } from '../case.ts';
import { needFamily, runGraph, withCaseComponent } from '../runComponent.ts';

export const check: Checker = (c) => {
  needFamily(c, ['sd1', 'sd2']);
  return withCaseComponent(c, async ({ tensors, json }) => {
    const source = clipTextSource(tensors);
    if (!source) throw new Error('Expected the tensors of a text encoder');
    const config = withTextJson(clipTextConfigFromShapes(source), json);
    const weights = collectWeights('text encoder', source, clipTextShapes(config));
    const rows = c.input['ids'] as number[][];
    const ids = { data: Int32Array.from(rows.flat()), shape: [rows.length, rows[0].length] };
    const answers: Record<string, unknown> = {};
    for (const name of Object.keys(c.expect)) {
      const size = { batch: rows.length, clipSkip: clipSkipOf(name) };
      const { context } = await runGraph(clipTextGraph(weights, config, size), { ids });
      answers[name] = context;
    }
    return answers;
  });
};

/** 'skip2' is clip skip 2; 'last' runs every layer. */
function clipSkipOf(name: string): number {
  if (name === 'last') return 1;
  const skip = /^skip(\d+)$/.exec(name);
  if (!skip) throw new Unsupported(`the output ${name}`);
  return Number(skip[1]);
}
