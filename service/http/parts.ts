/** What the HTTP room is given: it owns nothing itself. */
import type { HttpBindings } from '@hono/node-server';
import type {
  ModelInfo,
  SamplingCatalogue,
  Status,
  TokenCount,
  TokenRequest,
} from '../../shared/api.ts';
import type { Plan, PlanRequest } from '../../shared/plan.ts';
import type { GenerateRequest } from '../../shared/request.ts';
import type { BlobStore } from '../jobs/blobs.ts';
import type { Client, ClientTable } from '../jobs/clientTable.ts';
import type { Clock } from '../jobs/clock.ts';
import type { Converter } from '../jobs/converter.ts';
import type { JobEvents } from '../jobs/jobEvents.ts';
import type { JobTable, Scope } from '../jobs/jobTable.ts';
import type { Log } from '../jobs/logFile.ts';
import type { JobQueue } from '../jobs/queue.ts';
import type { PreviewPicture } from '../library/readPreview.ts';
import type { AskedParts, ModelFiles, UpscalerFile } from '../messages.ts';
import type { PairingDesk } from './pairingDesk.ts';

/** The model files on this computer, as the library room tells of them. */
export interface ModelSource {
  list(): Promise<readonly ModelInfo[]>;
  /** Throws E_MODEL_UNKNOWN and what is wrong with the file. */
  files(id: string, parts?: AskedParts): Promise<ModelFiles>;
  /** A checkpoint that goes on with what one of `family` began. Throws E_MODEL_FAMILY and what files() throws. */
  refiner(id: string, family: string, vaeId?: string): Promise<ModelFiles>;
  /** A network that enlarges pictures. Throws E_MODEL_UNKNOWN, E_MODEL_KIND, ... */
  upscaler(id: string): Promise<UpscalerFile>;
  rescan(): Promise<unknown>;
  /** The picture beside a model. Throws E_NOT_FOUND, E_TOO_LARGE, E_IMAGE_TYPE. */
  preview(id: string): Promise<PreviewPicture>;
  /** Ends what works in the background. */
  close(): Promise<void>;
}

export interface AppParts {
  readonly jobs: JobTable;
  readonly events: JobEvents;
  readonly queue: JobQueue;
  readonly blobs: BlobStore;
  readonly clients: ClientTable;
  readonly converter: Converter;
  readonly pairing: PairingDesk;
  readonly models: ModelSource;
  readonly modelFolders: readonly string[];
  /** The service's own folder; an artist may keep styles there. */
  readonly dataDir: string;
  /** Folder with the built workbench; its pages are served as they are. */
  readonly workbenchDir: string;
  /** Folder for PNG copies of results. */
  readonly cacheDir: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly status: () => Status;
  readonly plan: (request: PlanRequest) => Promise<Plan>;
  readonly samplers: () => SamplingCatalogue;
  readonly countTokens: (request: TokenRequest) => TokenCount[];
  /** Checks what the schema cannot: names of samplers and schedules. Throws E_SAMPLER_UNKNOWN, ... */
  readonly validate: (request: GenerateRequest) => void;
}

export interface AppEnv {
  Bindings: HttpBindings;
  Variables: { client: Client };
}

/** A paired client sees its own jobs, a program of the same user all of them. */
export function scopeOf(client: Client): Scope {
  return client.owner ? undefined : client.id;
}
