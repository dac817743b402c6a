/**
 * OpenCV's 8-bit CIE Lab (L * 255 / 100, a + 128, b + 128) in its integer arithmetic (labTables.ts). Not
 * the rounded formula: 5 to 14 % of the values differ from that by one.
 */
import { type Image8, newImage8 } from '../pillow/image8.ts';
import { inPieces } from '../simd/inPieces.ts';
import { fromLabAt, toLabAt } from '../simd/labKernels.ts';
import { aToF, bToF, labTables, type LabTables } from './labTables.ts';

let built: LabTables | undefined;
function tables(): LabTables {
  return (built ??= labTables());
}

/** 8-bit sRGB to 8-bit Lab (three channels L, a, b), equal to OpenCV's COLOR_RGB2LAB. */
export function rgbToLab8({ width, height, data }: Image8): Image8 {
  const { toXyz, root } = tables();
  const out = inPieces('rgbToLab', data, toLabAt.end, ({ words, bytes }) => {
    for (const [c, at] of toLabAt.colours.entries()) words.set(toXyz[c], at / 4);
    bytes.set(new Uint8Array(root.buffer), toLabAt.roots);
  });
  return newImage8(width, height, 3, out);
}

/** 8-bit Lab to 8-bit sRGB, equal to OpenCV's COLOR_LAB2RGB; colours outside sRGB are clipped per channel. */
export function lab8ToRgb({ width, height, data }: Image8): Image8 {
  const { lightness, fToXz, inverseGamma } = tables();
  const out = inPieces('labToRgb', data, fromLabAt.end, ({ words, bytes }) => {
    words.set(lightness, fromLabAt.lightness / 4);
    words.set(
      aToF.map((f) => 4 * f),
      fromLabAt.a / 4,
    );
    words.set(
      bToF.map((f) => -4 * f),
      fromLabAt.b / 4,
    );
    bytes.set(inverseGamma, fromLabAt.encoded);
    words.set(fToXz, fromLabAt.values / 4);
  });
  return newImage8(width, height, 3, out);
}
