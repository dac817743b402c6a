/** Image resources of a document whose canvas grows (Adobe Photoshop File Formats Specification, image resource IDs). */
import type { Span } from '../byteCursor.ts';
import type { PsdFile } from '../readDocument.ts';
import { notMoved, type CanvasMove, type Overwriter } from './canvasMove.ts';
import { growSlice } from './growSlice.ts';
import { movePath } from './movePaths.ts';

/** Nothing in them is a place on the canvas. Thumbnails show what the document was, until it is saved again. */
const placeless: ReadonlySet<number> = new Set([
  1000, 1001, 1003, 1005, 1006, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1015, 1016, 1017, 1018,
  1019, 1020, 1021, 1022, 1023, 1024, 1026, 1028, 1030, 1033, 1034, 1035, 1036, 1037, 1039, 1040,
  1041, 1042, 1043, 1044, 1045, 1046, 1047, 1049, 1051, 1053, 1054, 1057, 1058, 1059, 1060, 1061,
  1062, 1064, 1066, 1067, 1069, 1070, 1071, 1072, 1074, 1076, 1078, 1082, 1083, 1084, 1085, 1086,
  1087, 1088, 1097, 2999, 10000,
]);
const guides = 1032;
const coloredGuides = 1092;
const slices = 1050;
const displayInfo: ReadonlySet<number> = new Set([1007, 1077]);
const animation: ReadonlySet<number> = new Set([4000, 4001]);
const spotKind = 2;
const workPath = 1025;
const firstPath = 2000;
const lastPath = 2997;

const names: Readonly<Record<number, string>> = {
  1065: 'layer comps',
  1073: 'colour samplers',
  1075: 'a timeline',
  1080: 'counted points',
  3000: 'live shapes',
};

/** Throws E_OUTPUT_TYPE for what is not known to have no places, and for slices and channels that cannot grow. */
export function moveResources(document: Overwriter, file: PsdFile, move: CanvasMove): void {
  for (const { id, data } of file.resources) {
    const length = data.end - data.start;
    if (placeless.has(id) || length === 0) continue;
    if (id === workPath || (id >= firstPath && id <= lastPath)) movePath(document, data, move);
    else if (id === guides || id === coloredGuides) moveGuides(document, data, { id, move });
    else if (id === slices) growSlice(document, data, move);
    else if (displayInfo.has(id)) assertNoSpots(document, data, id);
    // Which frames there are; where layers lie in them is told by the layers.
    else if (!animation.has(id))
      throw notMoved(`The document has ${names[id] ?? `a part that is not known (${id})`}`);
  }
}

const guidesHead = 16;
/** In 1/32 pixels. */
const guideUnit = 32;

/** Version, grid, count; each guide: a place, and 0 where it runs down; of the newer form its colour. */
function moveGuides(
  document: Overwriter,
  { start, end }: Span,
  { id, move }: { readonly id: number; readonly move: CanvasMove },
): void {
  const step = id === guides ? 5 : 9;
  const count = end - start < guidesHead ? -1 : document.u32(start + 12);
  if (count * step !== end - start - guidesHead)
    throw notMoved('The document has guides of an unknown form');
  for (let at = start + guidesHead; at < end; at += step) {
    const isDown = document.u8(at + 4) === 0;
    document.add32(at, (isDown ? move.dx : move.dy) * guideUnit);
  }
}

/** Throws E_OUTPUT_TYPE for spot colours: what stands for no ink in them is not what stands for unselected. */
function assertNoSpots(document: Overwriter, { start, end }: Span, id: number): void {
  const [first, step] = id === 1007 ? [start, 14] : [start + 4, 13];
  for (let at = first; at + step <= end; at += step) {
    if (document.u8(at + 12) === spotKind) throw notMoved('The document has spot colours');
  }
}
