/**
 * Brings a file from a server into a part file, over cuts, stalls and changes in between: what has come
 * is asked for no second time as long as the server proves that it is the same file (RFC 9110, 13.1.5).
 */
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PentimentoError } from '../../../shared/errors.ts';
import { fileNameOf } from './address.ts';
import { askServer, refuseOther, TroubleError, type Answered } from './askServer.ts';
import { fileError, type PartFile, type PartState } from './partFile.ts';

export interface DownloadOptions {
  readonly address: URL;
  /** The hash is known and will be checked: parts are joined even when the server proves nothing. */
  readonly isVerified: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (doneBytes: number, totalBytes: number | undefined) => void;
  readonly limits: DownloadLimits;
}

export interface DownloadLimits {
  readonly mostBytes: number;
  /** Space to leave free on the disk. */
  readonly spareBytes: number;
  /** Without a byte for this long, the connection is given up. */
  readonly stallMs: number;
  /** Tries in a row that bring nothing new. */
  readonly tries: number;
  readonly pauseMs: number;
}

/** However much each brings. */
const mostConnections = 500;

/**
 * Completes the part. Throws E_MODEL_ADDRESS, E_MODEL_REFUSED, E_MODEL_DOWNLOAD, E_DISK_FULL, E_FILE,
 * E_CANCELLED; the part is kept in every case.
 */
export async function download(part: PartFile, options: DownloadOptions): Promise<void> {
  const { signal, limits } = options;
  let most = part.sizeBytes;
  let fruitless = 0;
  for (let i = 0; i < mostConnections; i++) {
    try {
      if (await connectOnce(part, options)) return;
    } catch (error) {
      if (signal.aborted) throw stopped();
      const known = fileError(error);
      if (known instanceof PentimentoError) throw known;
      fruitless = part.sizeBytes > most ? 0 : fruitless + 1;
      most = Math.max(most, part.sizeBytes);
      if (fruitless >= limits.tries) throw gaveUp(error);
    }
    await sleep(limits.pauseMs * 2 ** Math.min(fruitless, 5), undefined, { signal }).catch(() => {
      throw stopped();
    });
  }
  throw gaveUp(undefined);
}

/** What has come stays for the next time. */
export function stopped(): PentimentoError {
  return new PentimentoError('E_CANCELLED', 'What has come so far is kept.');
}

function gaveUp(cause: unknown): PentimentoError {
  const why = cause instanceof TroubleError ? cause.message : reasonOf(cause);
  return new PentimentoError('E_MODEL_DOWNLOAD', `The server: ${why}.`, { cause });
}

const networkReasons: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name cannot be looked up; is this computer online?',
  ECONNREFUSED: 'it does not answer',
  ECONNRESET: 'the connection was cut',
  UND_ERR_SOCKET: 'the connection was cut',
  CERT_HAS_EXPIRED: 'its certificate has expired',
};

/** fetch wraps what really happened. */
function reasonOf(error: unknown): string {
  const { cause } = error instanceof Error ? error : {};
  const code = cause && (cause as NodeJS.ErrnoException).code;
  return networkReasons[String(code)] ?? 'the connection failed';
}

/** One connection; true when the part is whole. Throws TroubleError and what fetch and the disk throw. */
async function connectOnce(part: PartFile, options: DownloadOptions): Promise<boolean> {
  const stall = watchStall(options.limits.stallMs);
  try {
    const signal = AbortSignal.any([options.signal, stall.signal]);
    const headers = rangeHeaders(part, options.isVerified);
    const answered = await askServer(options.address, headers, signal);
    if (answered.response.status === 416 && headers['range'] !== undefined) {
      return await endOfRange(part, answered);
    }
    await refuseOther(answered);
    await agree(part, answered, options);
    await receive(part, answered.response, { ...options, onBytes: stall.touch });
    const total = part.state?.totalBytes;
    if (total !== undefined && part.sizeBytes < total) throw new TroubleError('it stopped early');
    await part.handle.sync();
    return true;
  } catch (error) {
    const isStalled = stall.signal.aborted && !options.signal.aborted;
    throw isStalled ? new TroubleError('it sent nothing for a long time') : error;
  } finally {
    stall.end();
  }
}

function watchStall(stallMs: number) {
  const stop = new AbortController();
  let timer = setTimeout(() => stop.abort(), stallMs);
  const end = () => clearTimeout(timer);
  const touch = () => {
    end();
    timer = setTimeout(() => stop.abort(), stallMs);
  };
  return { signal: stop.signal, touch, end };
}

/** Asks for what is missing, if what is there can be told to belong to the same file. */
function rangeHeaders({ sizeBytes, state }: PartFile, isVerified: boolean): Record<string, string> {
  const validator = state?.etag ?? state?.lastModified;
  if (sizeBytes === 0 || (validator === undefined && !isVerified)) return {};
  return {
    range: `bytes=${sizeBytes}-`,
    ...(validator === undefined ? {} : { 'if-range': validator }),
  };
}

/** "There is nothing after that": whole, if the server means the same length. */
async function endOfRange(part: PartFile, { response }: Answered): Promise<boolean> {
  await response.body?.cancel();
  const total = Number(/^bytes \*\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1]);
  if (total === part.sizeBytes && (part.state?.totalBytes ?? total) === total) return true;
  if (part.state) await part.restart(part.state);
  throw new TroubleError('it has another file now');
}

/** Continues the part or begins it again, as the answer says; then there is room for the rest. */
async function agree(part: PartFile, answered: Answered, options: DownloadOptions): Promise<void> {
  const { status, headers } = answered.response;
  const said = stateOf(answered, options.address);
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '');
  if (status === 206 && part.state) {
    const total = range?.[2] === undefined || range[2] === '*' ? undefined : Number(range[2]);
    const isSame =
      Number(range?.[1]) === part.sizeBytes &&
      (total ?? part.state.totalBytes) === (part.state.totalBytes ?? total) &&
      (said.etag ?? part.state.etag) === part.state.etag;
    if (!isSame) {
      await part.restart(part.state);
      await answered.response.body?.cancel();
      throw new TroubleError('it changed the file in between');
    }
  } else if (status === 206) throw new TroubleError('it sends a part that nobody asked for');
  else await part.restart(said);
  await checkRoom(part, options.limits);
}

function stateOf({ response, address }: Answered, start: URL): PartState {
  const { headers } = response;
  const isPlain = (headers.get('content-encoding') ?? 'identity') === 'identity';
  const length = Number(headers.get('content-length') ?? 'none');
  const etag = headers.get('etag');
  const lastModified = headers.get('last-modified');
  return {
    address: start.href,
    name: fileNameOf(address, headers.get('content-disposition')),
    ...(isPlain && etag?.startsWith('"') ? { etag } : {}),
    ...(isPlain && lastModified !== null ? { lastModified } : {}),
    ...(isPlain && Number.isSafeInteger(length) && length >= 0 ? { totalBytes: length } : {}),
  };
}

/** Throws E_MODEL_ADDRESS for a file beyond any measure, E_DISK_FULL. */
async function checkRoom(part: PartFile, limits: DownloadLimits): Promise<void> {
  const total = part.state?.totalBytes;
  if (total === undefined) return;
  if (total > limits.mostBytes) throw tooLarge(limits);
  const { bavail, bsize } = await statfs(dirname(part.path));
  const [free, missing] = [bavail * bsize, total - part.sizeBytes + limits.spareBytes];
  if (missing > free) {
    const detail = `${gigabytes(missing)} are needed in that folder, ${gigabytes(free)} are free.`;
    throw new PentimentoError('E_DISK_FULL', detail);
  }
}

function tooLarge({ mostBytes }: DownloadLimits): PentimentoError {
  const detail = `The file is larger than ${gigabytes(mostBytes)}, more than any model.`;
  return new PentimentoError('E_MODEL_ADDRESS', detail);
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

async function receive(
  part: PartFile,
  { body }: Response,
  options: DownloadOptions & { readonly onBytes: () => void },
): Promise<void> {
  const total = part.state?.totalBytes;
  options.onProgress(part.sizeBytes, total);
  if (!body) throw new TroubleError('it sent nothing');
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    const after = part.sizeBytes + chunk.length;
    if (after > options.limits.mostBytes) throw tooLarge(options.limits);
    if (total !== undefined && after > total) {
      if (part.state) await part.restart(part.state);
      throw new TroubleError('it sent more than it had announced');
    }
    await writeAll(part, chunk);
    options.onBytes();
    options.onProgress(part.sizeBytes, total);
  }
}

async function writeAll(part: PartFile, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length;) {
    const { bytesWritten } = await part.handle.write(chunk, at, chunk.length - at, part.sizeBytes);
    at += bytesWritten;
    part.sizeBytes += bytesWritten;
  }
}
