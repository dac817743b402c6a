/** A reference case (docs/reference-cases.md): what another program answered, with its tolerance. */

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly bits: 8 | 16;
  readonly data: Uint8Array | Uint16Array;
}

export interface CaseTensor {
  /** 'F32', 'F64', 'I64', 'U8', ... as stored. */
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data:
    | Float32Array
    | Float64Array
    | BigInt64Array
    | Int32Array
    | Uint8Array
    | Uint16Array;
}

export type Tolerance = Readonly<{
  equal?: boolean;
  abs?: number;
  rel?: number;
  levels?: number;
  share?: number;
  subset?: boolean;
  atMost?: number;
}>;

export interface Case {
  readonly kind: string;
  /** File name without ending: for messages only. */
  readonly name: string;
  /** Folder that holds the case's files. */
  readonly folder: string;
  /** The cases folder; `manifest` paths are relative to it. */
  readonly root: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly expect: Readonly<Record<string, unknown>>;
  readonly tolerance: Readonly<Record<string, Tolerance>>;
  /** Resolves `{ "tensor": name }`. */
  tensor(reference: unknown): CaseTensor;
  /** Resolves `{ "png": file }`. */
  picture(reference: unknown): Promise<Picture>;
  /** Resolves `{ "file": name }`. */
  file(reference: unknown): Uint8Array;
}

/**
 * Computes what the case's `expect` names. Values: numbers, strings, plain JSON, typed arrays (with
 * or without a shape as CaseTensor), or Pictures; keys that `expect` does not have are ignored, a key
 * that has a tolerance and is not answered fails.
 */
export type Checker = (c: Case) => Promise<Readonly<Record<string, unknown>>>;

/** Thrown by a checker for what the product does not build yet: counted as skipped, never as passed. */
export class Unsupported extends Error {}
