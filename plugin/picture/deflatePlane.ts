/** One channel of a Photoshop document, deflated: half the bytes of the samples, where stored ones would be all of them. */
import { zlibSync } from 'fflate';

/**
 * 16-bit samples, rows of `width`, as "ZIP with prediction" stores them (Adobe Photoshop File Formats Specification, channel
 * image data, compression 3): each sample less the one before it in its row, big-endian.
 */
export function deflatePlane(samples: Uint16Array, width: number): Uint8Array {
  const bytes = new Uint8Array(samples.length * 2);
  for (let row = 0; row < samples.length; row += width) {
    let before = 0;
    for (let i = row; i < row + width; i++) {
      const sample = samples[i]!;
      bytes[2 * i] = (sample - before) >> 8;
      bytes[2 * i + 1] = sample - before;
      before = sample;
    }
  }
  // More effort takes several times as long, and noise in the lower bytes does not get smaller.
  return zlibSync(bytes, { level: 1 });
}
