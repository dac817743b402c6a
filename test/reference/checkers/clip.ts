/** Hidden states of the text encoders, and their one vector for a whole text. */
import { clipTextGraph } from '../../../service/engine/graph/clipText.ts';
import { tensor, type Tensor } from '../../../service/engine/tensor.ts';
import { pooledAt, endOf } from '../../../service/engine/networks/pooledText.ts';
import type { Checker } from '../case.ts';
import { openTextModel } from '../openComponent.ts';
import { runGraph, textStateOf, withCaseComponent } from '../runComponent.ts';

export const check: Checker = (c) =>
  withCaseComponent(c, async (component) => {
    const { config, weights } = openTextModel(component);
    const rows = c.input['ids'] as number[][];
    const ids = { data: Int32Array.from(rows.flat()), shape: [rows.length, rows[0].length] };
    const answers: Record<string, unknown> = {};
    for (const name of Object.keys(c.expect)) {
      const size = { batch: rows.length, ...textStateOf(name) };
      const outputs = await runGraph(clipTextGraph(weights, config, size), { ids });
      answers[name] = name === 'pooled' ? pooledRows(outputs['pooled'], rows) : outputs['context'];
    }
    return answers;
  });

function pooledRows(pooled: Tensor, rows: readonly number[][]): Tensor {
  const [batch, tokens, width] = pooled.shape;
  const data = new Float32Array(batch * width);
  rows.forEach((row, i) => {
    const item = tensor(pooled.data.subarray(i * tokens * width, (i + 1) * tokens * width), [
      1,
      tokens,
      width,
    ]);
    data.set(pooledAt(item, endOf(Int32Array.from(row))).data, i * width);
  });
  return tensor(data, [batch, width]);
}
