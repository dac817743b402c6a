/** Numbers as Python prints them: "11.0" is not "11", and JavaScript's numbers cannot tell. */

/** A floating-point number as Python's repr writes it. */
export function pythonFloatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.0';
  const [digits, exponentText] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  // Between these both languages write plain digits.
  if (exponent >= -4 && exponent < 16) return Number.isInteger(value) ? `${value}.0` : `${value}`;
  const sign = exponent < 0 ? '-' : '+';
  return `${digits}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** The number that a JSON text gives to a name, as Python prints it; undefined when there is none. */
export function pythonNumber(json: string, name: string): string | undefined {
  const pattern = new RegExp(
    `(?<!\\\\)"${name}"\\s*:\\s*(-?\\d+(?:\\.\\d+)?(?:[eE][+-]?\\d+)?)\\s*[,}]`,
  );
  const text = pattern.exec(json)?.[1];
  if (text === undefined) return undefined;
  return /[.eE]/.test(text) ? pythonFloatText(Number(text)) : text;
}
