/** expand: which sides grow by how much, and how that is painted. */
import { PentimentoError } from '../../shared/errors.ts';
import {
  Anchor,
  canvasAround,
  canvasOfSides,
  checkCanvas,
  ExpandFill,
  expandLimits,
  sidesForAspect,
  type OutpaintScript,
} from '../../shared/expand.ts';
import type { Rect, Size } from '../../shared/geometry.ts';
import { asksForMask } from './maskOptions.ts';
import { choiceOption, numberOption, wholeOption, type Options } from './options.ts';

export interface ExpansionOfRun {
  /** The new canvas, pixels of the picture. */
  readonly canvas: Rect;
  readonly overlapPx: number;
  readonly fill: ExpandFill;
  readonly script: OutpaintScript | undefined;
  readonly isModelFree: boolean;
}

const sideNames = ['left', 'top', 'right', 'bottom'] as const;
/** Far more than any canvas may have: what is too much is told of the canvas, with its size. */
const sidePx = { min: 0, max: 1_000_000, default: 0 };

const scriptNames = ['mask-blur', 'falloff', 'color-variation'] as const;
const ownNames = [
  ...sideNames,
  'aspect',
  'anchor',
  'reach',
  'fill',
  'no-model',
  ...scriptNames,
] as const;

/** What belongs to expand alone, and what has no meaning there. Throws E_USAGE. */
export function checkExpandOptions(command: string, options: Options): void {
  if (command !== 'expand') {
    const own = ownNames.find((name) => options[name] !== undefined);
    if (own === undefined) return;
    throw new PentimentoError('E_USAGE', `--${own} belongs to "pentimento expand".`);
  }
  if (asksForMask(options) || options.width !== undefined) {
    throw new PentimentoError(
      'E_USAGE',
      'expand takes no mask and no working size: its sides and --overlap say what is painted.',
    );
  }
  if (options['grain-match'] !== undefined) {
    throw new PentimentoError('E_USAGE', 'expand takes no --grain-match.');
  }
  if (options['no-model'] === true && options.control !== undefined) {
    throw new PentimentoError('E_USAGE', '--no-model runs no model and takes no --control.');
  }
  const script = scriptNames.find((name) => options[name] !== undefined);
  if (script !== undefined && options.dialect !== 'a1111') {
    throw new PentimentoError('E_USAGE', `--${script} belongs to --dialect a1111.`);
  }
}

/** Throws E_USAGE, E_PARAM, E_EXPAND_NOTHING, E_EXPAND_TOO_LARGE. */
export function readExpansion(options: Options, picture: Size): ExpansionOfRun {
  const { width, height } = picture;
  const canvas = canvasOf(options, { width, height });
  checkCanvas({ width, height }, canvas);
  const isWebui = options.dialect === 'a1111';
  const fill = choiceOption(options, 'fill', ExpandFill.options, isWebui ? 'fill' : 'structure');
  return {
    canvas,
    overlapPx: wholeOption(options, 'overlap', expandLimits.overlapPx),
    fill,
    script: isWebui ? scriptOf(options) : undefined,
    isModelFree: options['no-model'] === true,
  };
}

function canvasOf(options: Options, document: Size): Rect {
  const { aspect, reach } = options;
  const sides = sideNames.filter((name) => options[name] !== undefined);
  const ways = [aspect !== undefined, reach !== undefined, sides.length > 0].filter(Boolean);
  if (ways.length > 1) {
    throw new PentimentoError(
      'E_USAGE',
      'Give sides (--left PX ...), a shape (--aspect W:H) or a rectangle (--reach X,Y,W,H), not two of them.',
    );
  }
  if (aspect !== undefined) {
    const anchor = choiceOption(options, 'anchor', Anchor.options, 'center');
    return canvasOfSides(document, sidesForAspect(document, readAspect(aspect), anchor));
  }
  if (reach !== undefined) return canvasAround(document, readRect(reach));
  const px = (name: (typeof sideNames)[number]) => wholeOption(options, name, sidePx);
  return canvasOfSides(document, {
    left: px('left'),
    top: px('top'),
    right: px('right'),
    bottom: px('bottom'),
  });
}

function readAspect(text: string): Size {
  const found = /^(\d{1,5})\s*[:x/]\s*(\d{1,5})$/.exec(text.trim());
  const [width = 0, height = 0] = found ? [Number(found[1]), Number(found[2])] : [];
  if (width > 0 && height > 0) return { width, height };
  throw new PentimentoError('E_PARAM', `--aspect expects W:H ("16:9") but received "${text}".`);
}

function readRect(text: string): Rect {
  const numbers = text.split(',').map((part) => Number(part.trim() || 'x'));
  const [x = 0, y = 0, width = 0, height = 0] = numbers;
  const isRect = numbers.length === 4 && numbers.every(Number.isSafeInteger);
  if (isRect && width > 0 && height > 0) return { x, y, width, height };
  throw new PentimentoError(
    'E_PARAM',
    `--reach expects X,Y,WIDTH,HEIGHT in pixels of the picture but received "${text}".`,
  );
}

function scriptOf(options: Options): OutpaintScript {
  const { falloff, colorVariation, maskBlurPx } = expandLimits;
  return {
    ...(options['mask-blur'] === undefined
      ? {}
      : { maskBlurPx: wholeOption(options, 'mask-blur', maskBlurPx) }),
    falloff: numberOption(options, 'falloff', falloff),
    colorVariation: numberOption(options, 'color-variation', colorVariation),
  };
}
