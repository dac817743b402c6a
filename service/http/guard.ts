/**
 * Who may talk at all, before anything else is looked at: only this computer, only under our own name,
 * no web page but our own. A comparison of Origin with Host would be no protection (DNS rebinding
 * makes them equal); both are compared with a fixed list.
 */
import type { IncomingMessage } from 'node:http';
import type { ErrorCode } from '../../shared/errors.ts';

export interface RequestFacts {
  readonly method: string;
  /** The request target as it was sent. */
  readonly target: string;
  readonly remoteAddress: string | undefined;
  /** Every value of a header, in order: a doubled Host or Origin must not pass as one. */
  readonly header: (name: string) => readonly string[];
}

/** The names this service answers to. It listens on 127.0.0.1; the workbench may say localhost. */
function ownHosts(port: number): string[] {
  return [`127.0.0.1:${port}`, `localhost:${port}`];
}

const tokenNames = new Set(['token', 'access_token', 'auth', 'authorization', 'api_key', 'bearer']);

/** Why the request is refused, or undefined. */
export function refusalOf(facts: RequestFacts, port: number): ErrorCode | undefined {
  const hosts = ownHosts(port);
  if (!isLoopback(facts.remoteAddress)) return 'E_HOST';
  const host = facts.header('host');
  if (host.length !== 1 || !hosts.includes((host[0] ?? '').toLowerCase())) return 'E_HOST';
  // An absolute target carries a host of its own, and `//name/` would be read as one.
  if (!facts.target.startsWith('/') || facts.target.startsWith('//')) return 'E_HOST';
  const origins = hosts.map((name) => `http://${name}`);
  const origin = facts.header('origin');
  if (origin.length > 1) return 'E_ORIGIN';
  if (origin.length === 1 && !origins.includes(origin[0] ?? '')) return 'E_ORIGIN';
  const site = facts.header('sec-fetch-site');
  if (site.some((value) => value !== 'none' && value !== 'same-origin')) return 'E_ORIGIN';
  const referer = facts.header('referer');
  if (referer.some((value) => !origins.some((own) => value.startsWith(`${own}/`)))) {
    return 'E_ORIGIN';
  }
  // No preflight is ever answered: our own page needs none.
  if (facts.method === 'OPTIONS') return 'E_ORIGIN';
  if (hasTokenInQuery(facts.target)) return 'E_TOKEN_IN_URL';
  return undefined;
}

export function factsOf(incoming: IncomingMessage): RequestFacts {
  return {
    method: incoming.method ?? 'GET',
    target: incoming.url ?? '',
    remoteAddress: incoming.socket.remoteAddress,
    header: (name) => incoming.headersDistinct[name] ?? [],
  };
}

function isLoopback(address: string | undefined): boolean {
  return (
    address !== undefined && /^(127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/.test(address)
  );
}

function hasTokenInQuery(target: string): boolean {
  const at = target.indexOf('?');
  if (at < 0) return false;
  for (const name of new URLSearchParams(target.slice(at + 1)).keys()) {
    if (tokenNames.has(name.toLowerCase())) return true;
  }
  return false;
}
