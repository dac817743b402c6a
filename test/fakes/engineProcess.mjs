// An engine process without networks: it speaks the messages of service/messages.ts and writes small
// result frames. What it does is chosen by words in the prompt ("crash", "hang", ...) so that one
// script serves every test. Remove requests simply succeed.
import { open, readFile, rename, writeFile } from 'node:fs/promises';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const say = (message) => process.connected && process.send(message);
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const stageBudgetMs = Number(process.argv[2] ?? 60_000);

function frameBytes(body, planes) {
  const align8 = (n) => Math.ceil(n / 8) * 8;
  let offset = 0;
  const headers = planes.map(({ data, ...p }) => {
    const header = { ...p, offset };
    offset = align8(offset + data.length);
    return header;
  });
  const json = Buffer.from(JSON.stringify({ body, planes: headers }));
  const start = align8(12 + json.length);
  const bytes = Buffer.alloc(start + offset);
  bytes.write('PNTM', 0, 'latin1');
  bytes.writeUInt32LE(1, 4);
  bytes.writeUInt32LE(json.length, 8);
  json.copy(bytes, 12);
  planes.forEach((p, i) => Buffer.from(p.data).copy(bytes, start + headers[i].offset));
  return bytes;
}

async function writeDurable(path, bytes) {
  const file = await open(`${path}.part`, 'wx', 0o600);
  await file.writeFile(bytes);
  await file.sync();
  await file.close();
  await rename(`${path}.part`, path);
}

function resultOf(message, index) {
  const { region } = message.request;
  const bounds = { x: region.x, y: region.y, width: region.width, height: region.height };
  const seed = message.request.seed + index;
  const recipe = {
    version: 1,
    made: 'fake 0',
    request: message.request,
    index,
    seed,
    context: bounds,
    workingSize: { width: region.width, height: region.height },
    inputSha256: message.inputSha256,
  };
  const pixels = region.width * region.height;
  const plane = (name, channels, value) => ({
    name,
    width: region.width,
    height: region.height,
    channels,
    depth: 8,
    data: Buffer.alloc(pixels * channels, value),
  });
  const bytes = frameBytes({ bounds, recipe }, [
    plane('color', 3, seed % 256),
    plane('alpha', 1, 255),
  ]);
  return { bounds, recipe, bytes };
}

let running;

/** Waits until the test lets the job go on, by a file beside this folder, or until it is stopped. */
async function released(jobId, stop) {
  const sign = join(process.cwd(), '..', `release-${jobId}`);
  while (!stop.asked && !existsSync(sign)) await pause(5);
}

async function run(message) {
  const { jobId, request, outDir } = message;
  const words = request.prompt ?? '';
  const stop = { asked: false };
  running = { jobId, stop };
  const budgetMs = Number(/budget (\d+)/.exec(words)?.[1] ?? stageBudgetMs);
  const stage = (name) => say({ type: 'stage', jobId, name, budgetMs });
  await readFile(message.framePath);
  const { x, y, width, height } = request.region;
  const plan = {
    context: { x, y, width, height },
    workingSize: { width, height },
    scale: 1,
    steps: 3,
    notes: [],
  };
  say({ type: 'plan', jobId, plan });
  stage('prepare');
  if (words.includes('slow')) await pause(400);
  if (words.includes('crash once')) {
    const marker = join(process.cwd(), '..', `crashed-${jobId}`);
    if (!existsSync(marker)) {
      writeFileSync(marker, '');
      process.stderr.write('about to crash\n');
      process.kill(process.pid, 'SIGKILL');
      await pause(1000);
    }
  } else if (words.includes('crash')) {
    process.stderr.write('about to crash\n');
    process.kill(process.pid, 'SIGSEGV');
    await pause(1000);
  }
  if (words.includes('garbage')) {
    // On the way before the service can have heard the first: it must not be believed either.
    process.send({ type: 'nonsense' });
    process.send({ type: 'done', jobId });
  }
  if (words.includes('leave')) process.exit(0);
  if (words.includes('full')) {
    return say({ type: 'failed', jobId, problem: problem('E_DISK_FULL', 507) });
  }
  // Deaf like a network that runs: neither messages nor timers.
  if (words.includes('hang')) for (;;);
  if (words.includes('deaf')) await pause(60_000);
  const steps = Number(/steps (\d+)/.exec(words)?.[1] ?? 3);
  const heldAt = Number(/held at (\d+)/.exec(words)?.[1]);
  for (let index = 0; index < request.count; index++) {
    for (let step = 1; step <= steps; step++) {
      stage('denoise');
      await pause(words.includes('slow') ? 60 : 2);
      if (index * steps + step === heldAt) await released(jobId, stop);
      if (stop.asked) return say({ type: 'cancelled', jobId });
      say({ type: 'step', jobId, index, step, steps, count: request.count });
      say({
        type: 'preview',
        jobId,
        index,
        step,
        image: 'data:image/png;base64,AA==',
        width,
        height,
        bounds: plan.context,
      });
    }
    if (words.includes('nothing')) continue;
    const { bounds, recipe, bytes } = resultOf(message, index);
    const name = words.includes('outside') ? join('..', `escaped-${index}`) : `result-${index}`;
    const framePath = join(outDir, name);
    await writeDurable(framePath, bytes);
    say({ type: 'result', jobId, index, framePath, bounds, recipe });
  }
  say({ type: 'done', jobId });
}

function problem(code, status) {
  return { type: `pentimento:${code}`, title: code, status, code, next: '', retryable: true };
}

async function convert(message) {
  const { id } = message;
  const input = await readFile(message.path ?? message.framePath);
  const text = input.subarray(0, 40).toString('latin1');
  if (text.startsWith('CRASH')) process.kill(process.pid, 'SIGSEGV');
  if (text.startsWith('HANG')) {
    writeFileSync(`${message.path}.hangs`, '');
    for (;;);
  }
  if (text.startsWith('BAD')) {
    return say({ type: 'converted', id, problem: problem('E_IMAGE_TYPE', 415) });
  }
  if (message.type === 'decode') {
    const body = { width: 8, height: 8, depth: 8, channels: 3, format: 'png' };
    const data = Buffer.alloc(192, 7);
    const plane = { name: 'picture', width: 8, height: 8, channels: 3, depth: 8, data };
    await writeDurable(message.outPath, frameBytes(body, [plane]));
  } else if (message.type === 'preview') {
    const plane = { width: 2, height: 2, channels: 1, depth: 8, data: Buffer.alloc(4, 9) };
    const planes = ['alpha', 'denoise'].map((name) => ({ name, ...plane }));
    await writeDurable(message.outPath, frameBytes({ what: message.what }, planes));
  } else {
    const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    await writeFile(message.outPath, Buffer.concat([signature, input.subarray(0, 8)]));
  }
  return say({ type: 'converted', id });
}

process.on('message', (message) => {
  if (message.type === 'run') {
    void run(message).finally(() => {
      running = undefined;
      say({ type: 'memory', residentBytes: process.memoryUsage().rss });
    });
  } else if (message.type === 'cancel') {
    if (running?.jobId === message.jobId) running.stop.asked = true;
  } else if (message.type === 'exit') process.exit(0);
  else void convert(message);
});
process.on('disconnect', () => process.exit(0));
say({ type: 'ready', device: 'cpu', pid: process.pid });
