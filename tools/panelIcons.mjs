/**
 * Draws the panel's icons into plugin/icons: a picture frame with an earlier picture showing
 * through it. Run by hand after a change of the drawing: node tools/panelIcons.mjs
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { zlibSync } from 'fflate';

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), '../plugin/icons');

const icons = [
  { name: 'panel-dark', side: 23, color: [205, 205, 205] },
  { name: 'panel-light', side: 23, color: [75, 75, 75] },
  { name: 'plugin-dark', side: 24, color: [225, 225, 225] },
  { name: 'plugin-light', side: 24, color: [60, 60, 60] },
];

/** Coverage at a point of the unit square: frame, and inside it a sun seen through a hill. */
function coverage(x, y) {
  const inside = (margin) => x > margin && x < 1 - margin && y > margin && y < 1 - margin;
  if (!inside(0.06)) return 0;
  if (!inside(0.15)) return 1;
  if (!inside(0.2)) return 0;
  const isSun = Math.hypot(x - 0.58, y - 0.47) < 0.19;
  const isHill = y > 0.62 + 0.14 * Math.sin(x * 6.2 + 0.4);
  if (isSun && isHill) return 1;
  return isSun || isHill ? 0.5 : 0;
}

/** RGBA rows with 8 x 8 samples a pixel. */
function draw(sidePx, color) {
  const samples = 8;
  const rows = new Uint8Array(sidePx * (sidePx * 4 + 1));
  for (let y = 0; y < sidePx; y++) {
    for (let x = 0; x < sidePx; x++) {
      let sum = 0;
      for (let k = 0; k < samples * samples; k++) {
        const dx = ((k % samples) + 0.5) / samples;
        const dy = (Math.floor(k / samples) + 0.5) / samples;
        sum += coverage((x + dx) / sidePx, (y + dy) / sidePx);
      }
      const alpha = Math.round((sum / (samples * samples)) * 255);
      rows.set([...color, alpha], y * (sidePx * 4 + 1) + 1 + x * 4);
    }
  }
  return rows;
}

/** PNG (ISO 15948), 8-bit RGBA, filter 0. */
function png(sidePx, rows) {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, sidePx);
  view.setUint32(4, sidePx);
  header.set([8, 6, 0, 0, 0], 8);
  return Buffer.concat([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk('IHDR', header),
    chunk('IDAT', zlibSync(rows, { level: 9 })),
    chunk('IEND', new Uint8Array()),
  ]);
}

function chunk(type, data) {
  const out = Buffer.alloc(data.length + 12);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, 'latin1');
  out.set(data, 8);
  out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length);
  return out;
}

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

await mkdir(folder, { recursive: true });
for (const { name, side, color } of icons) {
  for (const scale of [1, 2]) {
    const sidePx = side * scale;
    await writeFile(path.join(folder, `${name}@${scale}x.png`), png(sidePx, draw(sidePx, color)));
  }
}
