/**
 * Reads Python's pickle format without Python: a stack machine that builds plain containers and hands
 * every class, call and outside reference to its caller. It imports nothing and runs nothing. Opcodes:
 * Python's pickletools, protocols 0 to 5 as far as model files use them.
 */
import { narrow, PickleReader } from './pickleReader.ts';
import {
  PickleDamaged,
  PickleGlobal,
  PickleTuple,
  PickleUnsafe,
  type PickleValue,
} from './pickleValues.ts';

/** What the caller makes of names; each throws PickleUnsafe for what it does not know. */
export interface PickleWorld {
  /** Checks a class or function by name as soon as it is named. */
  named(name: PickleGlobal): void;
  call(callee: PickleGlobal, args: readonly PickleValue[]): PickleValue;
  /** `BUILD`: gives an object its state. */
  build(object: PickleValue, state: PickleValue): PickleValue;
  /** An object that lies outside the pickle (a tensor's storage). */
  persistent(id: PickleValue): PickleValue;
}

export interface Unpickled {
  readonly value: PickleValue;
  /** The byte after the pickle. */
  readonly end: number;
}

/**
 * The value of the pickle that starts at byte `begin`. Work and memory grow with the bytes read, whatever they
 * hold. Throws PickleDamaged and PickleUnsafe.
 */
export function unpickle(bytes: Uint8Array, begin: number, world: PickleWorld): Unpickled {
  const machine = new Machine(new PickleReader(bytes, begin), world);
  return machine.run();
}

const mark = Symbol('mark');

class Machine {
  readonly #in: PickleReader;
  readonly #world: PickleWorld;
  readonly #stack: (PickleValue | typeof mark)[] = [];
  readonly #memo = new Map<number, PickleValue>();

  constructor(reader: PickleReader, world: PickleWorld) {
    this.#in = reader;
    this.#world = world;
  }

  run(): Unpickled {
    for (;;) {
      const code = this.#in.byte();
      if (code === stop) return { value: this.#pop(), end: this.#in.position };
      const step = steps.get(code);
      if (!step) throw new PickleDamaged(`it holds the unknown instruction ${code}`);
      step(this, this.#in);
    }
  }

  push(value: PickleValue): void {
    this.#stack.push(value);
  }

  pushMark(): void {
    this.#stack.push(mark);
  }

  /** POP: the top, a mark too. */
  drop(): void {
    if (this.#stack.length === 0) throw new PickleDamaged('it takes from an empty stack');
    this.#stack.pop();
  }

  duplicate(): void {
    this.push(this.top());
  }

  top(): PickleValue {
    const value = this.#stack.at(-1);
    if (value === undefined || value === mark) throw new PickleDamaged('a value is missing');
    return value;
  }

  pop(): PickleValue {
    return this.#pop();
  }

  /** Everything above the last mark, without it. */
  popToMark(): PickleValue[] {
    const at = this.#stack.lastIndexOf(mark);
    if (at < 0) throw new PickleDamaged('a mark is missing');
    const items = this.#stack.splice(at);
    return items.slice(1) as PickleValue[];
  }

  popTuple(count: number): void {
    const items = Array.from({ length: count }, () => this.#pop()).toReversed();
    this.push(new PickleTuple(items));
  }

  append(items: readonly PickleValue[]): void {
    const list = this.top();
    if (!Array.isArray(list)) throw new PickleDamaged('it appends to what is no list');
    for (const item of items) list.push(item);
  }

  setItems(items: readonly PickleValue[]): void {
    const dict = this.top();
    if (!(dict instanceof Map) || items.length % 2 !== 0) {
      throw new PickleDamaged('it sets an item of what is no dictionary');
    }
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
  }

  remember(index: number): void {
    this.#memo.set(index, this.top());
  }

  /** MEMOIZE: at the next free number. */
  rememberNext(): void {
    this.#memo.set(this.#memo.size, this.top());
  }

  recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw new PickleDamaged('it recalls what it never kept');
    this.push(value);
  }

  /** A class or function that the caller's world allows. */
  named(module: PickleValue, name: PickleValue): PickleGlobal {
    if (typeof module !== 'string' || typeof name !== 'string') {
      throw new PickleDamaged('a name is not a text');
    }
    const found = new PickleGlobal(module, name);
    this.#world.named(found);
    return found;
  }

  /** REDUCE and NEWOBJ: the arguments are a tuple. */
  call(): void {
    const args = this.#pop();
    if (!(args instanceof PickleTuple)) throw new PickleDamaged('a call has no arguments');
    this.#call(this.#pop(), args.items);
  }

  /** INST and OBJ: the arguments lie above a mark, after the class. */
  callToMark(callee?: PickleGlobal): void {
    const [first, ...rest] = this.popToMark();
    if (callee) this.#call(callee, first === undefined ? [] : [first, ...rest]);
    else this.#call(first ?? null, rest);
  }

  build(): void {
    const state = this.#pop();
    this.push(this.#world.build(this.#pop(), state));
  }

  persistent(): void {
    this.push(this.#world.persistent(this.#pop()));
  }

  #call(callee: PickleValue, args: readonly PickleValue[]): void {
    if (!(callee instanceof PickleGlobal)) throw new PickleUnsafe('a call of something unnamed');
    this.push(this.#world.call(callee, args));
  }

  #pop(): PickleValue {
    const value = this.top();
    this.#stack.pop();
    return value;
  }
}

type Step = (machine: Machine, reader: PickleReader) => void;

const stop = '.'.codePointAt(0);

function dictOf(items: readonly PickleValue[]): Map<PickleValue, PickleValue> {
  if (items.length % 2 !== 0) throw new PickleDamaged('a dictionary has a key without a value');
  const dict = new Map<PickleValue, PickleValue>();
  for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
  return dict;
}

function decimal(text: string): number | bigint | boolean {
  // Protocol 0 writes truth as 00 and 01.
  if (text === '00' || text === '01') return text === '01';
  const digits = text.endsWith('L') ? text.slice(0, -1) : text;
  if (!/^-?\d{1,80}$/.test(digits)) throw new PickleDamaged('a number is not one');
  return narrow(BigInt(digits));
}

/** Text between quotes, as protocol 0 writes short byte strings; escapes are not needed by model files. */
function quoted(line: string): string {
  const match = /^(['"])([^\\]*)\1$/.exec(line);
  if (!match) throw new PickleDamaged('a quoted text is not closed');
  return match[2];
}

const steps: ReadonlyMap<number, Step> = new Map<number, Step>(
  (
    [
      // frames and protocol numbers carry nothing
      [0x80, (_, r) => void r.byte()],
      [0x95, (_, r) => void r.bytes(8)],
      ['(', (m) => m.pushMark()],
      ['0', (m) => m.drop()],
      ['1', (m) => void m.popToMark()],
      ['2', (m) => m.duplicate()],

      ['N', (m) => m.push(null)],
      [0x88, (m) => m.push(true)],
      [0x89, (m) => m.push(false)],
      ['I', (m, r) => m.push(decimal(r.line()))],
      ['L', (m, r) => m.push(decimal(r.line()))],
      ['J', (m, r) => m.push(r.int32())],
      ['K', (m, r) => m.push(r.byte())],
      ['M', (m, r) => m.push(r.uint16())],
      [0x8a, (m, r) => m.push(r.integer(r.byte()))],
      [0x8b, (m, r) => m.push(r.integer(r.int32()))],
      ['F', (m, r) => m.push(Number(r.line()))],
      ['G', (m, r) => m.push(r.float64())],

      ['S', (m, r) => m.push(quoted(r.line()))],
      ['T', (m, r) => m.push(r.text(r.int32()))],
      ['U', (m, r) => m.push(r.text(r.byte()))],
      ['V', (m, r) => m.push(r.line())],
      ['X', (m, r) => m.push(r.text(r.uint32()))],
      [0x8c, (m, r) => m.push(r.text(r.byte()))],
      [0x8d, (m, r) => m.push(r.text(r.length64()))],
      ['B', (m, r) => m.push(r.bytes(r.uint32()))],
      ['C', (m, r) => m.push(r.bytes(r.byte()))],
      [0x8e, (m, r) => m.push(r.bytes(r.length64()))],

      [']', (m) => m.push([])],
      ['}', (m) => m.push(new Map())],
      [')', (m) => m.push(new PickleTuple([]))],
      [0x8f, (m) => m.push([])],
      ['l', (m) => m.push(m.popToMark())],
      ['d', (m) => m.push(dictOf(m.popToMark()))],
      ['t', (m) => m.push(new PickleTuple(m.popToMark()))],
      [0x91, (m) => m.push(new PickleTuple(m.popToMark()))],
      [0x85, (m) => m.popTuple(1)],
      [0x86, (m) => m.popTuple(2)],
      [0x87, (m) => m.popTuple(3)],
      ['a', (m) => m.append([m.pop()])],
      ['e', (m) => m.append(m.popToMark())],
      [0x90, (m) => m.append(m.popToMark())],
      ['s', (m) => m.setItems([m.pop(), m.pop()].toReversed())],
      ['u', (m) => m.setItems(m.popToMark())],

      ['q', (m, r) => m.remember(r.byte())],
      ['r', (m, r) => m.remember(r.uint32())],
      ['p', (m, r) => m.remember(Number(r.line()))],
      [0x94, (m) => m.rememberNext()],
      ['h', (m, r) => m.recall(r.byte())],
      ['j', (m, r) => m.recall(r.uint32())],
      ['g', (m, r) => m.recall(Number(r.line()))],

      ['c', (m, r) => m.push(m.named(r.line(), r.line()))],
      ['i', (m, r) => m.callToMark(m.named(r.line(), r.line()))],
      ['o', (m) => m.callToMark()],
      [
        0x93,
        (m) => {
          const name = m.pop();
          m.push(m.named(m.pop(), name));
        },
      ],
      ['R', (m) => m.call()],
      [0x81, (m) => m.call()],
      ['b', (m) => m.build()],
      ['Q', (m) => m.persistent()],
    ] satisfies readonly (readonly [string | number, Step])[]
  ).map(([code, step]) => [typeof code === 'string' ? code.charCodeAt(0) : code, step]),
);
