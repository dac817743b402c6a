/** Named tensors that lie in files. Nothing here holds weight bytes: only where they are. */

export type StoredType =
  | 'F64'
  | 'F32'
  | 'F16'
  | 'BF16'
  | 'F8_E4M3'
  | 'F8_E5M2'
  | 'I64'
  | 'I32'
  | 'I16'
  | 'I8'
  | 'U8'
  | 'BOOL';

export interface StoredTensor {
  /** Real path (no links) of the file. */
  readonly file: string;
  readonly dtype: StoredType;
  readonly shape: readonly number[];
  /** Absolute byte range in the file: begin inclusive, end exclusive. */
  readonly begin: number;
  readonly end: number;
  /** Of 8-bit floats: what their values are to be multiplied by. */
  readonly scale?: number;
  /** Of kernels in our own copies: their numbers lie in blocks of so many channels (channelBlocks.ts). */
  readonly block?: number;
}

/**
 * The tensors of one network under their diffusers / transformers names without prefix
 * (`conv_in.weight`, `text_model.encoder.layers.0...`). Where the file stores a matrix as a 1x1
 * convolution or the reverse, `shape` already is the shape the graph wants (the bytes are equal).
 */
export type NetworkWeights = ReadonlyMap<string, StoredTensor>;

export interface UNetConfig {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly blockOutChannels: readonly number[];
  readonly layersPerBlock: number;
  /** Transformer blocks per attention of each down block; 0: no attention there. SD1: [1,1,1,0]. */
  readonly transformerDepth: readonly number[];
  readonly midTransformerDepth: number;
  /**
   * Of models that were cut down (SSD-1B, Segmind-Vega, KOALA): they have no middle block, and every
   * attention a depth of its own, by its path ('up_blocks.0.attentions.2').
   */
  readonly ownDepths?: Readonly<Record<string, number>>;
  readonly crossAttentionDim: number;
  /** Attention heads of each down block's level (SD1: [8,8,8,8]). */
  readonly heads: readonly number[];
  readonly linearProjection: boolean;
  readonly normGroups: number;
  readonly normEps: number;
  /** Width of what SDXL's UNets are told besides: pooled text and Fourier features of sizes; 0: nothing. */
  readonly addedWidth: number;
  /** Attention overflows in float16 (SD 2.1). */
  readonly exactAttention: boolean;
}

/** A ControlNet: the way down of a UNet, with a picture's way in and a way out for each skip connection. */
export interface ControlNetConfig {
  readonly trunk: UNetConfig;
  /** Channels of the control picture (3). */
  readonly hintChannels: number;
  /** Widths of the convolutions that bring the control picture to the latents' size: [16,32,96,256]. */
  readonly hintWidths: readonly number[];
}

/** ESRGAN (RRDBNet) or Real-ESRGAN's compact network, from a picture to a larger one. */
export type UpscalerConfig =
  | {
      readonly kind: 'esrgan';
      readonly blocks: number;
      readonly features: number;
      readonly growth: number;
      /** Pixels folded into channels on each axis before the first convolution: 1, 2 or 4. */
      readonly folding: number;
      /** Doublings after the blocks: 0..3. */
      readonly doublings: number;
      readonly scale: number;
    }
  | {
      readonly kind: 'compact';
      /** Convolutions between the first and the last. */
      readonly convolutions: number;
      readonly features: number;
      readonly scale: number;
    };

export interface VaeConfig {
  readonly blockOutChannels: readonly number[];
  readonly layersPerBlock: number;
  readonly latentChannels: number;
  readonly normGroups: number;
  readonly scalingFactor: number;
}

export interface ClipTextConfig {
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly activation: 'quick_gelu' | 'gelu';
  readonly vocabSize: number;
  readonly maxPositions: number;
  /** Of encoders that also answer one vector for a whole text; `inFirst`: the matrix is [in,out]. */
  readonly projection?: { readonly width: number; readonly inFirst: boolean };
}

/** A text encoder and how its family uses it. */
export interface OpenedTextEncoder {
  readonly config: ClipTextConfig;
  readonly weights: NetworkWeights;
  /** Id that fills a text up after its end token. */
  readonly padId: number;
  /** Answers the last layer's state through the final norm, or the one before it as it is (SDXL). */
  readonly state: 'last' | 'penultimate';
}

/** Families whose networks can be built. */
export type BuiltFamily = 'sd1' | 'sd2' | 'sdxl' | 'sdxl-refiner';

/** How the training's betas lie between the first and the last; the cosine has ends of its own. */
export type BetaSchedule = 'scaled_linear' | 'linear' | 'squaredcos_cap_v2';

/** What a model's files say beside its networks. */
export interface CheckpointFacts {
  readonly family: BuiltFamily;
  readonly prediction: 'epsilon' | 'v';
  readonly betaStart: number;
  readonly betaEnd: number;
  readonly betaSchedule: BetaSchedule;
  /** scheduler_config.json of a diffusers folder: where its author places steps. */
  readonly scheduler?: Readonly<Record<string, unknown>>;
  /** An empty negative prompt is told as zeros, as the family was trained (SDXL). */
  readonly zeroEmptyNegative: boolean;
  /** Side in pixels the model was trained at: 512, 768 or 1024, or what a diffusers folder says. */
  readonly nativeSide: number;
  /** The schedule's last step is pure noise (`rescale_betas_zero_snr` of a folder, `ztsnr` of a file). */
  readonly zeroTerminalSnr?: boolean;
  /** State of every file the weights lie in, for assertUnchanged (modelFile.ts). */
  readonly files?: readonly FileStamp[];
}

/** A whole checkpoint, opened: what graph/ and networks.ts need to build and load it. */
export interface OpenedCheckpoint extends CheckpointFacts {
  readonly unet: { readonly config: UNetConfig; readonly weights: NetworkWeights };
  readonly vae: { readonly config: VaeConfig; readonly weights: NetworkWeights };
  /** One, or two whose states are joined in this order. */
  readonly textEncoders: readonly OpenedTextEncoder[];
}

/** What tells one state of a file from another. */
export interface FileStamp {
  /** Real path (no links). */
  readonly file: string;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
}
