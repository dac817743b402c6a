import { createServer } from 'node:net';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { memoryBudgetBytes } from '../../shared/memoryBudget.ts';
import { configFrom } from '../../service/config.ts';
import { startService } from '../../service/main.ts';
import { fakeEnginePath, fakeModels, temporaryFolder, testConfig } from '../fakes/testService.ts';
import { removeFolder } from '../fixtures/removeFolder.ts';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => removeFolder(folder));

describe('settings', () => {
  it('come from flags, then the environment, then config.json', () => {
    const file = { models: ['/c'], port: 1000, device: 'webgpu', lowMemory: true };
    writeFileSync(join(folder, 'config.json'), JSON.stringify(file));
    const env = { PENTIMENTO_DATA: folder, PENTIMENTO_MODELS: `/b${delimiter}/b2` };
    const config = configFrom(['--models', '/a', '--models', '/b'], env);
    expect(config.modelFolders).toEqual(['/a', '/b', '/b2', '/c'].map((f) => resolve(f)));
    expect(config).toMatchObject({ dataDir: folder, port: 1000, device: 'webgpu', open: true });
    expect(config.lowMemory).toBe(true);
    const elsewhere = ['--data', join(folder, 'other')];
    expect(configFrom(['--low-memory', ...elsewhere], {}).lowMemory).toBe(true);
    expect(configFrom(elsewhere, {}).lowMemory).toBe(false);
    const flags = ['--port', '2000', '--device', 'cpu', '--no-open', '--idle', '5'];
    expect(configFrom(flags, env)).toMatchObject({
      port: 2000,
      device: 'cpu',
      open: false,
      idleMinutes: 5,
    });
    expect(config.version).toMatch(/^\d+\.\d+\.\d+/);
  });

  it('name the memory that networks may take, as a share or an amount', () => {
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ memoryBudget: '12GB' }));
    const at = ['--data', folder];
    expect(configFrom(at, {}).memoryBudget).toBe('12GB');
    expect(configFrom([...at, '--memory-budget', '45%'], {}).memoryBudget).toBe('45%');
    expect(configFrom(['--data', join(folder, 'other')], {}).memoryBudget).toBe('60%');
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ memoryBudget: 'all' }));
    expect(() => configFrom(at, {})).toThrow(/memory-budget.*"60%".*"12GB".*received "all"/);
    expect(memoryBudgetBytes('45%', 20e9)).toBe(9e9);
    expect(memoryBudgetBytes(' 1.5 GiB', 20e9)).toBe(1.5 * 1024 ** 3);
    expect(memoryBudgetBytes('12gb', Infinity)).toBe(12e9);
    expect(memoryBudgetBytes('60%', Infinity)).toBe(Infinity);
  });

  it.each([
    [['--port', 'abc']],
    [['--port', '70000']],
    [['--port', '-1']],
    [['--device', 'quantum']],
    [['--idle', '1.5']],
    [['--memory-budget', '60']],
    [['--memory-budget', '0%']],
    [['--memory-budget', '101%']],
    [['--memory-budget', '12 apples']],
    [['--memory-budget', '5MB']],
    [['--nonsense']],
    [['stray']],
    [['--data']],
  ])('that are wrong are refused with a sentence: %s', (argv) => {
    expect(() => configFrom(argv, { PENTIMENTO_DATA: folder })).toThrow(
      expect.objectContaining({ code: 'E_PARAM' }),
    );
  });

  it('never open the service to other machines (H20)', () => {
    for (const host of ['0.0.0.0', '192.168.1.2', '::', 'example.org']) {
      for (const more of [[], ['--allow-lan']]) {
        expect(() => configFrom(['--host', host, ...more], {})).toThrow(/127\.0\.0\.1 only/);
      }
    }
    expect(configFrom(['--host', 'localhost', '--data', folder], {}).host).toBe('127.0.0.1');
  });

  it('in a file with unknown keys or no JSON are refused', () => {
    for (const text of ['{"modles": []}', '{', '[]', '{"port": "1"}']) {
      writeFileSync(join(folder, 'config.json'), text);
      expect(() => configFrom(['--data', folder], {})).toThrow(/config\.json/);
    }
  });

  it('give the engine no secrets of the environment', () => {
    const env = {
      PATH: '/bin',
      HF_TOKEN: 'secret',
      AWS_SECRET_ACCESS_KEY: 'x',
      VK_ICD_FILENAMES: 'y',
    };
    const { engineEnvironment } = configFrom(['--data', folder], env);
    expect(engineEnvironment).toMatchObject({ PATH: '/bin', VK_ICD_FILENAMES: 'y' });
    expect(JSON.stringify(engineEnvironment)).not.toMatch(/secret|AWS|HF_/);
  });
});

describe('a start that cannot succeed', () => {
  const replaced = { enginePath: fakeEnginePath, engineArgs: ['1000'], models: fakeModels };

  it('names the port that is taken, and takes no other (H21)', async () => {
    const other = createServer();
    const port = await new Promise<number>((done) =>
      other.listen(0, '127.0.0.1', () => {
        const address = other.address();
        done(typeof address === 'object' && address ? address.port : 0);
      }),
    );
    await expect(startService(testConfig(folder, { port }), replaced)).rejects.toMatchObject({
      code: 'E_PORT_TAKEN',
      detail: `Port ${port}.`,
    });
    other.close();
    // Nothing was left locked.
    const service = await startService(testConfig(folder), replaced);
    await service.stop();
  });

  it('says when the data folder cannot be used (F05)', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, 'x');
    await expect(startService(testConfig(file), replaced)).rejects.toMatchObject({
      code: 'E_STORAGE',
    });
    await expect(startService(testConfig(join(file, 'in')), replaced)).rejects.toMatchObject({
      code: 'E_STORAGE',
    });
  });

  it('makes the data folder private', async () => {
    mkdirSync(join(folder, 'open'));
    chmodSync(join(folder, 'open'), 0o755);
    const service = await startService(testConfig(join(folder, 'open')), replaced);
    await service.stop();
    await service.stop();
    await service.stopped;
    expect(readFileSync(join(folder, 'open', 'service.log'), 'utf8')).toContain('listening');
  });
});
