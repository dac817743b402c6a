/** What a file is, from its header alone: the header is put together as the case describes it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { detectModel } from '../../../service/engine/weights/detectModel.ts';
import type { Detection } from '../../../service/engine/weights/detection.ts';
import type { Checker } from '../case.ts';

type Shape = readonly number[];
interface From {
  readonly manifest: string;
  readonly keep?: readonly string[];
  readonly replace?: ReadonlyArray<readonly [string, string]>;
}

export const check: Checker = (c) => {
  const tensors = new Map<string, { shape: Shape }>();
  const from = c.input['from'] as From | undefined;
  if (from) {
    const manifest = JSON.parse(readFileSync(join(c.root, from.manifest), 'utf8')) as {
      tensors: Record<string, Shape | { shape: Shape }>;
    };
    for (const [name, row] of Object.entries(manifest.tensors)) {
      if (from.keep && !from.keep.some((prefix) => name.startsWith(prefix))) continue;
      const rule = from.replace?.find(([old]) => name.startsWith(old));
      const renamed = rule ? rule[1] + name.slice(rule[0].length) : name;
      tensors.set(renamed, { shape: 'shape' in row ? row.shape : row });
    }
  }
  const added = (c.input['tensors'] ?? {}) as Record<string, readonly [string, Shape]>;
  for (const [name, [, shape]] of Object.entries(added)) tensors.set(name, { shape });
  const metadata = new Map(Object.entries((c.input['metadata'] ?? {}) as Record<string, string>));
  return Promise.resolve(answer(detectModel({ tensors, metadata })));
};

const suffixes: Readonly<Record<string, string>> = {
  inpainting: '-inpaint',
  edit: '-ip2p',
  depth: '-depth',
};
const predictions = { epsilon: 'epsilon', v: 'v_prediction', unknown: 'ambiguous' } as const;

/** The cases' words: one name for family and variant; `supported` asks whether the format is known in full. */
function answer(found: Detection): Record<string, unknown> {
  const { variant, prediction, recognized, bundledEmbeddings, ...rest } = found;
  return {
    ...rest,
    family: `${found.family}${suffixes[variant] ?? ''}`,
    prediction_type: predictions[prediction],
    supported: recognized,
    bundled_embeddings: bundledEmbeddings,
  };
}
