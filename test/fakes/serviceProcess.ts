/** A service in a process of its own, so that a test can kill it: `node serviceProcess DATA ENGINE`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PentimentoError } from '../../shared/errors.ts';
import { startService } from '../../service/main.ts';
import { fakeModels, testConfig } from './testService.ts';

const [dataDir = '', enginePath = ''] = process.argv.slice(2);
try {
  const service = await startService(testConfig(dataDir), {
    enginePath,
    engineArgs: ['600000'],
    models: fakeModels,
  });
  process.on('SIGTERM', () => void service.stop());
  const token = readFileSync(join(dataDir, 'token'), 'utf8').trim();
  process.stdout.write(`${JSON.stringify({ url: service.url, token, pid: process.pid })}\n`);
} catch (error) {
  const code = error instanceof PentimentoError ? error.code : String(error);
  process.stdout.write(`${JSON.stringify({ code })}\n`);
  process.exitCode = 1;
}
