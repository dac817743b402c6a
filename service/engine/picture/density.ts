/** Pixels per inch: kept from file to file, so that a picture is printed as large as before. */

/** What is taken where nobody says it, in files that have to say one. */
export const usualPpi = 72;

/** What JPEG's 16 bits and Photoshop's fixed point can hold. */
const most = 65_535;

/** Whole pixels per inch, or undefined where a file says nothing that makes sense. */
export function knownDensity(ppi: number | undefined): number | undefined {
  if (ppi === undefined || !Number.isFinite(ppi)) return undefined;
  const whole = Math.round(ppi);
  return whole >= 1 && whole <= most ? whole : undefined;
}

const metersPerInch = 0.0254;

/** Data of PNG's pHYs chunk (PNG 1.2, section 4.2.4.2): pixels per metre both ways. */
export function pixelsPerMeter(ppi: number): Uint8Array {
  const data = Buffer.alloc(9);
  const perMeter = Math.round(ppi / metersPerInch);
  data.writeUInt32BE(perMeter, 0);
  data.writeUInt32BE(perMeter, 4);
  data[8] = 1;
  return data;
}

/** Version 1.02, dots per inch, the density both ways, no thumbnail (JFIF; ITU-T T.871, section 10.1). */
const jfifHead = Buffer.from('\xff\xe0\0\x10JFIF\0\x01\x02\x01', 'latin1');

/** A copy of the JPEG, which has no JFIF segment yet, with one that says the density. */
export function jpegWithDensity(jpeg: Uint8Array, ppi: number): Uint8Array {
  const densities = Buffer.alloc(6);
  densities.writeUInt16BE(ppi, 0);
  densities.writeUInt16BE(ppi, 2);
  return Buffer.concat([jpeg.subarray(0, 2), jfifHead, densities, jpeg.subarray(2)]);
}
