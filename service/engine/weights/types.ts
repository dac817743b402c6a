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
  readonly crossAttentionDim: number;
  /** Attention heads of each down block's level (SD1: [8,8,8,8]). */
  readonly heads: readonly number[];
  readonly linearProjection: boolean;
  readonly normGroups: number;
  readonly normEps: number;
}

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
}

/** A whole checkpoint, opened: what graph/ and networks.ts need to build and load it. */
export interface OpenedCheckpoint {
  readonly family: 'sd1';
  readonly prediction: 'epsilon' | 'v';
  readonly padId: number;
  readonly betaStart: number;
  readonly betaEnd: number;
  readonly unet: { readonly config: UNetConfig; readonly weights: NetworkWeights };
  readonly vae: { readonly config: VaeConfig; readonly weights: NetworkWeights };
  readonly textEncoder: { readonly config: ClipTextConfig; readonly weights: NetworkWeights };
  /** Side in pixels the model was trained at: 512 for SD 1, or what a diffusers folder says. */
  readonly nativeSide?: number;
  /** The schedule's last step is pure noise (`rescale_betas_zero_snr` of a diffusers folder). */
  readonly zeroTerminalSnr?: boolean;
  /** State of every file the weights lie in, for assertUnchanged (modelFile.ts). */
  readonly files?: readonly FileStamp[];
}

/** What tells one state of a file from another. */
export interface FileStamp {
  /** Real path (no links). */
  readonly file: string;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
}
