/** The command line: one function from arguments to an exit code. */
import { PentimentoError } from '../shared/errors.ts';
import { connect, lookAhead, serviceFlags } from './cli/connection.ts';
import { exitCodeOf, exitCodes } from './cli/exitCodes.ts';
import { helpText } from './cli/help.ts';
import { parseOptions, type Options } from './cli/options.ts';
import { makeTerminal, type Terminal } from './cli/terminal.ts';
import type { ServiceClient } from './cli/client.ts';
import { readConfig } from './config.ts';
import { nearestNames } from '../shared/nearest.ts';

type Generate = 'inpaint' | 'remove' | 'expand' | 'img2img' | 'variants' | 'txt2img';
const generates: readonly Generate[] = [
  'inpaint',
  'remove',
  'expand',
  'img2img',
  'variants',
  'txt2img',
];
const commands = [
  ...generates,
  'upscale',
  'masks',
  'recipe',
  'convert',
  'pull',
  'models',
  'samplers',
  'serve',
  'doctor',
  'pair',
] as const;

/** Runs one command; never throws. Exit codes: docs/cli.md. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  outliveReaders();
  let terminal = makeTerminal({
    json: argv.includes('--json'),
    out: process.stdout,
    err: process.stderr,
  });
  try {
    const { options, files } = parseOptions(argv);
    terminal = makeTerminal({
      json: options.json === true,
      out: process.stdout,
      err: process.stderr,
    });
    await runCommand(files, options, terminal);
    return exitCodes.ok;
  } catch (error) {
    const known =
      error instanceof PentimentoError
        ? error
        : new PentimentoError('E_INTERNAL', undefined, { cause: error });
    if (known !== error)
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    terminal.error(known);
    return exitCodeOf(known.code);
  }
}

/** A reader that goes away (a pipe into `head`) must not end a run before its picture is written. */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.listenerCount('error') === 0) stream.on('error', () => undefined);
  }
}

async function runCommand(
  words: readonly string[],
  options: Options,
  terminal: Terminal,
): Promise<void> {
  const [name] = words;
  if (options.version === true) return terminal.line(readConfig([]).version);
  if (options.help === true || name === undefined) return terminal.line(helpText);
  const command = commands.find((c) => c === name);
  if (command === undefined) {
    const near = nearestNames(name, commands).slice(0, 2).join(' or ');
    throw new PentimentoError(
      'E_USAGE',
      `There is no command "${name.slice(0, 60)}"${near ? `; did you mean ${near}?` : '.'}`,
    );
  }
  if (isGenerate(command)) return runGenerateCommand(command, words, options, terminal);
  switch (command) {
    case 'serve': {
      const { serve } = await import('./cli/serve.ts');
      return serve(options, terminal);
    }
    case 'recipe': {
      const picture = oneFile(words, 'Expected one picture: pentimento recipe PICTURE.');
      const { showRecipe } = await import('./cli/recipe.ts');
      return showRecipe(picture, options, terminal);
    }
    case 'convert': {
      const model = oneFile(words, 'Expected one model file: pentimento convert FILE.');
      const { convert } = await import('./cli/convert.ts');
      return convert(model, options, { terminal, signal: stopSignal() });
    }
    case 'pull': {
      const model = oneFile(words, 'Expected one model: pentimento pull ADDRESS --to FOLDER.');
      const { pull } = await import('./cli/pull.ts');
      return pull(model, options, { terminal, signal: stopSignal() });
    }
    case 'models':
    case 'samplers':
    case 'doctor':
    case 'pair':
      return withService(options, (client) => runQuestion(command, { client, options, terminal }));
    case 'masks':
    case 'upscale':
      return runFileCommand(command, words, options, terminal);
  }
}

function isGenerate(command: string): command is Generate {
  return generates.some((name) => name === command);
}

/** Commands that make files of one picture and are no painting. */
async function runFileCommand(
  command: 'masks' | 'upscale',
  words: readonly string[],
  options: Options,
  terminal: Terminal,
): Promise<void> {
  const picture = oneFile(words, usageOf(command));
  const inService = (work: (client: ServiceClient) => Promise<void>) => withService(options, work);
  const tools = { terminal, signal: stopSignal(), withService: inService };
  if (command === 'masks') {
    const { showMasks } = await import('./cli/showMasks.ts');
    return showMasks(picture, options, tools);
  }
  const { upscale } = await import('./cli/upscale.ts');
  return upscale(picture, options, tools);
}

/** Throws E_USAGE, and what painting throws. */
async function runGenerateCommand(
  command: Generate,
  words: readonly string[],
  options: Options,
  terminal: Terminal,
): Promise<void> {
  const picture = command === 'txt2img' ? noFile(words) : oneFile(words, usageOf(command));
  const { runGenerate } = await import('./cli/runGenerate.ts');
  const found = lookAhead(options);
  const inService = (work: (client: ServiceClient) => Promise<void>) =>
    withService(options, work, found);
  const tools = { terminal, signal: stopSignal(), withService: inService };
  return runGenerate(command, picture, options, tools);
}

function usageOf(command: string): string {
  return `Expected one picture: pentimento ${command} PICTURE --out FILE.`;
}

/** Throws E_USAGE. */
function noFile(words: readonly string[]): '' {
  if (words.length === 1) return '';
  const usage = 'txt2img takes no picture: pentimento txt2img --out FILE.';
  throw new PentimentoError('E_USAGE', usage);
}

/** The file behind the command's name, exactly one. Throws E_USAGE. */
function oneFile(words: readonly string[], usage: string): string {
  if (words.length !== 2) throw new PentimentoError('E_USAGE', usage);
  return words[1];
}

async function runQuestion(
  command: 'models' | 'samplers' | 'doctor' | 'pair',
  input: { client: ServiceClient; options: Options; terminal: Terminal },
): Promise<void> {
  const { client, options, terminal } = input;
  if (command === 'models') {
    const { checkModels, listModels } = await import('./cli/models.ts');
    if (options.check !== true) return listModels(client, terminal);
    return checkModels(client, readConfig(serviceFlags(options)), terminal);
  }
  if (command === 'samplers') {
    return (await import('./cli/samplers.ts')).listSamplers(client, terminal);
  }
  if (command === 'doctor') {
    const { doctor } = await import('./cli/doctor.ts');
    return doctor(client, readConfig(serviceFlags(options)), terminal);
  }
  const { code, expiresAt } = await client.pairingCode();
  terminal.line(
    `Pairing code ${code}: type it in the panel before ${new Date(expiresAt).toLocaleTimeString()}.`,
  );
  return terminal.json({ code, expiresAt });
}

async function withService(
  options: Options,
  work: (client: ServiceClient) => Promise<void>,
  found?: Promise<ServiceClient | undefined>,
): Promise<void> {
  const connection = await connect(options, found);
  try {
    await work(connection.client);
  } finally {
    await connection.close();
  }
}

/** Ctrl+C asks the job to stop at its next step; a second one ends the program. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  const ask = () => {
    if (stop.signal.aborted) process.exit(exitCodes.stopped);
    stop.abort();
  };
  process.on('SIGINT', ask);
  process.on('SIGTERM', ask);
  return stop.signal;
}
