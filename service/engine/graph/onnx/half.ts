/** IEEE 754 binary16 bits of each value, rounded to nearest even; too large becomes infinity. */
export function halfBits(values: ArrayLike<number>): Uint16Array {
  const bits = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) bits[i] = halfBitsOf(values[i]);
  return bits;
}

const smallestNormal = 2 ** -14;
const overflow = 65_520;

function halfBitsOf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (magnitude >= overflow) return sign | 0x7c00;
  if (magnitude < smallestNormal) return sign | roundToEven(magnitude * 2 ** 24);
  const exponent = Math.floor(Math.log2(magnitude));
  // A significand that rounds up to 2048 carries into the exponent by plain addition.
  return sign | ((exponent + 14) * 1024 + roundToEven((magnitude / 2 ** exponent) * 1024));
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below + (below % 2);
}
