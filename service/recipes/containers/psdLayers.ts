/**
 * XMP packets of single layers in PSD and PSB files: the text `layerXMP` in the metadata block of a
 * layer record (Adobe Photoshop File Formats, 2019). Records are read, pixels are stepped over.
 */
import { asciiAt, numberAt, type ByteSource } from './byteSource.ts';
import type { TextCollector } from './pictureText.ts';

const layerBlocks = ['Lr16', 'Lr32', 'Layr'];
/** Blocks of the document whose length has 8 bytes in a PSB. */
const wideBlocks = [...layerBlocks, 'LMsk', 'Mt16', 'Mt32', 'Mtrn', 'Alph', 'FMsk', 'lnk2', 'lnk3'];
const wideEffects = [
  'lnkE',
  'FXid',
  'FEid',
  'FELS',
  'PxSD',
  'pths',
  'extd',
  'extn',
  'cinf',
  'artd',
];
const metadataBlock = Buffer.from('8BIMshmd', 'latin1');
const packetKey = Buffer.from('layerXMPTEXT', 'latin1');

interface Section {
  /** Where the length of layers and masks is. */
  readonly at: number;
  /** Lengths of 8 bytes. */
  readonly isBig: boolean;
}

/** Adds the packets, the top layer's first. Never throws. */
export async function readLayerPackets(
  source: ByteSource,
  section: Section,
  collector: TextCollector,
): Promise<void> {
  const at = await layersAt(source, section);
  if (at === undefined) return;
  const lengthBytes = section.isBig ? 8 : 4;
  const count = numberAt(await source.read(at, 2), 0, 2);
  const packets: string[] = [];
  let record = at + 2;
  for (let left = count > 0x7fff ? 0x1_0000 - count : count; left > 0; left--) {
    const channels = numberAt(await source.read(record + 16, 2), 0, 2);
    const blend = record + 18 + channels * (2 + lengthBytes);
    const head = await source.read(blend, 16);
    if (asciiAt(head, 0, 4) !== '8BIM' || collector.isEnough()) break;
    const length = numberAt(head, 12, 4);
    if (length <= collector.roomBytes()) {
      const packet = packetIn(await source.read(blend + 16, length));
      if (packet !== undefined) packets.push(packet);
    }
    record = blend + 16 + length;
  }
  for (const text of packets.toReversed()) {
    if (text.length * 2 > collector.roomBytes()) collector.unreadable.push('layerXMP');
    else collector.add({ kind: 'xmp', keyword: 'layerXMP', text });
  }
}

/** Where the layer count is: in the section of layers itself, or in a block behind it. */
async function layersAt(source: ByteSource, { at, isBig }: Section): Promise<number | undefined> {
  const lengthBytes = isBig ? 8 : 4;
  const lengths = await source.read(at, 2 * lengthBytes);
  const end = Math.min(source.sizeBytes, at + lengthBytes + numberAt(lengths, 0, lengthBytes));
  const infoAt = at + 2 * lengthBytes;
  const infoLength = numberAt(lengths, lengthBytes, lengthBytes);
  if (infoLength >= 2) return infoAt < end ? infoAt : undefined;
  const maskAt = infoAt + infoLength;
  const first = await source.read(maskAt, 4);
  let block = asciiAt(first, 0, 4) === '8BIM' ? maskAt : maskAt + 4 + numberAt(first, 0, 4);
  for (let left = 1000; left > 0 && block + 12 <= end; left--) {
    const head = await source.read(block, 16);
    const key = asciiAt(head, 4, 4);
    const isWide = isBig && (wideBlocks.includes(key) || wideEffects.includes(key));
    const data = block + (isWide ? 16 : 12);
    if (layerBlocks.includes(key)) return data;
    const length = numberAt(head, 8, isWide ? 8 : 4);
    block = data + Math.ceil(length / 4) * 4;
  }
  return undefined;
}

/** UTF-16 with its count of units before it and a zero at its end. */
function packetIn(record: Uint8Array): string | undefined {
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  const metadata = bytes.indexOf(metadataBlock);
  const key = metadata < 0 ? -1 : bytes.indexOf(packetKey, metadata);
  if (key < 0) return undefined;
  const at = key + packetKey.length;
  const units = numberAt(bytes, at, 4);
  const text = bytes.subarray(at + 4, at + 4 + units * 2);
  return new TextDecoder('utf-16be').decode(text).replace(/\0+$/, '');
}
