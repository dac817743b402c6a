/**
 * A small assembler for WebAssembly functions over vectors of 128 bits (WebAssembly 2.0, binary
 * format). What it makes is compiled where it runs; nothing is built beforehand.
 */

/** Instructions that leave one value on the stack. */
export type Code = readonly number[];

const v128Type = 0x7b;
const i32Type = 0x7f;
const f64Type = 0x7c;

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const more = rest > 0x7f;
    bytes.push((rest & 0x7f) | (more ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return bytes;
}

function i32Const(value: number): number[] {
  const bytes = [0x41];
  let rest = value;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const last = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(last ? low : low | 0x80);
    if (last) return bytes;
  }
}

const simd = (opcode: number, ...operands: Code[]): Code => [
  ...operands.flat(),
  0xfd,
  ...unsigned(opcode),
];
const one = (opcode: number) => (a: Code) => simd(opcode, a);
const two = (opcode: number) => (a: Code, b: Code) => simd(opcode, a, b);
const shift = (opcode: number) => (a: Code, bits: number) => simd(opcode, a, i32Const(bits));

/** A constant from its bytes in memory. */
function constant(values: ArrayBufferView): Code {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return [0xfd, 0x0c, ...bytes];
}

/** Addresses and counts. */
export const i32 = {
  of: (value: number): Code => i32Const(value),
  add: (a: Code, b: Code): Code => [...a, ...b, 0x6a],
  load: (address: Code, offset: number): Code => [...address, 0x28, 0, ...unsigned(offset)],
  /** One unsigned byte. */
  load8: (address: Code, offset: number): Code => [...address, 0x2d, 0, ...unsigned(offset)],
  shiftLeft: (a: Code, bits: number): Code => [...a, ...i32Const(bits), 0x74],
};

/** Vectors of four float32. */
export const f32x4 = {
  splat: (value: number): Code => constant(new Float32Array(4).fill(value)),
  lessThan: two(67),
  sqrt: one(227),
  add: two(228),
  sub: two(229),
  mul: two(230),
  div: two(231),
  /** The smaller, and the larger of two, where none is NaN. */
  min: two(234),
  max: two(235),
  /** The nearest float32 of two float64, in the lower half. */
  demote: one(94),
  fromI32: one(250),
  /** To the nearest whole number, halves to the even one. */
  nearest: one(106),
};

/** Vectors of two float64. */
export const f64x2 = {
  splat: (value: number): Code => constant(new Float64Array(2).fill(value)),
  notEqual: two(72),
  floor: one(117),
  nearest: one(148),
  sqrt: one(239),
  add: two(240),
  sub: two(241),
  mul: two(242),
  div: two(243),
  /** The lower two of four float32. */
  promote: one(95),
  /** The lower two of four unsigned integers. */
  fromU32: one(255),
};

/** Vectors of four 32-bit integers. */
export const i32x4 = {
  of: (...values: readonly [number, number, number, number]): Code =>
    constant(Int32Array.from(values)),
  splat: (value: number): Code => constant(new Int32Array(4).fill(value | 0)),
  /** A parameter in all four. */
  spread: one(17),
  shiftLeft: shift(171),
  shiftRight: shift(173),
  add: two(174),
  sub: two(177),
  notEqual: two(56),
  min: two(182),
  max: two(184),
  /** One of the four, as a number. */
  lane: (a: Code, lane: number): Code => [...a, 0xfd, 27, lane],
  truncated: one(248),
  mul: two(181),
  shiftRightSigned: shift(172),
  /** Sums of the products of neighbouring lanes of 16 bits, signed. */
  dot: two(186),
  /** The lower, and the upper four of eight unsigned numbers of 16 bits. */
  extendLow: one(169),
  extendHigh: one(170),
  /** Products of 64 bits of the lower, and of the upper two lanes. */
  productsLow: two(222),
  productsHigh: two(223),
};

/** Vectors of eight 16-bit integers. */
export const i16x8 = {
  /** A parameter in all eight. */
  spread: one(16),
  splat: (value: number): Code => constant(new Int16Array(8).fill(value)),
  /** The lower, and the upper eight of sixteen unsigned bytes. */
  extendLow: one(137),
  extendHigh: one(138),
  /** Eight from two vectors of four, cut to what 16 bits hold. */
  narrow: two(133),
  /** Sums of two neighbouring unsigned bytes. */
  neighbourSums: one(125),
  add: two(142),
  sub: two(145),
  mul: two(149),
  shiftRight: shift(141),
  shiftRightSigned: shift(140),
  equal: two(45),
  /** Unsigned, cut to 65535. */
  addSaturated: two(144),
  minUnsigned: two(151),
  /** Eight of two vectors, counted 0..15. */
  lanes: (a: Code, b: Code, order: readonly number[]): Code =>
    u8x16.lanes(
      a,
      b,
      order.flatMap((lane) => [2 * lane, 2 * lane + 1]),
    ),
};

/** Vectors of sixteen bytes. */
export const u8x16 = {
  /** Sixteen from two vectors of eight signed ones, cut to 0..255. */
  narrow: two(102),
  max: two(121),
  of: (bytes: readonly number[]): Code => constant(Uint8Array.from(bytes)),
  /** Bytes of a vector by a vector of their places, 0 where there is none. */
  picked: two(14),
  /** Bytes of two vectors, counted 0..31. */
  lanes: (a: Code, b: Code, order: readonly number[]): Code => [...a, ...b, 0xfd, 13, ...order],
};

/** Vectors of two 64-bit integers. */
export const i64x2 = {
  splat: (value: bigint): Code => constant(new BigUint64Array(2).fill(value)),
  shiftLeft: shift(203),
  shiftRight: shift(205),
  add: two(206),
};

function laneFrom(opcode: number, operands: Code, offset: number, lane: number): Code {
  return [...operands, 0xfd, opcode, 0, ...unsigned(offset), lane];
}

export const v128 = {
  and: two(78),
  andNot: two(79),
  or: two(80),
  xor: two(81),
  /** Bits of `a` where the mask has ones, of `b` elsewhere. */
  select: (a: Code, b: Code, mask: Code): Code => simd(82, a, b, mask),
  zero: constant(new Uint8Array(16)),
  load: (address: Code, offset: number): Code => [...address, 0xfd, 0, 2, ...unsigned(offset)],
  /** Four bytes, and eight, below zeros. */
  load32: (address: Code, offset: number): Code => [...address, 0xfd, 92, 0, ...unsigned(offset)],
  load64: (address: Code, offset: number): Code => [...address, 0xfd, 93, 0, ...unsigned(offset)],
  /** Four bytes in all four lanes. */
  spread32: (address: Code, offset: number): Code => [...address, 0xfd, 9, 0, ...unsigned(offset)],
  /** Eight bytes in both halves. */
  spread64: (address: Code, offset: number): Code => [...address, 0xfd, 10, 0, ...unsigned(offset)],
  /** A vector with one of its bytes, or of its eight halves of words, from memory. */
  load8Lane: (address: Code, offset: number, a: Code, lane: number): Code =>
    laneFrom(84, [...address, ...a], offset, lane),
  load16Lane: (address: Code, offset: number, a: Code, lane: number): Code =>
    laneFrom(85, [...address, ...a], offset, lane),
  /** Four 32-bit lanes of two vectors, counted 0..7. */
  lanes: (a: Code, b: Code, order: readonly [number, number, number, number]): Code => [
    ...a,
    ...b,
    0xfd,
    13,
    ...order.flatMap((lane) => [0, 1, 2, 3].map((byte) => lane * 4 + byte)),
  ],
};

const types = { v128: v128Type, i32: i32Type, f64: f64Type } as const;

/** One function under construction: it takes 32-bit integers and answers nothing. */
export class SimdFunction {
  readonly name: string;
  readonly #params: number;
  readonly #locals: number[] = [];
  readonly #body: number[] = [];

  constructor(name: string, params: number) {
    this.name = name;
    this.#params = params;
  }

  /** Parameters are the first variables. */
  param(index: number): Code {
    return this.value(index);
  }

  /** A value computed once, here, and read from a variable. */
  keep(value: Code, type: keyof typeof types = 'v128'): Code {
    return this.value(this.variable(value, type));
  }

  /** As keep, for what changes; answers the variable's number. */
  variable(value: Code, type: keyof typeof types = 'v128'): number {
    this.#locals.push(types[type]);
    const index = this.#params + this.#locals.length - 1;
    this.set(index, value);
    return index;
  }

  value(variable: number): Code {
    return [0x20, ...unsigned(variable)];
  }

  set(variable: number, value: Code): void {
    this.#body.push(...value, 0x21, ...unsigned(variable));
  }

  store(address: Code, offset: number, value: Code): void {
    this.#body.push(...address, ...value, 0xfd, 11, 2, ...unsigned(offset));
  }

  storeWord(address: Code, offset: number, value: Code): void {
    this.#body.push(...address, ...value, 0x36, 0, ...unsigned(offset));
  }

  /** The lowest four bytes of a vector. */
  store32(address: Code, offset: number, value: Code): void {
    this.#body.push(...address, ...value, 0xfd, 90, 0, ...unsigned(offset), 0);
  }

  /** The lowest eight bytes of a vector. */
  store64(address: Code, offset: number, value: Code): void {
    this.#body.push(...address, ...value, 0xfd, 91, 0, ...unsigned(offset), 0);
  }

  /** Runs `body`, adds `step` to the variable, and again while it is below `end`. */
  repeat(variable: number, end: Code, step: number, body: () => void): void {
    this.#body.push(0x03, 0x40);
    body();
    this.set(variable, i32.add(this.value(variable), i32Const(step)));
    this.#body.push(...this.value(variable), ...end, 0x49, 0x0d, 0x00, 0x0b);
  }

  /** Runs `body` if the condition is not 0. */
  when(condition: Code, body: () => void): void {
    this.#body.push(...condition, 0x04, 0x40);
    body();
    this.#body.push(0x0b);
  }

  /** Runs `body` again and again while the condition is not 0. */
  whilst(condition: Code, body: () => void): void {
    this.#body.push(0x03, 0x40, ...condition, 0x04, 0x40);
    body();
    this.#body.push(0x0c, 0x01, 0x0b, 0x0b);
  }

  /** A number of any kind into memory, by the opcode of its instruction. */
  storeNumber(opcode: number, address: Code, offset: number, value: Code): void {
    this.#body.push(...address, ...value, opcode, 0, ...unsigned(offset));
  }

  get type(): Code {
    const params = Array.from({ length: this.#params }, () => i32Type);
    return [0x60, ...list(params.map((type) => [type])), 0];
  }

  get code(): Code {
    const locals = this.#locals.map((type) => [1, type]);
    const body = [...list(locals), ...this.#body, 0x0b];
    return [...unsigned(body.length), ...body];
  }
}

function list(items: readonly Code[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function section(id: number, content: Code): number[] {
  return [id, ...unsigned(content.length), ...content];
}

function named(name: string): number[] {
  return list(Array.from(name, (letter) => [letter.charCodeAt(0)]));
}

function exported(name: string, kind: number, index: number): number[] {
  return [...named(name), kind, index];
}

/** "\0asm" and version 1. */
const magic = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/**
 * A module of these functions, exported by their names, and of `pages` x 64 KiB that may grow to `mostPages`:
 * exported as `memory`, or (`isShared`) imported as `engine.memory` and shared with other threads.
 */
export function simdModule(
  functions: readonly SimdFunction[],
  pages: number,
  mostPages = pages,
  isShared = false,
): Uint8Array {
  const limits = [isShared ? 3 : 1, ...unsigned(pages), ...unsigned(mostPages)];
  const own = functions.map(({ name }, i) => exported(name, 0, i));
  return Uint8Array.from([
    ...magic,
    ...section(1, list(functions.map(({ type }) => type))),
    ...(isShared ? section(2, list([[...named('engine'), ...named('memory'), 2, ...limits]])) : []),
    ...section(3, list(functions.map((_, i) => unsigned(i)))),
    ...(isShared ? [] : section(5, list([limits]))),
    ...section(7, list(isShared ? own : [exported('memory', 2, 0), ...own])),
    ...section(10, list(functions.map(({ code }) => code))),
  ]);
}
