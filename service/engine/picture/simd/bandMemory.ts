/** Bytes of pictures on their way into the kernels' memory and out of it. */
import type { Room } from './bands.ts';
import type { KernelMemory } from './pictureKernels.ts';

/** What `placed` may need more than the bytes, and what vectors touch after them. */
export const marginBytes = 8 + 64;

/**
 * The first address from `at` on that is as far from a multiple of eight as where byte `from` of `data` lies:
 * between such places shared memory is copied in words, elsewhere in bytes and six times as slowly.
 */
export function placed(data: Uint8Array, from: number, at: number): number {
  return at + ((((data.byteOffset + from - at) % 8) + 8) % 8);
}

/** Copies the bytes to `placed`; answers where. */
export function copyIn(
  { bytes }: Pick<KernelMemory, 'bytes'>,
  data: Uint8Array,
  { from, end, at }: { readonly from: number; readonly end: number; readonly at: number },
): number {
  const place = placed(data, from, at);
  bytes.set(data.subarray(from, end), place);
  return place;
}

/** A picture's bytes that are all going to be written: what is there before is left over from anything. */
export function unwritten(length: number): Uint8Array {
  const { buffer, byteOffset } = Buffer.allocUnsafeSlow(length);
  return new Uint8Array(buffer, byteOffset, length);
}

/** Bytes made in bands of `bandBytes`, each of them `offset` bytes after the beginning of the band's own room. */
export interface BandOutput {
  /** Of `out`. */
  readonly range: (band: number) => { readonly from: number; readonly end: number };
  /** Where the band's kernels write. */
  readonly place: (band: number, room: Room) => number;
  /** Copies what they have written. */
  readonly take: (band: number, room: Room) => void;
}

export function bandOutput(out: Uint8Array, bandBytes: number, offset: number): BandOutput {
  const range = (band: number) => {
    const from = band * bandBytes;
    return { from, end: Math.min(from + bandBytes, out.length) };
  };
  const place = (band: number, { own }: Room) => placed(out, range(band).from, own + offset);
  return {
    range,
    place,
    take(band, room) {
      const { from, end } = range(band);
      const at = place(band, room);
      out.set(room.kernels.bytes.subarray(at, at + end - from), from);
    },
  };
}
