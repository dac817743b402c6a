/** What a pickle may hold for us: plain containers, numbers, text, and names of what it would call. */

/** A class or function by its name only: nothing is ever imported or run. */
export class PickleGlobal {
  readonly module: string;
  readonly name: string;

  constructor(module: string, name: string) {
    this.module = module;
    this.name = name;
  }

  get path(): string {
    return `${this.module}.${this.name}`;
  }
}

/** A tuple, apart from a list: only lists grow. */
export class PickleTuple {
  readonly items: readonly PickleValue[];

  constructor(items: readonly PickleValue[]) {
    this.items = items;
  }
}

/** An object whose own meaning is the caller's: a storage, a tensor, something inert. */
export abstract class PickleObject {
  abstract readonly kind: string;
}

export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | Map<PickleValue, PickleValue>
  | PickleTuple
  | PickleGlobal
  | PickleObject;

/** The bytes are no pickle, or are cut off; the message says what is wrong in a few words. */
export class PickleDamaged extends Error {}

/** The pickle asks for code that no model needs; `what` names it. */
export class PickleUnsafe extends Error {
  readonly what: string;

  constructor(what: string) {
    super(`it asks for ${what}`);
    this.what = what;
  }
}
