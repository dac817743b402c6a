import { describe, expect, it } from 'vitest';
import { dilate, erode, inverted, united } from '../../../shared/mask/dilate.ts';
import { growSoft } from '../../../shared/mask/growSoft.ts';
import type { MaskPixels } from '../../../shared/mask/maskPixels.ts';

function mask(...rows: string[]): MaskPixels {
  const data = Uint8Array.from(rows.join(''), (sign) => ({ '#': 255, '+': 100 })[sign] ?? 0);
  return { width: rows[0]?.length ?? 0, height: rows.length, data };
}

function rowsOf({ width, data }: MaskPixels): string[] {
  const signs = Array.from(data, (v) => (v === 255 ? '#' : v === 0 ? '.' : '+')).join('');
  return signs.match(new RegExp(`.{${width}}`, 'g')) ?? [];
}

function byEveryOffset({ width, height, data }: MaskPixels, radius: number): Uint8Array {
  const reach = Math.floor(radius);
  return data.map((_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    let most = 0;
    for (let dy = -reach; dy <= reach; dy++) {
      for (let dx = -reach; dx <= reach; dx++) {
        const isInside = x + dx >= 0 && x + dx < width && y + dy >= 0 && y + dy < height;
        if (!isInside || dx * dx + dy * dy > radius * radius) continue;
        most = Math.max(most, data[(y + dy) * width + x + dx] ?? 0);
      }
    }
    return most;
  });
}

describe('masks', () => {
  it('grow by a disk, hard ones and soft ones alike', () => {
    const hard = mask('.....', '.....', '..#..', '.....', '.....');
    expect(rowsOf(dilate(hard, 1))).toEqual(['.....', '..#..', '.###.', '..#..', '.....']);
    expect(rowsOf(dilate(hard, 2))).toEqual(['..#..', '.###.', '#####', '.###.', '..#..']);
    const soft = mask('.....', '..+..', '.....');
    expect(rowsOf(dilate(soft, 1))).toEqual(['..+..', '.+++.', '..+..']);
  });

  it('are the same whichever way is the quicker one', () => {
    let state = 3;
    const random = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
    for (const softShare of [0, 0.02, 0.5]) {
      for (const radius of [1, 2.5, 7]) {
        const size = { width: 37, height: 23 };
        const data = Uint8Array.from({ length: 37 * 23 }, () => {
          if (random() < softShare) return 1 + Math.floor(random() * 254);
          return random() < 0.01 ? 255 : 0;
        });
        const plane = { ...size, data };
        expect(dilate(plane, radius).data).toEqual(byEveryOffset(plane, radius));
        expect(dilate(plane, radius).data).toEqual(growSoft(plane, radius).data);
      }
    }
  });

  it('shrink to what keeps its distance; the edge of the plane is no edge', () => {
    expect(rowsOf(erode(mask('####', '####', '####', '...#'), 1))).toEqual([
      '####',
      '####',
      '...#',
      '....',
    ]);
  });

  it('are united by their larger level and inverted', () => {
    const both = united([mask('#+.'), mask('.#+')]);
    expect(both && rowsOf(both)).toEqual(['##+']);
    expect(united([])).toBeUndefined();
    expect(rowsOf(inverted(mask('#.')))).toEqual(['.#']);
  });
});
