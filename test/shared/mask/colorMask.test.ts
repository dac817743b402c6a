import { describe, expect, it } from 'vitest';
import {
  alphaMask,
  colorAt,
  colorMask,
  colorOfHex,
  connectedColorMask,
  type ColorPicture,
} from '../../../shared/mask/colorMask.ts';

/** Gray levels, a letter each: '.' 0, 'a' 100, 'b' 110, 'c' 140, '#' 255. */
const levels: Readonly<Record<string, number>> = { '.': 0, a: 100, b: 110, c: 140, '#': 255 };

function drawn(...rows: string[]): ColorPicture {
  const data = Uint8Array.from(rows.join(''), (sign) => levels[sign] ?? 0);
  return { width: rows[0]?.length ?? 0, height: rows.length, channels: 1, depth: 8, data };
}

function selected({ width }: ColorPicture, mask: Uint8Array): string[] {
  const signs = Array.from(mask, (v) => (v === 255 ? '#' : v === 0 ? '.' : '+')).join('');
  return signs.match(new RegExp(`.{${width}}`, 'g')) ?? [];
}

const gray = (level: number) => [level, level, level, 255] as const;

describe('colorMask', () => {
  const picture = drawn('abc.', '#aab');

  it('takes what lies within the tolerance, wherever it is', () => {
    const mask = colorMask(picture, { color: gray(100), tolerance: 10 });
    expect(selected(picture, mask)).toEqual(['##..', '.###']);
  });

  it('takes the exact colour only without a tolerance', () => {
    const mask = colorMask(picture, { color: gray(100), tolerance: 0 });
    expect(selected(picture, mask)).toEqual(['#...', '.##.']);
  });

  it('fades out over a quarter of the tolerance behind it', () => {
    const mask = colorMask(picture, { color: gray(100), tolerance: 36 });
    expect(mask[2]).toBe(Math.round((1 - 4 / 9) * 255));
  });

  it('counts the channel that differs most', () => {
    const data = Uint8Array.of(10, 10, 10, 10, 60, 10, 10, 10, 40);
    const rgb: ColorPicture = { width: 3, height: 1, channels: 3, depth: 8, data };
    const mask = colorMask(rgb, { color: [10, 10, 10, 255], tolerance: 32 });
    expect([...mask]).toEqual([255, 0, 255]);
    expect([...colorMask(rgb, { color: [10, 10, 10, 255], tolerance: 29 })]).toEqual([
      255,
      0,
      Math.round((1 - 1 / 7.25) * 255),
    ]);
  });

  it('knows clear pixels from black ones, whatever colour lies under them', () => {
    const data = Uint8Array.of(0, 0, 0, 255, 200, 10, 10, 0, 0, 0, 0, 0);
    const rgba: ColorPicture = { width: 3, height: 1, channels: 4, depth: 8, data };
    expect([...colorMask(rgba, { color: colorAt(rgba, { x: 0, y: 0 }), tolerance: 20 })]).toEqual([
      255, 0, 0,
    ]);
    expect([...colorMask(rgba, { color: colorAt(rgba, { x: 1, y: 0 }), tolerance: 20 })]).toEqual([
      0, 255, 255,
    ]);
  });

  it.each([
    [16, Uint16Array.of(25700, 28270, 65535)],
    [32, Float32Array.of(100 / 255, 110 / 255, 1)],
  ] as const)('compares %i bits in levels of 8', (depth, data) => {
    const deep: ColorPicture = { width: 3, height: 1, channels: 1, depth, data };
    expect([...colorMask(deep, { color: gray(100), tolerance: 10 })]).toEqual([255, 255, 0]);
    expect(colorAt(deep, { x: 1, y: 0 })).toEqual(gray(110));
  });
});

describe('connectedColorMask', () => {
  it('stays inside what hangs together over sides, and leaves holes', () => {
    const picture = drawn('aaa.a', 'a.a.a', 'aaa.a', '...a.');
    const mask = connectedColorMask(picture, { color: gray(100), tolerance: 5 }, { x: 0, y: 0 });
    expect(selected(picture, mask)).toEqual(['###..', '#.#..', '###..', '.....']);
  });

  it('finds its way through a winding corridor', () => {
    const picture = drawn('aaaaa', '....a', 'aaaaa', 'a....', 'aaaaa');
    const mask = connectedColorMask(picture, { color: gray(100), tolerance: 0 }, { x: 0, y: 0 });
    expect(selected(picture, mask)).toEqual(['#####', '....#', '#####', '#....', '#####']);
  });

  it('keeps a soft rim only where it touches', () => {
    const picture = drawn('ac.c', 'a...');
    const mask = connectedColorMask(picture, { color: gray(100), tolerance: 36 }, { x: 0, y: 0 });
    expect(selected(picture, mask)).toEqual(['#+..', '#...']);
  });

  it('is empty from outside the picture', () => {
    const picture = drawn('aa');
    const mask = connectedColorMask(picture, { color: gray(100), tolerance: 5 }, { x: 2, y: 0 });
    expect(mask.some((v) => v > 0)).toBe(false);
  });

  it('agrees with a plain search on random pictures', () => {
    let state = 1;
    const random = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
    for (let round = 0; round < 40; round++) {
      const size = { width: 9, height: 7 };
      const data = Uint8Array.from({ length: 63 }, () => (random() < 0.6 ? 100 : 0));
      const picture: ColorPicture = { ...size, channels: 1, depth: 8, data };
      const from = { x: Math.floor(random() * 9), y: Math.floor(random() * 7) };
      const color = colorAt(picture, from);
      const mask = connectedColorMask(picture, { color, tolerance: 0 }, from);
      expect(mask).toEqual(plainSearch(data, size, from));
    }
  });
});

function plainSearch(
  data: Uint8Array,
  { width, height }: { width: number; height: number },
  from: { x: number; y: number },
): Uint8Array {
  const out = new Uint8Array(data.length);
  const level = data[from.y * width + from.x];
  const open = [from];
  for (let next = open.pop(); next; next = open.pop()) {
    const { x, y } = next;
    const at = y * width + x;
    if (x < 0 || y < 0 || x >= width || y >= height || out[at] === 255 || data[at] !== level)
      continue;
    out[at] = 255;
    open.push({ x: x + 1, y }, { x: x - 1, y }, { x, y: y + 1 }, { x, y: y - 1 });
  }
  return out;
}

describe('alphaMask', () => {
  it('is the transparency, and full without one', () => {
    const data = Uint8Array.of(1, 0, 2, 128, 3, 255);
    expect([...alphaMask({ width: 3, height: 1, channels: 2, depth: 8, data })]).toEqual([
      0, 128, 255,
    ]);
    expect([...alphaMask({ width: 2, height: 1, channels: 3, depth: 8, data })]).toEqual([
      255, 255,
    ]);
  });
});

describe('colorOfHex', () => {
  it.each([
    ['#4080c0', [64, 128, 192, 255]],
    ['4080C0', [64, 128, 192, 255]],
    ['#48c', [68, 136, 204, 255]],
    ['blue', undefined],
    ['#12345', undefined],
  ])('reads %s', (text, color) => expect(colorOfHex(text)).toEqual(color));
});
