/**
 * The WebGPU lowering on a software Vulkan (SwiftShader, which Chromium brings along). It needs a
 * process of its own: the driver is chosen by environment variables before onnxruntime starts.
 */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../fixtures/temporaryFolder.ts';
import type { WebgpuReport } from './webgpuChild.ts';

const icdName = 'vk_swiftshader_icd.json';

/** The driver's description beside an installed or a downloaded Chromium. */
function findSwiftShader(): string | undefined {
  const downloads = join(homedir(), '.cache', 'ms-playwright');
  const downloaded = existsSync(downloads)
    ? readdirSync(downloads).map((name) => join(downloads, name, 'chrome-linux'))
    : [];
  return ['/usr/lib/chromium', '/usr/lib/chromium-browser', ...downloaded]
    .map((folder) => join(folder, icdName))
    .find((file) => existsSync(file));
}

const icd = process.platform === 'linux' ? findSwiftShader() : undefined;
const folder = temporaryFolder();

async function runChild(driver: string): Promise<WebgpuReport> {
  const child = join(dirname(fileURLToPath(import.meta.url)), 'webgpuChild.ts');
  const script = `
    import { runnerImport } from 'vite';
    await runnerImport(process.argv[1], { configFile: false, logLevel: 'error' });
    process.exit(0);`;
  const libraries = [dirname(driver), process.env['LD_LIBRARY_PATH'] ?? ''];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', script, child, folder],
    {
      env: {
        ...process.env,
        VK_ICD_FILENAMES: driver,
        VK_DRIVER_FILES: driver,
        LD_LIBRARY_PATH: libraries.filter(Boolean).join(delimiter),
      },
    },
  );
  const line = stdout.split('\n').find((text) => text.startsWith('REPORT '));
  return JSON.parse((line ?? 'REPORT null').slice('REPORT '.length)) as WebgpuReport;
}

describe('the WebGPU lowering', () => {
  it('computes what the oracle computes on the CPU', async (context) => {
    if (icd === undefined) {
      return context.skip(`no ${icdName}: install Chromium to test WebGPU without a graphics card`);
    }
    const { errors, precision } = await runChild(icd);
    expect(Object.keys(errors)).toEqual(['sums', 'tokens', 'clamped']);
    const tolerance = precision === 'float16' ? 2e-2 : 1e-4;
    for (const error of Object.values(errors)) expect(error).toBeLessThan(tolerance);
  });
});
