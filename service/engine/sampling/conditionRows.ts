/** Which predictions one denoiser call is made of, and the network calls that give them. */
import type { ControlResiduals, TextContext } from '../diffusion.ts';
import type { Tensor } from '../tensor.ts';
import type { Latent } from './types.ts';

/** A context `[1,T,C]` and its weight (1 unless the prompt has AND parts). */
export interface WeightedContext {
  readonly context: TextContext;
  readonly weight: number;
}

/** What one model call is told; lists have one entry per image, or one for all images. */
export interface Conditioning {
  readonly positive: readonly (readonly WeightedContext[])[];
  readonly negative: readonly TextContext[];
}

/** Latents `[N,C,h,w]`, one timestep per row, contexts `[N,T,C]`; answers `[N,4,h,w]`. */
export type Predict = (
  latents: Tensor,
  timesteps: Float32Array,
  context: TextContext,
  control?: ControlResiduals,
) => Promise<Tensor>;

/** What a network is given for some rows, for ControlNets to look at as well. */
export interface RowQuestion {
  readonly latents: Tensor;
  readonly timesteps: Float32Array;
  readonly context: TextContext;
  /** Which rows are conditions of the prompt. */
  readonly conditional: readonly boolean[];
  /** Of the whole run, from 0. */
  readonly call: number;
}

/**
 * One prediction of one image: a `condition` of the prompt, what is to be `avoided`, or `nothing`: what
 * is to be avoided without the further channels (the picture of an edit model).
 */
export type Row = { readonly image: number; readonly context: TextContext } & (
  | { readonly kind: 'condition'; readonly weight: number }
  | { readonly kind: 'avoided' }
  | { readonly kind: 'nothing' }
);

/** All conditions, then the kinds asked for, each image by image. */
export function rowsOf(
  { positive, negative }: Conditioning,
  images: number,
  kinds: ReadonlyArray<'avoided' | 'nothing'>,
): Row[] {
  const rows: Row[] = [];
  for (let image = 0; image < images; image++) {
    for (const part of positive[image % positive.length]!) {
      rows.push({ kind: 'condition', image, ...part });
    }
  }
  for (const kind of kinds) {
    for (let image = 0; image < images; image++) {
      rows.push({ kind, image, context: negative[image % negative.length]! });
    }
  }
  return rows;
}

/** Whether the prompt is one part of weight 1 for every image: then guidance of 1 is the part itself. */
export function isPlain({ positive }: Conditioning): boolean {
  return positive.every((parts) => parts.length === 1 && parts[0]!.weight === 1);
}

export interface RowNetwork {
  readonly predict: Predict;
  /** Channels after the latent's own, `[1|B,c,h,w]`. */
  readonly extraChannels?: Tensor | undefined;
  /** What ControlNets add to some rows; undefined: nothing. */
  readonly control?: ((question: RowQuestion) => Promise<ControlResiduals | undefined>) | undefined;
  /** Rows given to one predict call at most (all). */
  readonly maxRows?: number | undefined;
}

/** Raw predictions, one per row; rows of equal context length share a call. Throws what `predict` throws. */
export async function predictRows(
  network: RowNetwork,
  rows: readonly Row[],
  input: Latent,
  { timestep, call }: { readonly timestep: number; readonly call: number },
): Promise<Float32Array[]> {
  const predicted: Float32Array[] = Array.from({ length: rows.length });
  const lengths = [...new Set(rows.map((row) => row.context.shape[1]!))];
  for (const length of lengths) {
    const group = rows.flatMap((row, i) => (row.context.shape[1] === length ? [i] : []));
    const size = Math.max(1, network.maxRows ?? group.length);
    for (let at = 0; at < group.length; at += size) {
      const part = group.slice(at, at + size);
      const asked = part.map((i) => rows[i]!);
      const latents = stackedLatents(asked, input, network.extraChannels);
      const timesteps = new Float32Array(part.length).fill(timestep);
      const context = stackedContexts(asked.map((row) => row.context));
      const conditional = asked.map(({ kind }) => kind === 'condition');
      const question = { latents, timesteps, context, conditional, call };
      const control = await network.control?.(question);
      const answer = await (control
        ? network.predict(latents, timesteps, context, control)
        : network.predict(latents, timesteps, context));
      const count = answer.data.length / part.length;
      for (const [k, i] of part.entries()) {
        predicted[i] = answer.data.subarray(k * count, (k + 1) * count);
      }
    }
  }
  return predicted;
}

function stackedLatents(rows: readonly Row[], input: Latent, extra: Tensor | undefined): Tensor {
  const [, channels, height, width] = input.shape;
  const own = channels * height * width;
  const more = (extra?.shape[1] ?? 0) * height * width;
  const data = new Float32Array(rows.length * (own + more));
  for (const [k, { image, kind }] of rows.entries()) {
    const at = k * (own + more);
    data.set(input.data.subarray(image * own, (image + 1) * own), at);
    if (extra && kind !== 'nothing') {
      const from = (image % extra.shape[0]!) * more;
      data.set(extra.data.subarray(from, from + more), at + own);
    }
  }
  return { data, shape: [rows.length, channels + (extra?.shape[1] ?? 0), height, width] };
}

function stackedContexts(contexts: readonly TextContext[]): TextContext {
  const { pooled, sizes } = contexts[0]!;
  return {
    ...stacked(contexts),
    ...(pooled ? { pooled: stacked(contexts.map((context) => context.pooled!)) } : {}),
    ...(sizes ? { sizes: stacked(contexts.map((context) => context.sizes!)) } : {}),
  };
}

/** Items `[1,...]` of one shape, as one batch. */
function stacked(items: readonly Tensor[]): Tensor {
  const { data: first, shape } = items[0]!;
  if (items.length === 1) return { data: first, shape };
  const data = new Float32Array(first.length * items.length);
  for (const [i, item] of items.entries()) data.set(item.data, i * first.length);
  return { data, shape: [items.length, ...shape.slice(1)] };
}
