/**
 * The house's table: who may import whom, and the one door of every outside package. The same table
 * stands in docs/architecture.md.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

interface Room {
  /** Files whose path starts with this belong to the room; the longest match wins. */
  readonly path: string;
  /** Rooms whose files it may import (its own always). */
  readonly rooms: readonly string[];
  /** Outside packages it may import. */
  readonly packages: readonly string[];
}

const engine = 'service/engine';
const rooms: readonly Room[] = [
  { path: 'shared', rooms: [], packages: ['zod'] },

  { path: 'service/messages.ts', rooms: ['shared'], packages: ['zod'] },
  { path: 'service/availableMemoryBytes.ts', rooms: [], packages: ['node:'] },
  { path: 'service/bigGarbage.ts', rooms: [], packages: ['node:'] },
  { path: 'service/config.ts', rooms: ['shared'], packages: ['zod', 'env-paths', 'node:'] },
  {
    path: 'service/library',
    rooms: ['shared', 'service/messages.ts', `${engine}/weights`],
    packages: ['node:', 'zod'],
  },
  {
    path: 'service/variants',
    rooms: ['shared', `${engine}/prompt`, `${engine}/sampling`, 'service/recipes'],
    packages: [],
  },
  {
    path: 'service/recipes',
    rooms: ['shared', `${engine}/prompt`, `${engine}/sampling`],
    packages: ['node:', 'zod'],
  },
  {
    path: 'service/jobs',
    rooms: ['shared', 'service/messages.ts'],
    packages: ['node:', 'zod', 'better-sqlite3'],
  },
  {
    path: 'service/http',
    rooms: [
      'shared',
      'service/messages.ts',
      'service/config.ts',
      'service/jobs',
      'service/library',
      'service/recipes',
      `${engine}/plan`,
    ],
    packages: ['node:', 'zod', 'hono', '@hono/node-server'],
  },
  {
    path: 'service/main.ts',
    rooms: [
      'shared',
      'service/availableMemoryBytes.ts',
      'service/config.ts',
      'service/http',
      'service/jobs',
      'service/library',
      'service/messages.ts',
      `${engine}/plan`,
      `${engine}/prompt`,
      `${engine}/sampling`,
    ],
    packages: ['node:'],
  },
  {
    path: 'service/cli',
    rooms: [
      'shared',
      'service/messages.ts',
      'service/config.ts',
      'service/main.ts',
      'service/library',
      'service/recipes',
      'service/variants',
      `${engine}/picture`,
    ],
    packages: ['node:', 'zod'],
  },

  { path: `${engine}/tensor.ts`, rooms: [], packages: [] },
  { path: `${engine}/simdModule.ts`, rooms: [], packages: [] },
  { path: `${engine}/diffusion.ts`, rooms: [`${engine}/tensor.ts`], packages: [] },
  { path: `${engine}/plan`, rooms: ['shared', `${engine}/sampling`], packages: [] },
  {
    path: `${engine}/picture`,
    rooms: ['shared', 'service/messages.ts', `${engine}/tensor.ts`, `${engine}/simdModule.ts`],
    packages: ['node:', 'zod', 'sharp', 'ag-psd', 'fflate'],
  },
  {
    path: `${engine}/prompt`,
    rooms: ['shared', `${engine}/tensor.ts`, `${engine}/diffusion.ts`],
    packages: ['node:'],
  },
  {
    path: `${engine}/sampling`,
    rooms: ['shared', `${engine}/tensor.ts`, `${engine}/diffusion.ts`, `${engine}/simdModule.ts`],
    packages: [],
  },
  {
    path: `${engine}/weights`,
    rooms: ['shared', 'service/messages.ts', `${engine}/tensor.ts`],
    packages: ['node:', 'zod', 'yauzl'],
  },
  {
    path: `${engine}/graph`,
    rooms: ['shared', `${engine}/tensor.ts`, `${engine}/diffusion.ts`, `${engine}/weights`],
    packages: ['node:'],
  },
  {
    path: `${engine}/runtime`,
    rooms: ['shared', `${engine}/tensor.ts`],
    packages: ['node:', 'onnxruntime-node'],
  },
  {
    path: `${engine}/networks`,
    rooms: [
      'shared',
      `${engine}/tensor.ts`,
      `${engine}/diffusion.ts`,
      `${engine}/graph`,
      `${engine}/runtime`,
      `${engine}/weights`,
    ],
    packages: ['node:'],
  },
  {
    path: engine,
    rooms: [
      'shared',
      'service/messages.ts',
      'service/availableMemoryBytes.ts',
      'service/bigGarbage.ts',
      engine,
      `${engine}/plan`,
      `${engine}/picture`,
      `${engine}/prompt`,
      `${engine}/sampling`,
      `${engine}/weights`,
      `${engine}/networks`,
      `${engine}/tensor.ts`,
      `${engine}/diffusion.ts`,
      `${engine}/runtime`,
    ],
    packages: ['node:'],
  },

  { path: 'plugin/client', rooms: ['shared'], packages: ['zod'] },
  { path: 'plugin/picture', rooms: ['shared'], packages: ['fflate'] },
  { path: 'plugin/host/host.ts', rooms: ['shared'], packages: [] },
  {
    path: 'plugin/host/photoshop',
    rooms: ['shared', 'plugin/host/host.ts'],
    packages: ['photoshop', 'uxp', 'zod'],
  },
  {
    path: 'plugin/host/workbench',
    rooms: ['shared', 'plugin/host/host.ts', 'plugin/picture'],
    packages: ['ag-psd', 'react', 'zod'],
  },
  {
    path: 'plugin/session',
    rooms: ['shared', 'plugin/host/host.ts', 'plugin/client', 'plugin/picture'],
    packages: ['zod'],
  },
  {
    path: 'plugin/panel',
    rooms: ['shared', 'plugin/host/host.ts', 'plugin/session'],
    packages: ['react', '@spectrum-web-components'],
  },
  {
    path: 'plugin',
    rooms: [
      'shared',
      'plugin/panel',
      'plugin/session',
      'plugin/client',
      'plugin/host/host.ts',
      'plugin/host/photoshop',
      'plugin/host/workbench',
      'plugin/picture',
    ],
    packages: ['react', 'react-dom', 'zod', '@spectrum-web-components'],
  },
];

/** Packages with exactly one door: only files under this path import them. */
const doors: Readonly<Record<string, string>> = {
  'onnxruntime-node': `${engine}/runtime`,
  sharp: `${engine}/picture`,
  hono: 'service/http',
  '@hono/node-server': 'service/http',
  'better-sqlite3': 'service/jobs/store',
  photoshop: 'plugin/host/photoshop',
  uxp: 'plugin/host/photoshop',
};

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return filesBelow(path);
    return /\.tsx?$/.test(name) && !name.endsWith('.d.ts') ? [path] : [];
  });
}

const slash = (path: string) => path.split(sep).join('/');

function roomOf(file: string): Room | undefined {
  return rooms
    .filter(
      (r) =>
        file === r.path ||
        file.startsWith(`${r.path}/`) ||
        (!r.path.includes('.') && file.startsWith(`${r.path}.`)),
    )
    .sort((a, b) => b.path.length - a.path.length)[0];
}

interface Import {
  readonly from: string;
  readonly target: string;
  readonly outside: boolean;
}

const importPattern =
  /(?:^|\n)\s*(?:import|export)\b[^'";]*?\bfrom\s*['"]([^'"]+)['"]|(?:^|\n)\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|\brequire\(\s*['"]([^'"]+)['"]\s*\)/g;

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(importPattern)].map((m) => {
    const specifier = m[1] ?? m[2] ?? m[3] ?? m[4] ?? '';
    if (!specifier.startsWith('.')) return { from: file, target: specifier, outside: true };
    const target = slash(relative(root, resolve(root, dirname(file), specifier)));
    return { from: file, target, outside: false };
  });
}

const files = ['shared', 'service', 'plugin']
  .flatMap((f) => filesBelow(join(root, f)))
  .map((f) => slash(relative(root, f)));
const imports = files.flatMap(importsOf);

function packageName(specifier: string): string {
  if (specifier.startsWith('node:')) return 'node:';
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? specifier);
}

describe('the house', () => {
  it('has looked at something', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(imports.filter((i) => !i.outside).length).toBeGreaterThan(100);
    expect(imports.filter((i) => i.outside).length).toBeGreaterThan(30);
  });

  it('gives every file a room', () => {
    expect(files.filter((f) => roomOf(f) === undefined)).toEqual([]);
  });

  it('lets rooms import only their neighbours', () => {
    const wrong = imports.filter((i) => {
      if (i.outside || /\.(css|json)$/.test(i.target)) return false;
      const from = roomOf(i.from);
      const to = roomOf(i.target);
      return from !== undefined && to !== undefined && from !== to && !from.rooms.includes(to.path);
    });
    expect(wrong.map((i) => `${i.from} -> ${i.target}`)).toEqual([]);
  });

  it('lets rooms import only their packages', () => {
    const wrong = imports.filter((i) => {
      if (!i.outside) return false;
      const name = packageName(i.target);
      const allowed = roomOf(i.from)?.packages ?? [];
      return !allowed.some((p) => p === name || (name.startsWith('@') && name.startsWith(`${p}/`)));
    });
    expect(wrong.map((i) => `${i.from} -> ${i.target}`)).toEqual([]);
  });

  it('has one door per outside package', () => {
    const wrong = imports.filter((i) => {
      const door = i.outside ? doors[packageName(i.target)] : undefined;
      return door !== undefined && !i.from.startsWith(door);
    });
    expect(wrong.map((i) => `${i.from} -> ${i.target}`)).toEqual([]);
  });

  it('reads the environment in one file', () => {
    const readers = files.filter(
      (f) =>
        f !== 'service/config.ts' && readFileSync(join(root, f), 'utf8').includes('process.env'),
    );
    expect(readers).toEqual([]);
  });

  it('starts threads in one file', () => {
    const starters = imports.filter((i) => i.target === 'node:worker_threads');
    const found = new Set(starters.map((i) => i.from));
    expect([...found]).toEqual([`${engine}/picture/simd/bandThreads.ts`]);
  });

  it('keeps chance and clocks out of the pure rooms', () => {
    const pure = [
      `${engine}/plan`,
      `${engine}/sampling`,
      `${engine}/graph`,
      `${engine}/prompt`,
      'service/recipes',
      'service/variants',
      'shared',
      'plugin/session',
    ];
    const wrong = files.filter(
      (f) =>
        pure.some((p) => f.startsWith(p)) &&
        /Math\.random|Date\.now|performance\.now|new Date\(\)/.test(
          readFileSync(join(root, f), 'utf8'),
        ),
    );
    expect(wrong).toEqual([]);
  });

  it('has no barrels and no catch-all names', () => {
    const names = /(^|\/)(utils?|helpers?|common|misc|index)\.tsx?$/;
    expect(files.filter((f) => names.test(f))).toEqual([]);
    const barrels = files.filter((f) =>
      /(^|\n)export\s*(\*|\{[^}]*\})\s*from/.test(readFileSync(join(root, f), 'utf8')),
    );
    expect(barrels).toEqual([]);
  });
});
