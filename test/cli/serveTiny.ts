/** A service with one tiny model, for commands that paint. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildService } from '../fixtures/builtProgram.ts';
import { manifestPath } from '../fixtures/manifest.ts';
import { writeModel } from '../fixtures/writeModel.ts';
import { serve, type Served } from './runProgram.ts';

/** Builds, writes the model `tiny` into the folder `models` and serves; the port goes into `env`. */
export async function serveTiny(
  models: string,
  env: Record<string, string> & { PENTIMENTO_PORT: string },
): Promise<Served> {
  buildService();
  mkdirSync(models);
  await writeModel({
    manifest: manifestPath('tiny/tiny-sd1/single.json'),
    out: join(models, 'tiny.safetensors'),
    seed: 3,
    dtype: 'F16',
  });
  const served = await serve(['--models', models], env);
  env.PENTIMENTO_PORT = String(served.port);
  return served;
}
