/** A posted frame, checked before it is accepted: settings, planes, selection. Reads no pixel but the mask's. */
import { open, type FileHandle } from 'node:fs/promises';
import { controlPlaneName } from '../../shared/control.ts';
import { PentimentoError } from '../../shared/errors.ts';
import { readFrameHeader, type PlanePlace } from '../../shared/frame.ts';
import type { Rect } from '../../shared/geometry.ts';
import { limits, maxFrameHeaderBytes, maxPlanePixels } from '../../shared/limits.ts';
import { hiresSize } from '../../shared/hiresSize.ts';
import {
  GenerateRequest,
  needsModel,
  type TextRequest,
  type UpscaleRequest,
} from '../../shared/request.ts';
import { upscaleSize } from '../../shared/upscaleSize.ts';
import { parseSettings } from './body.ts';
import { checkExpansion } from './checkExpansion.ts';

const leastSidePx = 8;
/** Documents end at 30,000 px; layers may reach past them, but not beyond any measure. */
const farthestPx = 300_000;
/** Pixels x steps x variants: the largest picture with the most steps, once. */
const mostWork = limits.side.max * limits.side.max * limits.steps.max;

/** The request in a frame file. Throws E_FRAME, E_PARAM, E_MASK_SIZE, E_MASK_EMPTY, E_TOO_LARGE, ... */
export async function readRequest(path: string, sizeBytes: number): Promise<GenerateRequest> {
  const file = await open(path, 'r');
  try {
    const head = new Uint8Array(Math.min(sizeBytes, maxFrameHeaderBytes + 12));
    await readFully(file, head, 0);
    const { body, planes } = readFrameHeader(head, sizeBytes);
    const request = parseSettings(body, GenerateRequest);
    checkSizes(request);
    checkExpansion(request);
    checkPlanes(request, planes);
    const mask = planes.find((p) => p.name === 'mask');
    if (mask && !(await hasSelection(file, mask))) throw new PentimentoError('E_MASK_EMPTY');
    return request;
  } finally {
    await file.close();
  }
}

function checkSizes(request: GenerateRequest): void {
  const { region } = request;
  if (Math.abs(region.x) > farthestPx || Math.abs(region.y) > farthestPx) {
    throw new PentimentoError('E_PARAM', 'region: It lies too far outside the document.');
  }
  if (region.width < leastSidePx || region.height < leastSidePx) {
    const { document } = request;
    const isSmall = document.width < leastSidePx || document.height < leastSidePx;
    throw new PentimentoError(
      'E_IMAGE_TOO_SMALL',
      `It is ${sizeText(isSmall ? document : region)}.`,
    );
  }
  if (region.width * region.height > maxPlanePixels) {
    throw new PentimentoError('E_TOO_LARGE', `The area is ${sizeText(region)}.`);
  }
  if (request.kind === 'upscale') checkUpscale(request);
  if (!needsModel(request)) return;
  const size = request.workingSize;
  if (size) {
    const sides = [size.width, size.height];
    if (sides.some((side) => side % 8 !== 0 || side < limits.side.min || side > limits.side.max)) {
      throw new PentimentoError(
        'E_PARAM',
        `workingSize: Expected multiples of 8 from ${limits.side.min} to ${limits.side.max} but received ${sizeText(size)}.`,
      );
    }
  }
  const pixels = size ? size.width * size.height : limits.side.default ** 2;
  const first = pixels * request.steps;
  const second = request.kind === 'text' ? secondWork(request) : 0;
  if ((first + second) * request.count > mostWork) {
    throw new PentimentoError('E_TOO_EXPENSIVE');
  }
}

/** Throws E_PARAM for a second pass that is too small or too large. */
function secondWork({ hires, workingSize, region, steps }: TextRequest): number {
  if (!hires) return 0;
  const { width, height } = hiresSize(workingSize ?? region, hires);
  const { min, max } = limits.side;
  if ([width, height].some((side) => side < min || side > max)) {
    throw new PentimentoError(
      'E_PARAM',
      `hires: The second pass would be ${sizeText({ width, height })}; sides go from ${min} to ${max}.`,
    );
  }
  return width * height * (hires.steps || steps);
}

/** Throws E_TOO_LARGE, E_IMAGE_TOO_SMALL. */
function checkUpscale(request: UpscaleRequest): void {
  const { window: size } = upscaleSize(request.region, request);
  const { max } = limits.upscaleSide;
  if (size.width < 1 || size.height < 1) throw new PentimentoError('E_IMAGE_TOO_SMALL');
  const isLong = size.width > max || size.height > max;
  if (isLong || size.width * size.height > maxPlanePixels) {
    throw new PentimentoError(
      'E_TOO_LARGE',
      `The result would be ${sizeText(size)}; ${maxPlanePixels / 1e6} million pixels are the most. Use a smaller scale.`,
    );
  }
}

function checkPlanes(request: GenerateRequest, planes: readonly PlanePlace[]): void {
  const names = planes.map((p) => p.name);
  const units = checkControls(request, planes);
  const unknown = names.find((name) => !['picture', 'mask', ...units].includes(name));
  if (unknown !== undefined)
    throw new PentimentoError('E_FRAME', 'It has a plane of unknown name.');
  if (new Set(names).size !== names.length) {
    throw new PentimentoError('E_FRAME', 'It has the same plane twice.');
  }
  const picture = planes.find((p) => p.name === 'picture');
  const mask = planes.find((p) => p.name === 'mask');
  if (request.kind === 'text') {
    if (picture ?? mask) throw new PentimentoError('E_FRAME', 'Text to image takes no picture.');
    return;
  }
  if (!picture) throw new PentimentoError('E_FRAME', 'The picture is missing.');
  if (!hasSize(picture, request.region) || picture.channels > 4) {
    throw new PentimentoError('E_FRAME', `The picture does not cover ${sizeText(request.region)}.`);
  }
  if (['image', 'expand', 'expand-patches', 'upscale'].includes(request.kind)) {
    if (mask) throw new PentimentoError('E_FRAME', 'This kind of request takes no mask.');
    return;
  }
  if (!mask) throw new PentimentoError('E_MASK_EMPTY', 'The mask is missing.');
  if (!hasSize(mask, request.region)) {
    throw new PentimentoError(
      'E_MASK_SIZE',
      `The mask is ${sizeText(mask)}, the picture ${sizeText(request.region)}.`,
    );
  }
  if (mask.channels !== 1 || mask.depth !== 8) {
    throw new PentimentoError('E_FRAME', 'A mask has one channel of 8 bits.');
  }
}

/** Names of the planes that ControlNets look at. Throws E_PARAM, E_FRAME for what they would look at in vain. */
function checkControls(request: GenerateRequest, planes: readonly PlanePlace[]): string[] {
  if (!needsModel(request)) return [];
  const names: string[] = [];
  for (const [i, unit] of (request.controls ?? []).entries()) {
    const needsMask = unit.source === 'mask' || unit.preprocessor?.name === 'inpaint';
    if (needsMask && request.kind !== 'inpaint' && request.kind !== 'expand')
      throw new PentimentoError('E_PARAM', `controls.${i}: It needs a mask, and there is none.`);
    if (unit.source === 'picture' && request.kind === 'text')
      throw new PentimentoError(
        'E_PARAM',
        `controls.${i}: Text to image has no picture to show it.`,
      );
    if (unit.source !== 'plane') continue;
    if (request.kind === 'expand')
      throw new PentimentoError('E_PARAM', `controls.${i}: Expanding shows it the picture only.`);
    const name = controlPlaneName(i);
    const plane = planes.find((p) => p.name === name);
    if (!plane || plane.channels > 4)
      throw new PentimentoError('E_FRAME', `The picture of ControlNet ${i + 1} is missing.`);
    names.push(name);
  }
  return names;
}

function hasSize(plane: PlanePlace, region: Rect): boolean {
  return plane.width === region.width && plane.height === region.height;
}

function sizeText(size: { readonly width: number; readonly height: number }): string {
  return `${size.width} x ${size.height}`;
}

/** True when any value of the mask is above 0. */
async function hasSelection(file: FileHandle, mask: PlanePlace): Promise<boolean> {
  const buffer = Buffer.alloc(Math.min(mask.sizeBytes, 1024 * 1024));
  const zeros = Buffer.alloc(buffer.length);
  for (let at = 0; at < mask.sizeBytes; at += buffer.length) {
    const part = buffer.subarray(0, Math.min(buffer.length, mask.sizeBytes - at));
    await readFully(file, part, mask.at + at);
    if (!part.equals(zeros.subarray(0, part.length))) return true;
  }
  return false;
}

async function readFully(file: FileHandle, into: Uint8Array, position: number): Promise<void> {
  let at = 0;
  while (at < into.length) {
    const { bytesRead } = await file.read(into, at, into.length - at, position + at);
    if (bytesRead === 0) throw new PentimentoError('E_FRAME', 'It ends too early.');
    at += bytesRead;
  }
}
