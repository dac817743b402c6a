/** Reading request bodies: bounded, patient only as long as bytes keep coming, parsed once. */
import type { IncomingMessage } from 'node:http';
import { z, type ZodType } from 'zod';
import { PentimentoError, type ErrorCode } from '../../shared/errors.ts';

const idleMs = 30_000;
const maxJsonBytes = 256 * 1024;
const brokeOff = 'It stopped arriving before its end.';

/** The body's bytes as they arrive. Throws E_FRAME when they stop or the client goes. */
export async function* bodyChunks(incoming: IncomingMessage): AsyncGenerator<Uint8Array> {
  const stalled = setTimeout(() => incoming.destroy(new Error('no bytes')), idleMs);
  try {
    // The stream stays open when the reader gives up, so that the answer can still be sent.
    for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
      stalled.refresh();
      yield z.instanceof(Uint8Array).parse(chunk);
    }
  } catch (cause) {
    throw new PentimentoError('E_FRAME', brokeOff, { cause });
  } finally {
    clearTimeout(stalled);
  }
  if (!incoming.complete) throw new PentimentoError('E_FRAME', brokeOff);
}

/** Refuses by the announced length, before a byte is read. Returns it (0 when not announced). */
export function announcedLength(incoming: IncomingMessage, maxBytes: number): number {
  const encoding = incoming.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new PentimentoError('E_JSON', 'Bodies are not unpacked; send it as it is.');
  }
  const length = Number(incoming.headers['content-length'] ?? 0);
  if (length > maxBytes) throw new PentimentoError('E_TOO_LARGE');
  return length;
}

/** A small JSON document through its schema. Throws E_JSON, E_PARAM, E_TOO_LARGE, E_FRAME. */
export async function readJson<T>(incoming: IncomingMessage, schema: ZodType<T>): Promise<T> {
  announcedLength(incoming, maxJsonBytes);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bodyChunks(incoming)) {
    size += chunk.length;
    if (size > maxJsonBytes) throw new PentimentoError('E_TOO_LARGE');
    chunks.push(chunk);
  }
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)));
  } catch (cause) {
    throw new PentimentoError('E_JSON', undefined, { cause });
  }
  return parseSettings(json, schema);
}

/** Any value through its schema; the failure names the setting. */
export function parseSettings<T>(value: unknown, schema: ZodType<T>): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = (issue?.path ?? []).map(String).join('.').slice(0, 100);
  throw new PentimentoError(codeOf(issue), `${where || 'The request'}: ${describe(issue)}.`);
}

function codeOf(issue: z.core.$ZodIssue | undefined): ErrorCode {
  const name = issue?.path.at(-1);
  const isPrompt = name === 'prompt' || name === 'negativePrompt';
  return isPrompt && issue?.code === 'too_big' ? 'E_PROMPT_TOO_LONG' : 'E_PARAM';
}

function describe(issue: z.core.$ZodIssue | undefined): string {
  return (issue?.message ?? 'not as agreed').replace(/\.$/, '').slice(0, 300);
}
