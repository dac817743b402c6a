/** What a layer record says about its masks (Adobe Photoshop File Formats Specification, layer mask data). */
import type { Rect } from '../../../../../shared/geometry.ts';
import { ByteCursor, type Span } from './byteCursor.ts';

interface MaskArea {
  readonly bounds: Rect;
  /** Value outside of the bounds: 0 hidden, 255 shown. */
  readonly background: number;
  readonly flags: number;
}

export interface LayerMask extends MaskArea {
  readonly disabled: boolean;
  /** The layer mask joined with the vector mask, where the layer stores that too. */
  readonly joined?: MaskArea;
  /** Density 0..255 and feather in pixels, where they are set. */
  readonly userDensity?: number;
  readonly userFeather?: number;
  readonly vectorDensity?: number;
  readonly vectorFeather?: number;
}

const flagDisabled = 2;
/** Density or feather are set; on the joined mask: they are worked into it. */
export const flagParameters = 16;
const leastJoinedBytes = 36;

/** A rectangle stored as top, left, bottom, right; one that is turned over is empty. */
export function readRect(cursor: ByteCursor): Rect {
  const y = cursor.i32();
  const x = cursor.i32();
  const bottom = cursor.i32();
  const right = cursor.i32();
  return { x, y, width: Math.max(0, right - x), height: Math.max(0, bottom - y) };
}

/**
 * `hasJoined`: the layer has a channel -3; the length alone does not tell. Undefined without a mask.
 * Throws a RangeError when the data ends too soon.
 */
export function readLayerMask(
  bytes: Uint8Array,
  span: Span,
  hasJoined: boolean,
): LayerMask | undefined {
  if (span.end === span.start) return undefined;
  const cursor = new ByteCursor(bytes, span);
  const bounds = readRect(cursor);
  const background = cursor.u8();
  const flags = cursor.u8();
  const own = { bounds, background, flags, disabled: (flags & flagDisabled) !== 0 };
  let joined: MaskArea | undefined;
  if (hasJoined && span.end - span.start >= leastJoinedBytes) {
    const joinedFlags = cursor.u8();
    const joinedBackground = cursor.u8();
    joined = { flags: joinedFlags, background: joinedBackground, bounds: readRect(cursor) };
  }
  const parameters = (flags & flagParameters) === 0 ? {} : readParameters(cursor);
  return { ...own, ...(joined ? { joined } : {}), ...parameters };
}

/** None where they do not fit: programs write them in other orders, and a document is more than its density. */
function readParameters(cursor: ByteCursor) {
  const which = cursor.left > 0 ? cursor.u8() : 0;
  const length = (which & 1) + (which & 2) * 4 + ((which & 4) >> 2) + (which & 8);
  if (cursor.left < length) return {};
  return {
    ...(which & 1 ? { userDensity: cursor.u8() } : {}),
    ...(which & 2 ? { userFeather: cursor.f64() } : {}),
    ...(which & 4 ? { vectorDensity: cursor.u8() } : {}),
    ...(which & 8 ? { vectorFeather: cursor.f64() } : {}),
  };
}
