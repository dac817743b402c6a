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
  grainMatch: { min: 0, max: 1, default: 0 },
  clipSkip: { min: 1, max: 12, default: 1 },
  /** Share of fresh noise that a sampler adds at each step; the default is the sampler's own. */
  eta: { min: 0, max: 1, default: 1 },
  /** Noise put back before each step, over the whole run (Karras et al. 2022). */
  sChurn: { min: 0, max: 100, default: 0 },
  /** Sigmas between which noise is put back; a largest one of 0 is no limit. */
  sTmin: { min: 0, max: 1000, default: 0 },
  sTmax: { min: 0, max: 1000, default: 0 },
  /** Factor of all noise that a sampler adds. */
  sNoise: { min: 0, max: 2, default: 1 },
  /** Share by which guidance's gain in contrast is taken back. */
  guidanceRescale: { min: 0, max: 1, default: 0 },
  /** Share of the way from the seed's noise to the variation seed's. */
  variationStrength: { min: 0, max: 1, default: 0 },
  /** Edit models: how strongly the picture holds. */
  imageCfgScale: { min: 0, max: 30, default: 1.5 },
  /** A noise level; models end at about 15, with a zero terminal SNR at about 4500. */
  sigma: { min: 0, max: 10_000, default: 0 },
  rho: { min: 0, max: 100, default: 0 },
  /** Parameters of the beta distribution that spreads a schedule's sigmas. */
  betaShape: { min: 0.01, max: 100, default: 0.6 },
  noiseMultiplier: { min: 0, max: 2, default: 1 },
  share: { min: 0, max: 1, default: 0 },
  /** Factor of what a ControlNet adds. */
  controlWeight: { min: 0, max: 2, default: 1 },
  /** Share of the way at which a refiner takes over. */
  refinerSwitch: { min: 0, max: 1, default: 0.8 },
  /** Sides of a second pass over the first one's. */
  hiresScale: { min: 1, max: 4, default: 2 },
  /** Sides of an enlarged picture over the original's. */
  upscale: { min: 1, max: 8, default: 2 },
  /** Side of an enlarged picture, pixels. */
  upscaleSide: { min: 1, max: 30_000, default: 2048 },
  /** Side of what an upscaler network sees at once, picture pixels; 0: everything. */
  upscaleTilePx: { min: 0, max: 1024, default: 256 },
  upscaleOverlapPx: { min: 0, max: 128, default: 16 },
  count: { min: 1, max: 12, default: 1 },
  /** Side of a picture that is made from nothing, pixels. */
  side: { min: 64, max: 4096, default: 512 },
} as const satisfies Record<string, Range>;

/** Soft inpainting's fields (advanced.ts), as AUTOMATIC1111 has them. */
export const softInpaintingLimits = {
  scheduleBias: { min: 0, max: 8, default: 1 },
  preservationStrength: { min: 0, max: 8, default: 0.5 },
  transitionContrastBoost: { min: 1, max: 32, default: 4 },
  maskInfluence: { min: 0, max: 1, default: 0 },
  differenceThreshold: { min: 0, max: 8, default: 0.5 },
  differenceContrast: { min: 0, max: 8, default: 2 },
} as const satisfies Record<string, Range>;

/** Seeds are 0 .. 2^53 - 1; -1 asks for a random one, which is fixed when the job is accepted. */
export const maxSeed = Number.MAX_SAFE_INTEGER;

export const maxPromptCharacters = 20_000;
/** Longest side of a document and of a plane that travels. */
export const maxSidePx = 30_000;
/** Pixels in one plane that travels (a crop, never the whole of a huge document). */
export const maxPlanePixels = 64_000_000;
/** Pixels of a picture or document that is opened. */
export const maxPicturePixels = 256_000_000;
export const maxFrameBytes = 1024 * 1024 * 1024;
export const maxFrameHeaderBytes = 1024 * 1024;
export const maxQueuedJobs = 1000;

/** The service's fixed port; manifest.json lists the same one. */
export const defaultPort = 47860;
export const apiVersion = 1;
