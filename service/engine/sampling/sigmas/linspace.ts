/** torch.linspace in float32: counted from both ends, so that the last value is exact. */
export function linspace32(from: number, to: number, count: number): Float32Array {
  const f = Math.fround;
  const out = new Float32Array(count);
  if (count === 1) return out.fill(from);
  const start = f(from);
  const end = f(to);
  const step = f(f(end - start) / (count - 1));
  const half = Math.floor(count / 2);
  for (let i = 0; i < count; i++) {
    out[i] = i < half ? start + step * i : end - step * (count - 1 - i);
  }
  return out;
}
