/** The profile that goes with what we write: sRGB colours, or gray with sRGB's tone curve (ICC.1:2010, version 4). */
import { ascii, concat, padded, u16, u32 } from './bytes.ts';

/** sRGB primaries adapted to D50 (Bradford), as s15Fixed16; the columns sum to D50 white. */
const red = [0x6fa2, 0x38f5, 0x0390] as const;
const green = [0x6299, 0xb785, 0x18da] as const;
const blue = [0x24a0, 0x0f84, 0xb6cf] as const;
const d50 = [0xf6d6, 0x10000, 0xd32d] as const;

/** An ICC profile of a few hundred bytes. */
export function srgbProfile(mode: 'rgb' | 'gray'): Uint8Array {
  const curve = parametricCurve();
  const tags: Array<[signature: string, data: Uint8Array]> = [
    ['desc', text(mode === 'rgb' ? 'sRGB' : 'sRGB gray')],
    ['cprt', text('No copyright')],
    ['wtpt', xyz(d50)],
  ];
  if (mode === 'gray') tags.push(['kTRC', curve]);
  else {
    tags.push(['rXYZ', xyz(red)], ['gXYZ', xyz(green)], ['bXYZ', xyz(blue)]);
    tags.push(['rTRC', curve], ['gTRC', curve], ['bTRC', curve]);
  }
  let offset = 128 + 4 + tags.length * 12;
  const table: Uint8Array[] = [u32(tags.length)];
  const data: Uint8Array[] = [];
  for (const [signature, bytes] of tags) {
    table.push(ascii(signature), u32(offset, bytes.length));
    data.push(padded(bytes, 4));
    offset += padded(bytes, 4).length;
  }
  return concat([header(offset, mode), ...table, ...data]);
}

function header(size: number, mode: 'rgb' | 'gray'): Uint8Array {
  return concat([
    u32(size, 0, 0x04200000),
    ascii(`mntr${mode === 'rgb' ? 'RGB ' : 'GRAY'}XYZ `),
    u16(2020, 1, 1, 0, 0, 0),
    ascii('acsp'),
    u32(0, 0, 0, 0, 0, 0, 0),
    u32(...d50),
    new Uint8Array(48),
  ]);
}

function xyz(values: readonly number[]): Uint8Array {
  return concat([ascii('XYZ '), u32(0), u32(...values)]);
}

function text(words: string): Uint8Array {
  const units = Array.from(words, (c) => c.charCodeAt(0));
  return concat([
    ascii('mluc'),
    u32(0, 1, 12),
    ascii('enUS'),
    u32(units.length * 2, 28),
    u16(...units),
  ]);
}

/** Function type 3: ((v + 0.055) / 1.055)^2.4 from 0.04045 on, v / 12.92 below (IEC 61966-2-1). */
function parametricCurve(): Uint8Array {
  const fixed = (v: number) => Math.round(v * 65536);
  const parameters = [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045].map(fixed);
  return concat([ascii('para'), u32(0), u16(3, 0), u32(...parameters)]);
}
