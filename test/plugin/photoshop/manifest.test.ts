import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import manifest from '../../../manifest.json' with { type: 'json' };
import packageFile from '../../../package.json' with { type: 'json' };
import { defaultPort } from '../../../shared/limits.ts';
import { problemsOfManifest } from '../../../tools/panelManifest.mjs';

const root = path.join(import.meta.dirname, '../../..');

async function filesBeside(): Promise<string[]> {
  const icons = await readdir(path.join(root, 'plugin/icons'));
  return ['index.html', ...icons.map((name) => `icons/${name}`)];
}

/** Width, height and colour type of a PNG, from its header. */
async function pngHeader(file: string): Promise<{ width: number; height: number; color: number }> {
  const bytes = await readFile(path.join(root, 'plugin', file));
  expect(bytes.subarray(1, 4).toString('latin1')).toBe('PNG');
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20), color: bytes[25] ?? 0 };
}

const { version } = packageFile;
const changed = (change: object) => ({ ...structuredClone(manifest), ...change });

describe('manifest', () => {
  it('has everything that Photoshop asks for', async () => {
    expect(problemsOfManifest(manifest, { files: await filesBeside(), version })).toEqual([]);
  });

  it('may reach the service on its port, ask for a file, and nothing else', () => {
    expect(manifest.requiredPermissions).toEqual({
      localFileSystem: 'request',
      network: { domains: [`http://127.0.0.1:${defaultPort}`, `http://localhost:${defaultPort}`] },
    });
  });

  it('needs a Photoshop that has imaging, selections and ResizeObserver', () => {
    expect(manifest.host).toEqual([
      expect.objectContaining({
        app: 'PS',
        minVersion: '26.1.0',
        data: expect.objectContaining({ apiVersion: 2 }),
      }),
    ]);
  });

  it('lists icons of its own in both sizes for every theme', async () => {
    const icons = [...manifest.icons, ...manifest.entrypoints.flatMap((entry) => entry.icons)];
    for (const icon of icons) {
      for (const scale of icon.scale) {
        const header = await pngHeader(icon.path.replace('.png', `@${scale}x.png`));
        // Colour type 6, RGB with alpha: gray PNGs are not drawn.
        expect(header).toEqual({
          width: icon.width * scale,
          height: icon.height * scale,
          color: 6,
        });
      }
    }
    const themes = manifest.icons.flatMap((icon) => icon.theme).sort();
    expect(themes).toEqual(['dark', 'darkest', 'light', 'lightest', 'medium']);
  });

  it.each([
    ['another version than the package', { version: '9.9.9' }],
    ['an old manifest version', { manifestVersion: 4 }],
    ['a name that is too long', { name: 'x'.repeat(46) }],
    ['no icons', { icons: [] }],
    ['a missing page', { main: 'other.html' }],
    ['a host before 26.1', { host: { ...manifest.host[0], minVersion: '25.9.0' } }],
    ['a panel without icons', { entrypoints: [{ ...manifest.entrypoints[0], icons: [] }] }],
    ['"all" in a list of domains', { requiredPermissions: { network: { domains: ['all'] } } }],
    [
      'a domain without a port',
      { requiredPermissions: { network: { domains: ['http://127.0.0.1'] } } },
    ],
    [
      'a domain with a path',
      { requiredPermissions: { network: { domains: [`http://127.0.0.1:${defaultPort}/`] } } },
    ],
    [
      'a foreign host',
      { requiredPermissions: { network: { domains: ['http://example.com:80'] } } },
    ],
    [
      'more permissions than needed',
      { requiredPermissions: { ...manifest.requiredPermissions, launchProcess: {} } },
    ],
    [
      'files that nobody picked',
      { requiredPermissions: { ...manifest.requiredPermissions, localFileSystem: 'fullAccess' } },
    ],
  ])('is refused with %s', async (_, change) => {
    const problems = problemsOfManifest(changed(change), { files: await filesBeside(), version });
    expect(problems).not.toEqual([]);
  });
});
