/** What a run needs of the memory, before it starts. Pure; the figures are measured on the CPU in float32. */
import type { Size } from '../../../shared/geometry.ts';

export interface MachineMemory {
  /** What the engine may take, counting what it already holds, bytes. */
  readonly availableBytes: number;
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

/**
 * `modelBytes`: all weights in the number format of the device. Where all of them do not fit beside
 * the intermediate results, or in low-memory mode, it is one network at a time. Without `machine`
 * everything fits.
 */
export function memoryPlan(
  modelBytes: number,
  size: Size,
  machine: MachineMemory | undefined,
): MemoryPlan {
  const pixels = size.width * size.height;
  const work = Math.max(workBytes('predict', pixels), workBytes('decode', pixels));
  const all = Math.round(modelBytes + work);
  if (!machine || (!machine.lowMemory && all <= machine.availableBytes)) {
    return { memoryBytes: all, notes: [] };
  }
  const memoryBytes = Math.round(
    Math.max(
      largestShare * modelBytes + workBytes('predict', pixels),
      vaeShare * modelBytes + workBytes('decodeInBands', pixels),
    ),
  );
  return { memoryBytes, notes: memoryNotes({ all, memoryBytes, pixels }, machine) };
}

function memoryNotes(
  needs: { readonly all: number; readonly memoryBytes: number; readonly pixels: number },
  { availableBytes, lowMemory }: MachineMemory,
): string[] {
  const free = gigabytes(availableBytes);
  if (needs.memoryBytes > availableBytes) {
    const smaller = needs.pixels > megapixel / 4 ? 'a smaller size or model' : 'a smaller model';
    return [
      `It needs about ${gigabytes(needs.memoryBytes)} of memory and ${free} are free: close other programs, or choose ${smaller}.`,
    ];
  }
  if (lowMemory) return [];
  return [
    `It would need about ${gigabytes(needs.all)} of memory and ${free} are free: its networks are loaded one after another, which takes longer. A smaller size needs less.`,
  ];
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
