/** A dense float32 tensor in C order: what sampling and the networks hand to each other. */
export interface Tensor {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

export function sizeOfShape(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

/** Throws a RangeError when data and shape disagree. */
export function tensor(data: Float32Array, shape: readonly number[]): Tensor {
  if (data.length !== sizeOfShape(shape)) {
    throw new RangeError(
      `Expected ${sizeOfShape(shape)} values for [${shape.join(',')}] but received ${data.length}`,
    );
  }
  return { data, shape };
}
