/** Ranges and defaults: validation, sliders and documentation all read them from here. */

export interface Range {
  readonly min: number;
  readonly max: number;
  readonly default: number;
}

export const limits = {
  /** Share of the schedule that is run: 0 returns the picture itself, 1 starts from noise. */
  strength: { min: 0, max: 1, default: 0.75 },
  steps: { min: 1, max: 150, default: 24 },
  cfgScale: { min: 0, max: 30, default: 7 },
  /** Document pixels: the soft edge's width is about twice this value, centred on the edge. */
  featherPx: { min: 0, max: 500, default: 8 },
  growPx: { min: -200, max: 500, default: 0 },
  paddingPx: { min: 0, max: 2048, default: 32 },
  colorMatch: { min: 0, max: 1, default: 1 },
  clipSkip: { min: 1, max: 12, default: 1 },
  count: { min: 1, max: 12, default: 1 },
  /** Side of a picture that is made from nothing, pixels. */
  side: { min: 64, max: 4096, default: 512 },
} as const satisfies Record<string, Range>;

/** Seeds are 0 .. 2^53 - 1; -1 asks for a random one, which is fixed when the job is accepted. */
export const maxSeed = Number.MAX_SAFE_INTEGER;

export const maxPromptCharacters = 20_000;
/** Longest side of a document and of a plane that travels. */
export const maxSidePx = 30_000;
/** Pixels in one plane that travels (a crop, never the whole of a huge document). */
export const maxPlanePixels = 64_000_000;
export const maxFrameBytes = 1024 * 1024 * 1024;
export const maxFrameHeaderBytes = 1024 * 1024;
export const maxQueuedJobs = 1000;

/** The service's fixed port; manifest.json lists the same one. */
export const defaultPort = 47860;
export const apiVersion = 1;
