/** A writer for the protocol buffer wire format (protobuf.dev/programming-guides/encoding). */

const [varintType, lengthType, fixed32Type] = [0, 2, 5];

export class ProtoWriter {
  #bytes = new Uint8Array(256);
  #length = 0;

  /** What has been written, as a view. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  int(field: number, value: number | bigint): void {
    this.#tag(field, varintType);
    this.#varint(BigInt.asUintN(64, BigInt(value)));
  }

  /** A packed list of int64. */
  ints(field: number, values: readonly (number | bigint)[]): void {
    const packed = new ProtoWriter();
    for (const value of values) packed.#varint(BigInt.asUintN(64, BigInt(value)));
    this.bytes(field, packed.finish());
  }

  float(field: number, value: number): void {
    this.#tag(field, fixed32Type);
    this.#reserve(4);
    new DataView(this.#bytes.buffer).setFloat32(this.#length, value, true);
    this.#length += 4;
  }

  string(field: number, value: string): void {
    this.bytes(field, new TextEncoder().encode(value));
  }

  bytes(field: number, value: Uint8Array): void {
    this.#tag(field, lengthType);
    this.#varint(BigInt(value.length));
    this.raw(value);
  }

  /** Fields that are encoded already. */
  raw(encoded: Uint8Array): void {
    this.#reserve(encoded.length);
    this.#bytes.set(encoded, this.#length);
    this.#length += encoded.length;
  }

  message(field: number, write: (inner: ProtoWriter) => void): void {
    const inner = new ProtoWriter();
    write(inner);
    this.bytes(field, inner.finish());
  }

  #tag(field: number, wireType: number): void {
    this.#varint(BigInt(field * 8 + wireType));
  }

  #varint(value: bigint): void {
    this.#reserve(10);
    let rest = value;
    while (rest >= 0x80n) {
      this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#length++] = Number(rest);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + count));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}
