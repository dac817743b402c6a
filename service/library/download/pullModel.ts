/** From an address to a model file in the library's folder: downloaded, checked, given its name. */
import { createHash } from 'node:crypto';
import { link, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { PentimentoError, type ErrorCode } from '../../../shared/errors.ts';
import { inspectModel, type InspectedModel } from '../inspectModel.ts';
import { modelEndings } from '../scanFolder.ts';
import { checkedAddress } from './address.ts';
import { download, stopped, type DownloadLimits } from './download.ts';
import { fileError, openPart, type PartFile } from './partFile.ts';
import { homeFolder, stagingFolder } from './targetFolder.ts';

export interface PullOptions {
  readonly address: string;
  /** A plain folder, or a program's own: then the part of it for that kind of model. */
  readonly folder: string;
  /** Hex. */
  readonly sha256: string | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (doneBytes: number, totalBytes: number | undefined) => void;
  readonly onChecking: () => void;
  readonly limits: DownloadLimits;
}

export interface PulledModel {
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  /** What it is, and what stands in the way of using it. */
  readonly model: Pick<InspectedModel, 'kind' | 'family' | 'variant' | 'usable' | 'problem'>;
  /** The same file was there already. */
  readonly wasThere: boolean;
}

export const pullLimits: DownloadLimits = {
  mostBytes: 64e9,
  spareBytes: 512 * 1024 ** 2,
  stallMs: 45_000,
  tries: 5,
  pauseMs: 1_000,
};

/**
 * Throws what `download` throws, E_MODEL_HASH, E_FILE (another file has the name), and what makes the
 * file no model at all: E_MODEL_NOT_SAFETENSORS, E_MODEL_DAMAGED, E_MODEL_UNSAFE. A file that was asked
 * for by its hash is kept whatever it is.
 */
export async function pullModel(options: PullOptions): Promise<PulledModel> {
  const address = checkedAddress(options.address);
  const { sha256: expected, signal } = options;
  const staging = await stagingFolder(options.folder);
  const part = await openPart(staging, address.href);
  let keepsPart = true;
  try {
    await download(part, { ...options, address, isVerified: expected !== undefined });
    options.onChecking();
    const sha256 = await hashOf(part.handle, signal);
    keepsPart = false;
    if (expected !== undefined && sha256 !== expected.toLowerCase()) {
      throw new PentimentoError('E_MODEL_HASH', `Its SHA-256 is ${sha256}.`);
    }
    const model = await inspectPart(part);
    if (model.problem && expected === undefined && noModel.includes(model.problem.code)) {
      throw new PentimentoError(model.problem.code, ownWords(part, model.problem.detail));
    }
    const name = await completeName(part);
    const folder = await homeFolder(options.folder, model.kind);
    keepsPart = true;
    const placed = await place(part, [join(folder, name), join(staging, name)], {
      sha256,
      signal,
    });
    keepsPart = false;
    return { ...placed, sha256, sizeBytes: part.sizeBytes, model };
  } catch (error) {
    throw fileError(error);
  } finally {
    await part.close();
    if (!keepsPart) await part.remove();
  }
}

const noModel: readonly ErrorCode[] = [
  'E_MODEL_NOT_SAFETENSORS',
  'E_MODEL_DAMAGED',
  'E_MODEL_UNSAFE',
];

async function hashOf(handle: FileHandle, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(4 * 1024 * 1024);
  for (let at = 0; ;) {
    if (signal.aborted) throw stopped();
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) break;
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  return hash.digest('hex');
}

function inspectPart({ path, sizeBytes, state }: PartFile): Promise<InspectedModel> {
  const found = {
    layout: 'single',
    path,
    realPath: path,
    relativePath: state?.name ?? basename(path),
    companions: {},
  } as const;
  return inspectModel(found, { sizeBytes, mtimeMs: 0 });
}

/** Problems name the file as it is called now; the artist knows it by its own name. */
function ownWords({ path, state }: PartFile, detail: string | undefined): string | undefined {
  return state && detail?.replaceAll(basename(path), state.name);
}

/** With a model's ending, which addresses do not always have. */
async function completeName({ handle, state }: PartFile): Promise<string> {
  const name = state?.name ?? 'model';
  if (modelEndings.has(extname(name).toLowerCase())) return name;
  const start = Buffer.alloc(9);
  await handle.read(start, 0, start.length, 0);
  return `${name}.${start[8] === 0x7b ? 'safetensors' : 'ckpt'}`;
}

/**
 * Gives it the first of the names that its disk allows, and never takes one from another file. Throws
 * E_FILE.
 */
async function place(
  part: PartFile,
  paths: readonly string[],
  { sha256, signal }: { readonly sha256: string; readonly signal: AbortSignal },
): Promise<Pick<PulledModel, 'path' | 'wasThere'>> {
  for (const path of paths) {
    try {
      await install(part.path, path);
      return { path, wasThere: false };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EXDEV') continue;
      if (code !== 'EEXIST') throw error;
      if (await hasHash(path, sha256, signal)) return { path, wasThere: true };
      const name = basename(path);
      throw new PentimentoError('E_FILE', `Another file is called ${name} there; use --to FOLDER.`);
    }
  }
  throw new PentimentoError('E_FILE', 'It cannot be moved to its folder.');
}

async function hasHash(path: string, sha256: string, signal: AbortSignal): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    return (await hashOf(file, signal)) === sha256;
  } finally {
    await file.close();
  }
}

/** A link cannot replace a file, as a rename would; some disks know no links. */
async function install(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
    await rm(from, { force: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' || code === 'EXDEV') throw error;
    if (await stat(to).catch(() => undefined)) throw Object.assign(new Error(), { code: 'EEXIST' });
    await rename(from, to);
  }
}
