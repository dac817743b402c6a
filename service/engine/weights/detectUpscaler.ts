import { shapeOf, unknownFile, type Detection, type HeaderView } from './detection.ts';

/** ESRGAN (three namings) and Real-ESRGAN's compact network; undefined when the file is neither, or ESRGAN+. */
export function detectUpscaler(header: HeaderView): Detection | undefined {
  if (isWidened(header)) return undefined;
  for (const prefix of ['', 'params_ema.', 'params.']) {
    const found = esrgan(header, prefix) ?? compact(header, prefix);
    if (found) return found;
  }
  return undefined;
}

/** ESRGAN+ has the same names and a further convolution in each block. */
function isWidened({ tensors }: HeaderView): boolean {
  for (const name of tensors.keys()) if (name.endsWith('.RDB1.conv1x1.weight')) return true;
  return false;
}

interface Naming {
  readonly first: string;
  readonly block: string;
  /** Convolution after the n-th doubling. */
  readonly up: (n: number) => string;
}

const namings: readonly Naming[] = [
  { first: 'conv_first', block: 'body.0.rdb1.conv1', up: (n) => `conv_up${n}` },
  { first: 'conv_first', block: 'RRDB_trunk.0.RDB1.conv1', up: (n) => `upconv${n}` },
];

function esrgan(header: HeaderView, prefix: string): Detection | undefined {
  const has = (name: string): boolean => header.tensors.has(`${prefix}${name}.weight`);
  for (const { first, block, up } of namings) {
    if (!has(first) || !has(block)) continue;
    let doublings = 0;
    while (has(up(doublings + 1))) doublings++;
    return upscaler('esrgan', { doublings, inner: shapeOf(header, `${prefix}${first}.weight`)[1] });
  }
  if (!has('model.0') || !has('model.1.sub.0.RDB1.conv1.0')) return undefined;
  // First, one per doubling, a high-resolution one and the last: numbered with their activations.
  const convolutions = [...header.tensors.keys()].filter((name) =>
    /^model\.\d+\.weight$/.test(name.slice(prefix.length)),
  );
  return upscaler('esrgan', {
    doublings: convolutions.length - 3,
    inner: shapeOf(header, `${prefix}model.0.weight`)[1],
  });
}

/** Real-ESRGAN's smaller scales fold pixels into channels first: 12 channels halve, 48 quarter. */
function upscaler(
  family: 'esrgan' | 'compact',
  { doublings, inner }: { doublings: number; inner: number | undefined },
): Detection {
  const folded = Math.sqrt((inner ?? 3) / 3);
  return {
    ...unknownFile,
    component: 'upscaler',
    family,
    scale: 2 ** doublings / folded,
    recognized: Number.isInteger(folded) && doublings >= 0,
  };
}

/** SRVGGNetCompact: convolutions and PReLUs in turn, the last one makes 3 * scale^2 channels. */
function compact(header: HeaderView, prefix: string): Detection | undefined {
  const first = shapeOf(header, `${prefix}body.0.weight`);
  if (
    first.length !== 4 ||
    first[1] !== 3 ||
    shapeOf(header, `${prefix}body.1.weight`).length !== 1
  )
    return undefined;
  let last = 0;
  while (header.tensors.has(`${prefix}body.${last + 1}.weight`)) last++;
  const [out = 0] = shapeOf(header, `${prefix}body.${last}.weight`);
  const scale = Math.sqrt(out / 3);
  return {
    ...unknownFile,
    component: 'upscaler',
    family: 'compact',
    scale,
    recognized: Number.isInteger(scale),
  };
}
