/** What killed commands leave behind goes with the next save; what may be anybody else's stays. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { beginFile } from '../../service/cli/begunFile.ts';
import { save } from '../../service/cli/saveFile.ts';
import { partBeside } from '../../service/cli/staleParts.ts';
import { buildService, packageRoot } from '../fixtures/builtProgram.ts';
import { eventually } from '../fixtures/eventually.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';

const folder = temporaryFolder();
const bytes = Uint8Array.of(1, 2, 3);

/** The number of a process that has ended. */
const { pid: gone } = spawnSync(process.execPath, ['-e', '']);

function emptyFolder(name: string): string {
  const own = join(folder, name);
  mkdirSync(own);
  return own;
}

describe('a save', () => {
  it('removes what an ended process has left of this and of other files', async () => {
    const path = join(emptyFolder('left'), 'picture.psd');
    writeFileSync(partBeside(path, gone), 'half');
    writeFileSync(partBeside(join(dirname(path), 'other one.tif'), gone), 'half');
    await save(path, bytes);
    expect(readdirSync(dirname(path))).toEqual(['picture.psd']);
  });

  it('removes it where the save was begun early, too', async () => {
    const path = join(emptyFolder('begun'), 'picture.psd');
    writeFileSync(partBeside(path, gone), 'half');
    await beginFile(path, { at: 0, pieces: [bytes] }).complete([bytes], 0);
    expect(readdirSync(dirname(path))).toEqual(['picture.psd']);
    expect(readFileSync(path)).toEqual(Buffer.from(bytes));
  });

  it('keeps everything else', async () => {
    const path = join(emptyFolder('kept'), 'picture.psd');
    const own = dirname(path);
    const tagged = basename(partBeside(path, gone));
    const [, tag = ''] = /\.([0-9a-f]{10})-\d+\.part$/.exec(tagged) ?? [];
    expect(tag).toHaveLength(10);
    const otherTag = tag.replaceAll(/./g, (c) => (c === '0' ? '1' : '0'));
    const kept = [
      // Another machine, or this one before it was started again.
      tagged.replace(tag, otherTag),
      // A process that is there: this one's parent.
      basename(partBeside(path, process.ppid)),
      // Of other programs.
      `.picture.psd.${gone}.part`,
      `picture.psd.${tag}-${gone}.part`,
      `..part`,
      `${tagged}.json`,
      tagged.replace(`-${gone}`, `-0${gone}`),
      tagged.replace(`-${gone}`, ''),
      'picture.part',
    ];
    for (const name of kept) writeFileSync(join(own, name), 'theirs');
    mkdirSync(partBeside(join(own, 'folder.psd'), gone));
    const link = partBeside(join(own, 'link.psd'), gone);
    if (process.platform !== 'win32') symlinkSync(join(own, 'picture.part'), link);
    const before = readdirSync(own);
    expect(before.length).toBeGreaterThan(kept.length);
    await save(path, bytes);
    expect(readdirSync(own).toSorted()).toEqual([...before, 'picture.psd'].toSorted());
    for (const name of kept) expect(readFileSync(join(own, name), 'utf8')).toBe('theirs');
  });

  it('is not kept from saving by what it cannot remove or find', async () => {
    const path = join(folder, 'no-such-folder', 'picture.psd');
    await expect(save(path, bytes)).rejects.toMatchObject({ code: 'E_FILE' });
  });
});

describe('a command that is killed while it writes', () => {
  beforeAll(() => buildService(), 120_000);

  it('leaves a part that the next save beside it removes', async () => {
    const path = join(emptyFolder('killed'), 'picture.psd');
    const module = pathToFileURL(join(packageRoot, 'dist/service/cli/begunFile.js')).href;
    const script = `
      const { beginFile } = await import(${JSON.stringify(module)});
      beginFile(${JSON.stringify(path)}, { at: 0, pieces: [new Uint8Array(20_000_000)] });
      setInterval(() => undefined, 1000);
    `;
    const command = ['--input-type=module', '-e', script];
    const child = spawn(process.execPath, command, { stdio: ['ignore', 'inherit', 'inherit'] });
    const part = partBeside(path, child.pid);
    await eventually(() => expect(existsSync(part)).toBe(true));
    // While it runs, the save of another keeps it.
    await save(join(dirname(path), 'other.tif'), bytes);
    expect(lstatSync(part).isFile()).toBe(true);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    expect(existsSync(part)).toBe(true);
    await save(path, bytes);
    expect(readdirSync(dirname(path)).toSorted()).toEqual(['other.tif', 'picture.psd']);
  });
});
