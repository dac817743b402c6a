/** Identifiers: a time and 80 random bits in Crockford's base 32, so that they sort by age. */
import { randomBytes } from 'node:crypto';

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** 26 characters, lower case, after a prefix: `job-01h...`. */
export function newId(prefix: string, wallMs: number): string {
  let time = Math.max(0, Math.floor(wallMs));
  let head = '';
  for (let i = 0; i < 10; i++) {
    head = (alphabet[time % 32] ?? '0') + head;
    time = Math.floor(time / 32);
  }
  return `${prefix}-${(head + randomText(16)).toLowerCase()}`;
}

/** Uniform random characters of Crockford's alphabet (5 bits each). */
export function randomText(length: number): string {
  return Array.from(randomBytes(length), (byte) => alphabet[byte & 31]).join('');
}

/** What a person typed, as the alphabet means it: no case, O is 0, I and L are 1, no separators. */
export function normalizeCode(text: string): string {
  return text.toUpperCase().replace(/[\s-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1');
}
