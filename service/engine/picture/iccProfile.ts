/** What can be told of an ICC profile (ICC.1:2022) without converting with it. */

/** The profile's description; undefined when it has none that can be read. */
export function profileName(icc: Uint8Array): string | undefined {
  const view = new DataView(icc.buffer, icc.byteOffset, icc.byteLength);
  if (icc.length < 132) return undefined;
  const count = Math.min(view.getUint32(128), 100);
  for (let i = 0; i < count; i++) {
    const at = 132 + i * 12;
    if (at + 12 > icc.length) return undefined;
    if (textAt(icc, at, 4) !== 'desc') continue;
    const offset = view.getUint32(at + 4);
    const size = view.getUint32(at + 8);
    if (offset + size > icc.length || size < 12) return undefined;
    return descriptionOf(icc.subarray(offset, offset + size));
  }
  return undefined;
}

function descriptionOf(tag: Uint8Array): string | undefined {
  const view = new DataView(tag.buffer, tag.byteOffset, tag.byteLength);
  const type = textAt(tag, 0, 4);
  if (type === 'desc') {
    const length = Math.min(view.getUint32(8), tag.length - 12);
    return cleaned(textAt(tag, 12, length));
  }
  if (type !== 'mluc' || tag.length < 28) return undefined;
  const length = view.getUint32(20);
  const offset = view.getUint32(24);
  if (offset + length > tag.length) return undefined;
  let text = '';
  for (let i = 0; i + 1 < length; i += 2) text += String.fromCharCode(view.getUint16(offset + i));
  return cleaned(text);
}

function textAt(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + Math.min(length, 1000)));
}

function cleaned(text: string): string | undefined {
  const end = text.indexOf('\0');
  const name = (end < 0 ? text : text.slice(0, end)).trim().slice(0, 200);
  return name === '' ? undefined : name;
}

/** True for the common sRGB profiles: values under them are sRGB already and must not be touched. */
export function isSrgbProfile(icc: Uint8Array): boolean {
  const name = profileName(icc)?.toLowerCase() ?? '';
  const space = textAt(icc, 16, 4);
  return space === 'RGB ' && name.startsWith('srgb') && !/linear|gray|gamma 1|g1\.?0/.test(name);
}
