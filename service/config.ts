/**
 * The service's settings: command line before environment before `config.json` in the data folder.
 * The only place that reads process.env.
 */
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import envPaths from 'env-paths';
import { z } from 'zod';
import { PentimentoError } from '../shared/errors.ts';
import { defaultPort } from '../shared/limits.ts';
import { defaultMemoryBudget, memoryBudgetBytes } from '../shared/memoryBudget.ts';

const Device = z.enum(['auto', 'cpu', 'webgpu', 'cuda', 'dml', 'coreml']);
type Device = z.infer<typeof Device>;

/** `config.json` in the data folder; unknown keys are refused so that a typing error is seen. */
const ConfigFile = z.strictObject({
  models: z.array(z.string().min(1)).max(50).optional(),
  port: z.number().int().min(0).max(65_535).optional(),
  device: Device.optional(),
  /** Networks are loaded one after another. */
  lowMemory: z.boolean().optional(),
  /** What networks may take of the memory together: "60%" or "12GB". */
  memoryBudget: z.string().optional(),
  /** Bytes that results may take before the oldest fetched ones go. */
  quotaBytes: z.number().int().min(0).optional(),
});

export interface Config {
  readonly version: string;
  /** Where package.json lies; the built engine and the workbench are found from here. */
  readonly packageRoot: string;
  readonly dataDir: string;
  /** Re-creatable things: converted weights, PNG copies. */
  readonly cacheDir: string;
  readonly modelFolders: readonly string[];
  readonly host: string;
  /** 0: any free one (tests). */
  readonly port: number;
  readonly device: Device;
  /** Networks are loaded one after another, however much memory there is. */
  readonly lowMemory: boolean;
  /** What networks may take of the memory together, as in `memoryBudgetBytes`. */
  readonly memoryBudget: string;
  /** Open the workbench in the browser when started from a terminal. */
  readonly open: boolean;
  /** Stop after this long without a request or a job; 0: never. */
  readonly idleMinutes: number;
  readonly quotaBytes: number;
  /** Space kept back for the moment the disk is full. */
  readonly reserveBytes: number;
  /** What the engine process gets to see of the environment. */
  readonly engineEnvironment: Readonly<Record<string, string>>;
  /** Variables that other programs' settings of folders may name. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const defaultQuotaBytes = 5 * 1024 ** 3;
const defaultReserveBytes = 64 * 1024 ** 2;

/** Settings of this very process. Throws E_PARAM for a wrong flag or file (exit code 2). */
export function readConfig(argv: readonly string[]): Config {
  return configFrom(argv, process.env);
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Pure but for reading `config.json`. Throws E_PARAM. */
export function configFrom(argv: readonly string[], env: Environment): Config {
  const flags = parseFlags(argv);
  const paths = envPaths('pentimento', { suffix: '' });
  const dataDir = resolve(flags.data ?? env['PENTIMENTO_DATA'] ?? paths.data);
  const file = readConfigFile(join(dataDir, 'config.json'));
  const fromEnvironment = (env['PENTIMENTO_MODELS'] ?? '').split(delimiter).filter(Boolean);
  const folders = [...(flags.models ?? []), ...fromEnvironment, ...(file.models ?? [])];
  const device = flags.device ?? env['PENTIMENTO_DEVICE'];
  const root = packageRoot();
  return {
    version: packageVersion(root),
    packageRoot: root,
    dataDir,
    cacheDir: join(dataDir, 'cache'),
    modelFolders: [...new Set(folders.map((f) => resolve(f)))],
    host: loopbackHost(flags.host ?? env['PENTIMENTO_HOST'], flags['allow-lan'] ?? false),
    port: portOf(flags.port ?? env['PENTIMENTO_PORT']) ?? file.port ?? defaultPort,
    device: device === undefined ? (file.device ?? 'auto') : deviceOf(device),
    lowMemory: flags['low-memory'] ?? file.lowMemory ?? false,
    memoryBudget: memoryBudgetOf(flags['memory-budget'] ?? file.memoryBudget),
    open: !(flags['no-open'] ?? false),
    idleMinutes: idleOf(flags.idle),
    quotaBytes: file.quotaBytes ?? defaultQuotaBytes,
    reserveBytes: defaultReserveBytes,
    engineEnvironment: allowedEnvironment(env),
    environment: env,
  };
}

function parseFlags(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        port: { type: 'string' },
        data: { type: 'string' },
        models: { type: 'string', multiple: true },
        device: { type: 'string' },
        host: { type: 'string' },
        'allow-lan': { type: 'boolean' },
        'no-open': { type: 'boolean' },
        'low-memory': { type: 'boolean' },
        'memory-budget': { type: 'string' },
        idle: { type: 'string' },
      },
      strict: true,
      allowPositionals: false,
    }).values;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message.split('. ')[0] : 'Unknown option';
    throw new PentimentoError('E_PARAM', `${message}.`, { cause });
  }
}

function readConfigFile(path: string): z.infer<typeof ConfigFile> {
  if (!existsSync(path)) return {};
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new PentimentoError('E_PARAM', 'config.json is not valid JSON.', { cause });
  }
  const parsed = ConfigFile.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue?.path.join('.') ?? '';
  throw new PentimentoError('E_PARAM', `config.json, ${where || 'keys'}: ${issue?.message ?? ''}.`);
}

function wholeNumber(text: string, name: string, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > max) {
    throw new PentimentoError('E_PARAM', `Expected --${name} 0..${max} but received "${text}".`);
  }
  return value;
}

function portOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : wholeNumber(text, 'port', 65_535);
}

function idleOf(text: string | undefined): number {
  return text === undefined ? 0 : wholeNumber(text, 'idle', 100_000);
}

function memoryBudgetOf(text = defaultMemoryBudget): string {
  if (memoryBudgetBytes(text, Infinity) !== undefined) return text;
  throw new PentimentoError(
    'E_PARAM',
    `Expected --memory-budget as a share ("60%") or an amount ("12GB") but received "${text}".`,
  );
}

function deviceOf(text: string): Device {
  const parsed = Device.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new PentimentoError(
    'E_PARAM',
    `Expected --device ${Device.options.join('|')} but received "${text}".`,
  );
}

/** Other machines would need TLS, which is not built; refusing is safer than half a protection. */
function loopbackHost(host: string | undefined, allowLan: boolean): string {
  if (host === undefined || host === '127.0.0.1' || host === 'localhost') return '127.0.0.1';
  throw new PentimentoError(
    'E_PARAM',
    allowLan
      ? `--host ${host} needs TLS, which this version does not offer; it listens on 127.0.0.1 only.`
      : `--host ${host} would open the service to other machines; it listens on 127.0.0.1 only.`,
  );
}

/** Names the engine may see: what programs and graphics drivers need, no secrets. */
const allowedNames =
  /^(PATH|HOME|LANG|LC_ALL|TZ|TMPDIR|TEMP|TMP|SystemRoot|windir|USERPROFILE|LOCALAPPDATA|APPDATA|PROGRAMDATA|XDG_RUNTIME_DIR|DISPLAY|WAYLAND_DISPLAY|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|CUDA_[A-Z_]+|NVIDIA_[A-Z_]+|VK_[A-Z_]+|OMP_[A-Z_]+|ORT_[A-Z_]+|GLIBC_TUNABLES)$/i;

/**
 * glibc gives large freed blocks back and maps large ones on huge pages: measured on a full SD 1.5
 * model, opening went from 7-14 s to 2.4-4 s and memory after closing from 1.6 to 0.35 GiB. Other
 * systems do not read it.
 */
const allocatorSettings = {
  GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=4194304',
};

function allowedEnvironment(env: Environment): Record<string, string> {
  const kept: Record<string, string> = { ...allocatorSettings };
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && allowedNames.test(name)) kept[name] = value;
  }
  return kept;
}

/** The folder with package.json above this file, in the sources and in dist alike. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) {
    folder = dirname(folder);
  }
  return folder;
}

function packageVersion(root: string): string {
  const parsed = z
    .object({ version: z.string() })
    .safeParse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
  return parsed.success ? parsed.data.version : '0.0.0';
}
