/** Pixels to picture files. Only this file, decode.ts and toProfile.ts know sharp. */
import sharp, { type Sharp } from 'sharp';
import { jpegWithComment, webpWithComment } from './exifComment.ts';
import { jpegWithDensity, usualPpi } from './density.ts';
import {
  withPngDensity,
  withPngProfile,
  withPngText,
  xmpKeyword,
  type PngText,
} from './pngChunks.ts';
import type { Raster } from './raster.ts';

export interface FileText {
  /** The recipe as AUTOMATIC1111's text, in a chunk named `parameters`. */
  readonly parameters?: string;
  /** A whole XMP packet. */
  readonly xmp?: string;
  /** Profile of the pixels, of PNG files; sRGB without one. */
  readonly icc?: Uint8Array | undefined;
  /** Pixels per inch, 1 to 65535; WebP has no place for it. */
  readonly densityPpi?: number | undefined;
}

/** PNG of 8 or 16 bits (float becomes 16), gray or RGB with or without alpha; the text comes before the pixels. */
export async function encodePng(raster: Raster, text: FileText = {}): Promise<Uint8Array> {
  const plain = await pipeline(raster).png({ compressionLevel: 6 }).toBuffer();
  // The library writes its own default, 25.4 pixels per inch.
  const sized = withPngDensity(plain, text.densityPpi);
  const png = text.icc ? withPngProfile(sized, text.icc) : sized;
  const texts: PngText[] = [];
  if (text.parameters !== undefined) texts.push({ keyword: 'parameters', text: text.parameters });
  if (text.xmp !== undefined) texts.push({ keyword: xmpKeyword, text: text.xmp });
  return texts.length > 0 ? withPngText(png, texts) : png;
}

/** TIFF of 8 or 16 bits (float becomes 16), deflate with horizontal prediction. */
export async function encodeTiff(
  raster: Raster,
  text: Pick<FileText, 'xmp' | 'densityPpi'> = {},
): Promise<Uint8Array> {
  // The library counts pixels in a millimetre.
  const xres = (text.densityPpi ?? usualPpi) / 25.4;
  const image = pipeline(raster).tiff({
    compression: 'deflate',
    predictor: 'horizontal',
    xres,
    yres: xres,
    resolutionUnit: 'inch',
  });
  return (text.xmp === undefined ? image : image.withXmp(text.xmp)).toBuffer();
}

/** JPEG and WebP carry an XMP packet up to this length. */
const mostXmpBytes = 60_000;
const exportQuality = 95;

/**
 * JPEG (without colour subsampling; clear parts become white) or WebP of 8 bits and high quality, with the
 * text where AUTOMATIC1111 puts it: in the EXIF comment.
 */
export async function encodeShared(
  raster: Raster,
  format: 'jpeg' | 'webp',
  { parameters, xmp, densityPpi }: FileText,
): Promise<Uint8Array> {
  let image = pipeline(raster).toColourspace('srgb');
  if (xmp !== undefined && xmp.length < mostXmpBytes) image = image.withXmp(xmp);
  if (format === 'jpeg') {
    const options = { quality: exportQuality, chromaSubsampling: '4:4:4' };
    const jpeg = await image.flatten({ background: 'white' }).jpeg(options).toBuffer();
    const told = parameters === undefined ? jpeg : jpegWithComment(jpeg, parameters);
    return densityPpi === undefined ? told : jpegWithDensity(told, densityPpi);
  }
  // A first comment makes the file take the extended form.
  const webp = await image
    .withExif({ IFD0: { ImageDescription: 'Pentimento' } })
    .webp({ quality: exportQuality })
    .toBuffer();
  return parameters === undefined ? webp : webpWithComment(webp, parameters);
}

/** Baseline JPEG of 8 bits for previews; quality 1..100. Clear parts show what is behind them as black. */
export async function encodeJpeg(raster: Raster, quality: number): Promise<Uint8Array> {
  return pipeline(raster).toColourspace('srgb').flatten().jpeg({ quality }).toBuffer();
}

function pipeline(raster: Raster): Sharp {
  const { width, height, channels } = raster;
  const deep = raster.depth !== 8;
  const data = raster.depth === 32 ? to16(raster.data) : raster.data;
  const image = sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
  if (channels <= 2) return image.toColourspace(deep ? 'grey16' : 'b-w');
  return image.toColourspace(deep ? 'rgb16' : 'srgb');
}

function to16(data: ArrayLike<number>): Uint16Array {
  const out = new Uint16Array(data.length);
  for (let i = 0; i < out.length; i++) {
    out[i] = data[i] > 0 ? Math.round(Math.min(1, data[i]) * 65535) : 0;
  }
  return out;
}
