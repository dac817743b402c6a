/** The vector kernels of the colour correction against the plain formulas. */
import { describe, expect, it } from 'vitest';
import { cellsOf } from '../../../service/engine/picture/color/driftCells.ts';
import { largestShift } from '../../../service/engine/picture/color/driftModel.ts';
import { colorTerms } from '../../../service/engine/picture/color/driftTerms.ts';
import { correctedCells, withoutDrift } from '../../../service/engine/picture/color/takeOff.ts';

/** Even numbers of 0..1, the same in every run. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function sceneOf(width: number, height: number) {
  const random = randomOf(width * 31 + height);
  const plane = (channels: number, of: () => number) => ({
    width,
    height,
    data: Float32Array.from({ length: width * height * channels }, of),
  });
  const alpha = plane(1, () => (random() < 0.4 ? 0 : random()));
  const known = { ...alpha, data: alpha.data.map((v) => (v > 0 ? 0 : 1)) };
  return { generated: plane(3, random), original: plane(3, random), alpha, known, random };
}

/** The drift at one pixel and channel as the formulas say it, in double precision. */
function shiftAt(
  cells: ReturnType<typeof cellsOf>,
  model: { readonly color: Float64Array; readonly field: Float32Array },
  pixel: { readonly x: number; readonly y: number; readonly rgb: readonly number[] },
  c: number,
): number {
  const place = (at: number, count: number) => {
    const f = Math.min(count - 1, Math.max(0, (at + 0.5) / cells.cellPx - 0.5));
    const low = Math.floor(f);
    return { low, high: Math.min(count - 1, low + 1), t: f - low };
  };
  const across = place(pixel.x, cells.columns);
  const down = place(pixel.y, cells.rows);
  const field = (row: number, column: number) =>
    model.field[(row * cells.columns + column) * 3 + c];
  const row = (y: number) =>
    field(y, across.low) * (1 - across.t) + field(y, across.high) * across.t;
  const [r, g, b] = pixel.rgb.map((v) => v - 0.5);
  const termsOf = [1, r, g, b, r * r, g * g, b * b, r * g, g * b, b * r];
  const byColor = termsOf.reduce((sum, v, k) => sum + v * model.color[k * 3 + c], 0);
  const shift = row(down.low) * (1 - down.t) + row(down.high) * down.t + byColor;
  return Math.min(largestShift, Math.max(-largestShift, shift));
}

const sizes = [
  { width: 37, height: 53 },
  { width: 128, height: 16 },
  { width: 5, height: 4 },
  { width: 1, height: 90 },
  { width: 211, height: 1 },
];

describe.each(sizes)('kernels of the colour correction at $width x $height', (size) => {
  const { generated, original, alpha, known, random } = sceneOf(size.width, size.height);
  const cells = cellsOf(generated, original, { known, alpha });
  const model = {
    color: Float64Array.from({ length: colorTerms * 3 }, () => (random() - 0.5) / 5),
    field: Float32Array.from({ length: cells.columns * cells.rows * 3 }, () => random() / 8),
  };

  it('cells are the means of their pixels', () => {
    const { columns, rows, cellPx } = cells;
    for (let cell = 0; cell < columns * rows; cell++) {
      const left = (cell % columns) * cellPx;
      const top = Math.floor(cell / columns) * cellPx;
      for (const [made, from] of [
        [cells.generated, generated],
        [cells.original, original],
      ] as const) {
        for (let c = 0; c < 3; c++) {
          let sum = 0;
          for (let y = top; y < top + cellPx; y++) {
            for (let x = left; x < left + cellPx; x++)
              sum += from.data[(y * size.width + x) * 3 + c];
          }
          expect(made[cell * 3 + c]).toBeCloseTo(sum / cellPx ** 2, 6);
        }
      }
    }
  });

  it('the drift is taken off as the formulas say where alpha is above 0, and nowhere else', () => {
    const strength = 0.7;
    const area = { x: 0, y: 0, ...size };
    const before = generated.data.slice();
    const out = withoutDrift(generated, { cells, model, strength }, { area, alpha });
    expect(generated.data).toEqual(before);
    for (let p = 0; p < size.width * size.height; p++) {
      const at = { x: p % size.width, y: Math.floor(p / size.width) };
      const rgb = [...generated.data.subarray(p * 3, p * 3 + 3)];
      for (let c = 0; c < 3; c++) {
        const value = rgb[c] + strength * shiftAt(cells, model, { ...at, rgb }, c);
        const wanted = Math.min(1, Math.max(0, value));
        if (alpha.data[p] > 0) expect(Math.abs(out[p * 3 + c] - wanted)).toBeLessThan(1e-6);
        else expect(out[p * 3 + c]).toBe(rgb[c]);
      }
    }
  });

  it('in a part of the picture everything of it, and nothing around it', () => {
    const x = Math.floor(size.width / 3);
    const y = Math.floor(size.height / 3);
    const area = { x, y, width: size.width - 2 * x, height: size.height - 2 * y };
    const drift = { cells, model, strength: 1 };
    const whole = withoutDrift(generated, drift, { area: { x: 0, y: 0, ...size } });
    const part = withoutDrift(generated, drift, { area });
    for (let i = 0; i < part.length; i++) {
      const px = Math.floor(i / 3) % size.width;
      const py = Math.floor(i / 3 / size.width);
      const isIn = px >= x && px < x + area.width && py >= y && py < y + area.height;
      expect(part[i]).toBe(isIn ? whole[i] : generated.data[i]);
    }
  });

  it('of cells, each by its own place in the field', () => {
    const out = correctedCells({ cells, model, strength: 1 });
    for (let i = 0; i < out.length; i++) {
      const cell = Math.floor(i / 3);
      const rgb = [...cells.generated.subarray(cell * 3, cell * 3 + 3)];
      const x = (cell % cells.columns) * cells.cellPx + (cells.cellPx - 1) / 2;
      const y = Math.floor(cell / cells.columns) * cells.cellPx + (cells.cellPx - 1) / 2;
      const value = rgb[i % 3] + shiftAt(cells, model, { x, y, rgb }, i % 3);
      expect(Math.abs(out[i] - Math.min(1, Math.max(0, value)))).toBeLessThan(1e-6);
    }
  });

  it('what is no number becomes 0, and the memory left by others does not matter', () => {
    const broken = { ...generated, data: generated.data.map((v, i) => (i === 0 ? Number.NaN : v)) };
    const area = { x: 0, y: 0, ...size };
    const out = withoutDrift(broken, { cells, model, strength: 1 }, { area });
    expect(out.slice(0, 3)).toEqual(Float32Array.of(0, 0, 0));
    expect(out.slice(3).every((v) => v >= 0 && v <= 1)).toBe(true);
  });
});
