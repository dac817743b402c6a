/** Kind "psd": what a Photoshop document holds, and that adding a layer leaves all of it as it is. */
import { PentimentoError } from '../../../shared/errors.ts';
import {
  channelBounds,
  readChannel,
  readMerged,
} from '../../../service/engine/picture/psd/document/channelPixels.ts';
import {
  allLayers,
  layerTree,
  type TreeLayer,
} from '../../../service/engine/picture/psd/document/layerTree.ts';
import {
  profileOf,
  readDocument,
  type PsdFile,
} from '../../../service/engine/picture/psd/document/readDocument.ts';
import { assertCarriedOver } from '../../fixtures/psdCarriedOver.ts';
import type { Checker } from '../case.ts';

/** Names of psd-tools for Photoshop's keys. */
const blendNames: Readonly<Record<string, string>> = {
  pass: 'pass_through',
  norm: 'normal',
  diss: 'dissolve',
  dark: 'darken',
  'mul ': 'multiply',
  idiv: 'color_burn',
  lbrn: 'linear_burn',
  dkCl: 'darker_color',
  lite: 'lighten',
  scrn: 'screen',
  'div ': 'color_dodge',
  lddg: 'linear_dodge',
  lgCl: 'lighter_color',
  over: 'overlay',
  sLit: 'soft_light',
  hLit: 'hard_light',
  vLit: 'vivid_light',
  lLit: 'linear_light',
  pLit: 'pin_light',
  hMix: 'hard_mix',
  diff: 'difference',
  smud: 'exclusion',
  fsub: 'subtract',
  fdiv: 'divide',
  'hue ': 'hue',
  'sat ': 'saturation',
  colr: 'color',
  'lum ': 'luminosity',
};

const settingNames: Readonly<Record<string, string>> = {
  SoCo: 'solidcolorfill',
  PtFl: 'patternfill',
  GdFl: 'gradientfill',
  CgEd: 'brightnesscontrast',
  curv: 'curves',
  expA: 'exposure',
  levl: 'levels',
  vibA: 'vibrance',
  hue2: 'huesaturation',
  blnc: 'colorbalance',
  blwh: 'blackandwhite',
  phfl: 'photofilter',
  mixr: 'channelmixer',
  clrL: 'colorlookup',
  nvrt: 'invert',
  post: 'posterize',
  thrs: 'threshold',
  selc: 'selectivecolor',
  grdm: 'gradientmap',
  // The old block alone is not known as an adjustment there.
  brit: 'pixel',
};

const kindNames = { pixels: 'pixel', text: 'type', smartObject: 'smartobject' } as const;
const modeNames: Readonly<Record<string, string>> = { gray: 'grayscale' };

function kindName({ kind, setting }: TreeLayer): string {
  if (kind === 'fill' || kind === 'adjustment') return settingNames[setting ?? ''] ?? kind;
  return kind === 'pixels' || kind === 'text' || kind === 'smartObject' ? kindNames[kind] : kind;
}

const edges = ({ x, y, width, height }: TreeLayer['bounds']) => [x, y, x + width, y + height];

function maskOf({ record: { mask } }: TreeLayer) {
  if (!mask) return {};
  // Bit 4: the joined mask is the one in use.
  const seen = mask.joined && (mask.joined.flags & 16) !== 0 ? mask.joined : mask;
  return {
    mask: {
      bounds: edges(seen.bounds),
      background: seen.background,
      disabled: mask.disabled,
      ...(mask.userDensity === undefined ? {} : { user_mask_density: mask.userDensity }),
      ...(mask.userFeather === undefined ? {} : { user_mask_feather: mask.userFeather }),
      ...(mask.vectorDensity === undefined ? {} : { vector_mask_density: mask.vectorDensity }),
      ...(mask.vectorFeather === undefined ? {} : { vector_mask_feather: mask.vectorFeather }),
    },
  };
}

function channelsOf(file: PsdFile, { record }: TreeLayer): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const channel of record.channels) {
    const { width, height } = channelBounds(record, channel.id);
    if (width * height === 0) continue;
    found[channel.id] = { data: readChannel(file, record, channel), shape: [height, width] };
  }
  return found;
}

/** Index in each group, outermost first. */
function paths(layers: readonly TreeLayer[], before = ''): string[] {
  return layers.flatMap((layer, i) => [
    `${before}${i}`,
    ...paths(layer.children, `${before}${i}/`),
  ]);
}

function merged(file: PsdFile) {
  const { channels, height, width } = file.form;
  const planes = readMerged(file, channels);
  const data = new Float64Array(channels * height * width);
  planes.forEach((plane, c) => data.set(plane, c * height * width));
  return { data, shape: [channels, height, width] };
}

/** Documents of colour take layers, the others say why not. */
function checkAdding(file: PsdFile): void {
  if (['gray', 'rgb', 'cmyk', 'lab'].includes(file.form.mode)) return assertCarriedOver(file);
  const code = codeOf(() => assertCarriedOver(file));
  if (code !== 'E_IMAGE_CHANNELS') throw new Error(`Refused with ${code}`);
}

function codeOf(run: () => void): string {
  try {
    run();
  } catch (error) {
    return error instanceof PentimentoError ? error.code : String(error);
  }
  return 'nothing';
}

export const check: Checker = async (c) => {
  const file = readDocument(c.file(c.input));
  const tree = layerTree(file);
  const names = paths(tree);
  checkAdding(file);
  return {
    width: file.form.width,
    height: file.form.height,
    depth: file.form.depth,
    channels: file.form.channels,
    mode: modeNames[file.form.mode] ?? file.form.mode,
    hasProfile: profileOf(file) !== undefined,
    layers: [...allLayers(tree)].map((layer, i) => ({
      path: names[i],
      name: layer.name,
      kind: kindName(layer),
      visible: layer.record.visible,
      opacity: layer.record.opacity,
      blendMode: blendNames[layer.blend] ?? layer.blend,
      clipping: layer.clipped,
      bounds: edges(layer.bounds),
      ...maskOf(layer),
      channels: channelsOf(file, layer),
    })),
    merged: merged(file),
  };
};
