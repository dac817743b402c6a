/** What a run needs of the memory, before it starts. Pure; the figures are measured on the CPU in float32. */
import type { Size } from '../../../shared/geometry.ts';

export interface MachineMemory {
  /** What the engine may take, counting what it already holds, bytes. */
  readonly availableBytes: number;
  /** What networks may take of it together (all of it). */
  readonly budgetBytes?: number;
  /** Networks are loaded one after another. */
  readonly lowMemory: boolean;
}

export interface MemoryPlan {
  readonly memoryBytes: number;
  readonly notes: readonly string[];
}

const megapixel = 1e6;
/** Bytes, and bytes for each pixel of the picture. */
const works = {
  predict: { base: 0, perPixel: 1400 },
  control: { base: 0, perPixel: 1100 },
  /** By pixels before enlarging. */
  enlarge: { base: 0.1e9, perPixel: 10_000 },
  encode: { base: 0.4e9, perPixel: 2400 },
  decode: { base: 0.4e9, perPixel: 3600 },
  /** The widest result, the one before it, and what a band takes. */
  decodeInBands: { base: 0.6e9, perPixel: 800 },
} as const;
/** The largest network's share of a model's weights: the UNet's. */
const largestShare = 0.8;
/** The autoencoder's share of a model's weights. */
const vaeShare = 0.08;

/** Intermediate results of one step, or of a whole picture through half of the autoencoder, bytes. */
export function workBytes(work: keyof typeof works, pixels: number): number {
  const { base, perPixel } = works[work];
  return base + perPixel * pixels;
}

/** Weights in the number format of the device, bytes. */
export interface NeededWeights {
  readonly modelBytes: number;
  /** Of models that take over within the run, or work on its result. */
  readonly furtherBytes?: number;
  /** Of each ControlNet; they run in every step beside the model. */
  readonly controlBytes?: readonly number[];
}

/**
 * Where not everything fits beside the intermediate results, or in low-memory mode, it is one network
 * at a time (ControlNets stay with the UNet). Without `machine` everything fits.
 */
export function memoryPlan(
  weights: NeededWeights,
  size: Size,
  machine: MachineMemory | undefined,
): MemoryPlan {
  const { modelBytes, furtherBytes = 0, controlBytes = [] } = weights;
  const pixels = size.width * size.height;
  const step = workBytes('predict', pixels) + controlBytes.length * workBytes('control', pixels);
  const controls = controlBytes.reduce((sum, bytes) => sum + bytes, 0);
  const work = Math.max(step, workBytes('decode', pixels));
  const all = Math.round(modelBytes + furtherBytes + controls + work);
  if (!machine || (!machine.lowMemory && all <= limitOf(machine))) {
    return { memoryBytes: all, notes: [] };
  }
  const memoryBytes = Math.round(
    Math.max(
      largestShare * Math.max(modelBytes, furtherBytes) + controls + step,
      vaeShare * modelBytes + workBytes('decodeInBands', pixels),
    ),
  );
  return { memoryBytes, notes: memoryNotes({ all, memoryBytes, pixels }, machine) };
}

function limitOf({ availableBytes, budgetBytes = Infinity }: MachineMemory): number {
  return Math.min(availableBytes, budgetBytes);
}

function memoryNotes(
  needs: { readonly all: number; readonly memoryBytes: number; readonly pixels: number },
  machine: MachineMemory,
): string[] {
  const { availableBytes, lowMemory } = machine;
  const free = gigabytes(availableBytes);
  if (needs.memoryBytes > availableBytes) {
    const smaller = needs.pixels > megapixel / 4 ? 'a smaller size or model' : 'a smaller model';
    return [
      `It needs about ${gigabytes(needs.memoryBytes)} of memory and ${free} are free: close other programs, or choose ${smaller}.`,
    ];
  }
  if (lowMemory) return [];
  const [reason, remedy] =
    needs.all > availableBytes
      ? [`${free} are free`, 'A smaller size needs less.']
      : [
          `its budget is ${gigabytes(limitOf(machine))}`,
          'A smaller size needs less; --memory-budget gives more.',
        ];
  return [
    `It would need about ${gigabytes(needs.all)} of memory and ${reason}: its networks are loaded one after another, which takes longer. ${remedy}`,
  ];
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
