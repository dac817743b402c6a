/** What the parts of one layer of a LoRA (or LoHa, LoKr, IA3, GLoRA, OFT, full difference) do to its weight. */
import { PentimentoError } from '../../../shared/errors.ts';
import type { Shape, Weight } from '../graph/ir.ts';
import { factorSides, sidesOf, type Sides } from '../graph/lower/changedWeight.ts';
import type {
  ChangeForm,
  Factor,
  Kronecker,
  LowRank,
  Rotation,
  WeightChange,
} from '../graph/weightChange.ts';
import { sizeOfShape } from '../tensor.ts';
import type { LayerParts, PartName } from '../weights/adapters/adapterParts.ts';
import { cayley } from '../weights/adapters/cayley.ts';

/** One layer of one file, with the few numbers that are needed now. */
export interface AdapterLayer {
  /** Tells the file's tensors apart from those of other files. */
  readonly prefix: string;
  readonly parts: LayerParts;
  /** Values of alpha, scale, on_input and rotations. */
  readonly values: ReadonlyMap<PartName, Float32Array>;
  /** Rank to which a plain low-rank change is cut down. */
  readonly rank?: number | undefined;
  /** What the file says of the layer's scale beside its tensors. */
  readonly scale?: number | undefined;
}

/** What one layer does to its weight and to its bias; either may be missing. */
export interface LayerChanges {
  readonly weight?: WeightChange;
  readonly bias?: WeightChange;
}

/** The parts whose numbers are read when a file is opened. */
export const smallParts: ReadonlySet<PartName> = new Set([
  'alpha',
  'scale',
  'on_input',
  'oft_blocks',
  'oft_diag',
]);

/**
 * Throws E_MODEL_FAMILY when the layer was made for a weight of another size. `shape`: the weight's;
 * `multiplier`: the user's.
 */
export function layerChanges(layer: AdapterLayer, shape: Shape, multiplier: number): LayerChanges {
  const part = (name: PartName): Weight | undefined => weightOf(layer, name);
  const sides = sidesOf(shape);
  const found = changeOf(layer, part, sides);
  const bias = part('diff_b') ?? part('b_norm');
  return {
    ...(found && {
      weight: { ...found, multiplier, ...magnitudeOf(part('magnitude'), sides) },
    }),
    ...(bias && { bias: plainDifference(bias, multiplier) }),
  };
}

function plainDifference(values: Weight, multiplier: number): WeightChange {
  return { change: { form: 'difference', values }, scale: 1, multiplier };
}

function weightOf({ prefix, parts }: AdapterLayer, name: PartName): Weight | undefined {
  const stored = parts.get(name);
  return stored && { name: `${prefix}.${name}`, shape: stored.shape, stored };
}

type PartOf = (name: PartName) => Weight | undefined;
type Found = Pick<WeightChange, 'change' | 'scale'>;

function changeOf(layer: AdapterLayer, part: PartOf, sides: Sides): Found | undefined {
  const forms = [lowRankOf, hadamardOf, kroneckerOf, differenceOf, scalingOf, generalisedOf];
  for (const form of forms) {
    const found = form(part, layer, sides);
    if (found) {
      checkSides(found.change, sides);
      return found;
    }
  }
  return rotationOf(layer, part, sides);
}

/** `scale`, else alpha / rank, else what the metadata says, else 1. */
function scaleOf({ values, scale: told }: AdapterLayer, rank: number | undefined): number {
  const [scale] = values.get('scale') ?? [];
  const [alpha] = values.get('alpha') ?? [];
  if (scale !== undefined) return scale;
  return alpha === undefined || rank === undefined ? (told ?? 1) : alpha / rank;
}

function lowRankOf(part: PartOf, layer: AdapterLayer): Found | undefined {
  const [up, down, core] = [part('up'), part('down'), part('core')];
  if (!up || !down) return undefined;
  // As AUTOMATIC1111 cuts: the first ranks, the scale as with all, and nothing with a core.
  const cut = layer.rank !== undefined && layer.rank < down.shape[0] && !core;
  const first = cut ? { first: layer.rank } : {};
  const change: LowRank = { form: 'lowRank', up, down, ...(core && { core }), ...first };
  return { change, scale: scaleOf(layer, down.shape[0]) };
}

function hadamardOf(part: PartOf, layer: AdapterLayer): Found | undefined {
  const pairs = (['1', '2'] as const).map((which): LowRank | undefined => {
    const [a, b] = [part(`hada_w${which}_a`), part(`hada_w${which}_b`)];
    const core = part(`hada_t${which}`);
    if (!a || !b) return undefined;
    // With a core, the first factor lies on its side.
    return core
      ? { form: 'lowRank', up: a, down: b, core, upTurned: true }
      : { form: 'lowRank', up: a, down: b };
  });
  const [first, second] = pairs;
  if (!first || !second) return undefined;
  const change = { form: 'hadamard', pairs: [first, second] } as const;
  return { change, scale: scaleOf(layer, first.down.shape[0]) };
}

function kroneckerOf(part: PartOf, layer: AdapterLayer): Found | undefined {
  const factorOf = (which: 'w1' | 'w2'): Factor | undefined => {
    const [a, b] = [part(`lokr_${which}_a`), part(`lokr_${which}_b`)];
    return part(`lokr_${which}`) ?? (a && b && { a, b });
  };
  const [w1, plainW2, core] = [factorOf('w1'), factorOf('w2'), part('lokr_t2')];
  if (!w1 || !plainW2) return undefined;
  const w2 = core && 'a' in plainW2 ? { ...plainW2, core } : plainW2;
  const change: Kronecker = { form: 'kronecker', w1, w2 };
  const rank = ['lokr_w2_b', 'lokr_w1_b'] as const;
  const [factored] = rank.map(part).filter((found) => found !== undefined);
  return { change, scale: factored ? scaleOf(layer, factored.shape[0]) : 1 };
}

function differenceOf(part: PartOf): Found | undefined {
  const values = part('diff') ?? part('w_norm');
  return values && { change: { form: 'difference', values }, scale: 1 };
}

function scalingOf(part: PartOf, { values }: AdapterLayer): Found | undefined {
  const vector = part('ia3');
  const onInput = values.get('on_input')?.[0] === 1;
  return vector && { change: { form: 'scaling', vector, along: onInput ? 'in' : 'out' }, scale: 1 };
}

function generalisedOf(part: PartOf, layer: AdapterLayer, { out }: Sides): Found | undefined {
  const [a1, a2, b1, b2] = (['a1', 'a2', 'b1', 'b2'] as const).map(part);
  if (!a1 || !a2 || !b1 || !b2) return undefined;
  // Two namings: W a2 a1 + b2 b1 with b2 [out, r], or W a1 a2 + b1 b2 with b1 [out, r] and alpha.
  const older = b2.shape[0] === out && b2.shape[1] === b1.shape[0];
  return older
    ? { change: { form: 'generalised', right: [a2, a1], added: [b2, b1] }, scale: 1 }
    : {
        change: { form: 'generalised', right: [a1, a2], added: [b1, b2] },
        scale: scaleOf(layer, b2.shape[0]),
      };
}

/** alpha limits the length of the whole rotation, times the outputs (0: not at all); it is no factor here. */
function rotationOf(layer: AdapterLayer, part: PartOf, sides: Sides): Found | undefined {
  const name = layer.parts.has('oft_blocks') ? 'oft_blocks' : 'oft_diag';
  const [stored, values] = [part(name), layer.values.get(name)];
  if (!stored || !values) return undefined;
  const butterfly = stored.shape.length === 4;
  const [stages, blocks, side] = butterfly ? stored.shape : [1, ...stored.shape];
  if (blocks * side !== sides.out) throw otherSize();
  const [alpha] = layer.values.get('alpha') ?? [];
  const limit = alpha === undefined || alpha === 0 ? undefined : alpha * sides.out;
  const turns = name === 'oft_diag' ? values : cayley(values, side, limit);
  const size = blocks * side * side;
  const rescale = part('rescale');
  const change: Rotation = {
    form: 'rotation',
    stages: Array.from({ length: stages }, (_, i) => {
      const stage = turns.slice(i * size, (i + 1) * size);
      return butterfly ? stage : transposed(stage, side);
    }),
    blocks,
    side,
    butterfly,
    ...(rescale && { rescale }),
  };
  return { change, scale: 1 };
}

function transposed(blocks: Float32Array, side: number): Float32Array {
  const size = side * side;
  return blocks.map((_, at) => {
    const [block, y, x] = [Math.floor(at / size), Math.floor((at % size) / side), at % side];
    return blocks[block * size + x * side + y];
  });
}

/** Magnitudes [1, in] are per column, [out, 1] and [out] per row. */
function magnitudeOf(
  values: Weight | undefined,
  { out }: Sides,
): Pick<WeightChange, 'magnitude'> | undefined {
  if (!values) return undefined;
  const [first, ...rest] = values.shape;
  const perRow = first === out && sizeOfShape(rest) === 1;
  return { magnitude: { values, per: perRow && first !== 1 ? 'out' : 'in' } };
}

function checkSides(change: ChangeForm, sides: Sides): void {
  const columns = sides.in * sides.taps;
  const fits = ((): boolean => {
    switch (change.form) {
      case 'lowRank':
        return fitsLowRank(change, sides);
      case 'hadamard':
        return change.pairs.every((pair) => fitsLowRank(pair, sides));
      case 'kronecker': {
        const [o1, i1] = factorSides(change.w1);
        return sides.out % o1 === 0 && sides.in % i1 === 0;
      }
      case 'difference':
        return (
          change.values.shape[0] === sides.out &&
          sizeOfShape(change.values.shape) <= sides.out * columns
        );
      case 'scaling':
        return sizeOfShape(change.vector.shape) === (change.along === 'in' ? sides.in : sides.out);
      case 'generalised':
        return (
          change.right[0].shape[0] === sides.in &&
          change.added[0].shape[0] === sides.out &&
          sizeOfShape(change.added[1].shape.slice(1)) === columns
        );
      case 'rotation':
        return true;
    }
  })();
  if (!fits) throw otherSize();
}

/** The stem of an inpainting model has more input channels than a LoRA for plain ones knows. */
const plainStem = 4;

function fitsLowRank(
  { up, down, core, upTurned }: LowRank,
  { out, in: inputs, taps }: Sides,
): boolean {
  const outputs = upTurned ? up.shape[1] : up.shape[0];
  const columns = sizeOfShape(down.shape.slice(1));
  const wanted = core ? inputs : inputs * taps;
  const stem = inputs > plainStem && columns === plainStem * taps;
  return outputs === out && (columns === wanted || stem);
}

function otherSize(): PentimentoError {
  return new PentimentoError('E_MODEL_FAMILY', 'The LoRA was made for a model of another size.');
}
