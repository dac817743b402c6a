/** Whose request it is: a bearer token, looked up by its hash. */
import { PentimentoError } from '../../shared/errors.ts';
import type { Client, ClientTable } from '../jobs/clientTable.ts';
import type { Limiter } from './limiter.ts';

/** 256 bits in base64url, nothing around it. */
const bearer = /^Bearer ([A-Za-z0-9_-]{43})$/;

/** Throws E_AUTH_REQUIRED, E_AUTH_INVALID, E_TOO_MANY_TRIES. */
export function authenticate(
  authorization: string | undefined,
  clients: ClientTable,
  failures: Limiter,
): Client {
  if (authorization === undefined) throw new PentimentoError('E_AUTH_REQUIRED');
  const token = bearer.exec(authorization)?.[1];
  const client = token === undefined ? undefined : clients.find(token);
  if (client) return client;
  throw new PentimentoError(failures.fail() ? 'E_AUTH_INVALID' : 'E_TOO_MANY_TRIES');
}
