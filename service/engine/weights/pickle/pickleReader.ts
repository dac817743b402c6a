/** The arguments of pickle opcodes, read in order from bytes that may lie about every length. */
import { PickleDamaged } from './pickleValues.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class PickleReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at;
  }

  /** Where the next byte lies. */
  get position(): number {
    return this.#at;
  }

  byte(): number {
    return this.#bytes[this.#take(1)];
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** A length in 64 bits, which must fit the bytes that are left. */
  length64(): number {
    const length = this.#view.getBigUint64(this.#take(8), true);
    if (length > BigInt(this.#bytes.length)) throw new PickleDamaged('it ends inside a text');
    return Number(length);
  }

  /** Big-endian, unlike everything else in a pickle. */
  float64(): number {
    return this.#view.getFloat64(this.#take(8), false);
  }

  bytes(length: number): Uint8Array {
    if (length < 0) throw new PickleDamaged('a length is negative');
    const from = this.#take(length);
    return this.#bytes.slice(from, from + length);
  }

  text(length: number): string {
    const bytes = this.bytes(length);
    try {
      return utf8.decode(bytes);
    } catch {
      throw new PickleDamaged('a text is not UTF-8');
    }
  }

  /** Two's complement, little-endian, of any length up to 32 bytes. */
  integer(length: number): number | bigint {
    if (length > 32) throw new PickleDamaged('a number is too long');
    let value = 0n;
    const bytes = this.bytes(length);
    for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
    if (length > 0) value = BigInt.asIntN(8 * length, value);
    return narrow(value);
  }

  /** Up to the next line feed, without it. */
  line(): string {
    const end = this.#bytes.indexOf(10, this.#at);
    if (end < 0) throw new PickleDamaged('it ends inside a line');
    const text = this.text(end - this.#at);
    this.#at++;
    return text;
  }

  #take(length: number): number {
    const from = this.#at;
    if (from + length > this.#bytes.length) throw new PickleDamaged('it ends too early');
    this.#at = from + length;
    return from;
  }
}

/** A plain number where it is exact. */
export function narrow(value: bigint): number | bigint {
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}
