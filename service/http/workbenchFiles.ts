/**
 * The workbench's built files. Their addresses are listed once at the start; a request is looked up in
 * that list and never becomes a path.
 */
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';

export interface WorkbenchFile {
  readonly path: string;
  readonly type: string;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
  '.psd': 'application/octet-stream',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
};

const workbenchHeaders: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; " +
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

const folders = ['assets', 'samples'];

/** Address -> file: `/`, and what lies in `/assets/` and `/samples/`. Empty when nothing is built. */
export function listWorkbench(folder: string): ReadonlyMap<string, WorkbenchFile> {
  const files = new Map<string, WorkbenchFile>();
  const add = (address: string, path: string) => {
    const type = types[extname(path).toLowerCase()];
    if (type !== undefined) files.set(address, { path, type });
  };
  for (const entry of entriesOf(folder)) {
    if (!entry.isFile()) continue;
    add(entry.name === 'index.html' ? '/' : `/${entry.name}`, join(folder, entry.name));
  }
  for (const name of folders) {
    for (const entry of entriesOf(join(folder, name))) {
      if (entry.isFile()) add(`/${name}/${entry.name}`, join(folder, name, entry.name));
    }
  }
  return files;
}

export async function workbenchResponse(file: WorkbenchFile): Promise<Response> {
  const bytes = await readFile(file.path);
  return new Response(new Uint8Array(bytes), {
    headers: { 'content-type': file.type, ...workbenchHeaders },
  });
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
