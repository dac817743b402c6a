/** One request for a file: redirects followed by hand, the answer's meaning for a download told. */
import { PentimentoError } from '../../../shared/errors.ts';
import { checkedAddress } from './address.ts';

const mostRedirects = 10;
const redirects = new Set([301, 302, 303, 307, 308]);

export interface Answered {
  readonly response: Response;
  /** Where the last redirect led. */
  readonly address: URL;
}

/** Throws E_MODEL_ADDRESS for a redirect that is not followed, and what fetch throws. */
export async function askServer(
  start: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Answered> {
  let address = start;
  for (let i = 0; i <= mostRedirects; i++) {
    const response = await fetch(address, {
      // Compressed on the way, byte ranges would mean something else.
      headers: { ...headers, 'accept-encoding': 'identity', 'user-agent': 'pentimento' },
      redirect: 'manual',
      signal,
    });
    const location = response.headers.get('location');
    if (!redirects.has(response.status) || location === null) return { response, address };
    await response.body?.cancel();
    address = checkedAddress(location, address);
  }
  throw new PentimentoError('E_MODEL_ADDRESS', 'It leads on to another address again and again.');
}

const refusals: Readonly<Record<number, string>> = {
  401: 'It asks you to sign in.',
  403: 'It does not let you have it.',
  404: 'It has no such file.',
  410: 'It no longer has the file.',
  451: 'It may not give it for legal reasons.',
};
const passing = new Set([408, 425, 429]);

/** A server's passing trouble: worth another try. */
export class TroubleError extends Error {}

/** Throws E_MODEL_REFUSED for an answer that is no file, TroubleError for one that may be better later. */
export async function refuseOther({ response }: Answered): Promise<void> {
  const { status, headers } = response;
  const isPage = /^text\/html|^application\/xhtml/i.test(headers.get('content-type') ?? '');
  if ((status === 200 || status === 206) && !isPage) return;
  await response.body?.cancel();
  if (status >= 500 || passing.has(status)) throw new TroubleError(`it answered ${status}`);
  const why = isPage && status < 300 ? 'It answered with a web page, not with a file.' : undefined;
  throw new PentimentoError(
    'E_MODEL_REFUSED',
    why ?? refusals[status] ?? `It answered with status ${status}.`,
  );
}
