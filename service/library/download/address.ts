/** Addresses that models may be downloaded from, and what a file from there is called. Pure. */
import { PentimentoError } from '../../../shared/errors.ts';

/**
 * The address, if it is http or https without a password in it. `from` is the page that led there: a way
 * that began encrypted stays so. Throws E_MODEL_ADDRESS.
 */
export function checkedAddress(text: string, from?: URL): URL {
  if (!URL.canParse(text, from?.href)) throw refused('It is not an address.');
  const address = new URL(text, from?.href);
  if (address.protocol !== 'https:' && address.protocol !== 'http:') {
    const scheme = address.protocol.slice(0, 20);
    throw refused(`${from ? 'It leads on to' : 'It is'} a ${scheme} address, not http: or https:.`);
  }
  if (from?.protocol === 'https:' && address.protocol === 'http:') {
    throw refused('It leads on from https: to http:, which anybody on the way could change.');
  }
  if (address.username !== '' || address.password !== '') {
    throw refused('It holds a name or a password; leave them away.');
  }
  address.hash = '';
  return address;
}

function refused(detail: string): PentimentoError {
  return new PentimentoError('E_MODEL_ADDRESS', detail);
}

export function isAddress(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
}

const longestName = 160;
/** Windows keeps these names for devices. */
const deviceNames = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/** The name that the server gives (RFC 6266), or the address's last part; safe on every system. */
export function fileNameOf(address: URL, disposition: string | null): string {
  const told = /filename\*\s*=\s*utf-8''([^;\s]+)/i.exec(disposition ?? '')?.[1];
  const quoted = /filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i.exec(disposition ?? '');
  const plain = quoted?.[1]?.replaceAll(/\\(.)/g, '$1') ?? quoted?.[2];
  const last = address.pathname.split('/').at(-1) ?? '';
  const [name = 'model'] = [told && decoded(told), plain, decoded(last)]
    .map((text) => safeName(text ?? ''))
    .filter((text) => text !== '');
  return deviceNames.test(name) ? `_${name}` : name;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Without folders, hidden beginnings and characters that some system forbids; the ending is kept. */
function safeName(text: string): string {
  const base = text.split(/[\\/]/).at(-1) ?? '';
  const kept = base
    .replaceAll(/[\p{Cc}\p{Cf}<>:"|?*]/gu, '')
    .replace(/^[.\s]+/, '')
    .replace(/[.\s]+$/, '');
  if (kept.length <= longestName) return kept;
  const ending = /\.[a-z]{2,12}$/i.exec(kept)?.[0] ?? '';
  return kept.slice(0, longestName - ending.length) + ending;
}
