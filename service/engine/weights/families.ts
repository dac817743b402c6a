/** What each family's published models have in common and no file says. */
import type { BuiltFamily, OpenedTextEncoder } from './types.ts';

/** A text encoder's place in both layouts, and how the family uses it. */
export interface TextEncoderPlace extends Pick<OpenedTextEncoder, 'padId' | 'state'> {
  /** Folder of the diffusers layout. */
  readonly folder: string;
  /** Prefix in a single file. */
  readonly place: string;
  /** Layers at the end of a single file that are never run. */
  readonly unusedLayers: number;
  /** Its one vector for a whole text is used, too. */
  readonly pooled: boolean;
}

export interface FamilyFacts {
  /** In the order in which their states are joined. */
  readonly textEncoders: readonly TextEncoderPlace[];
  /** VAE latents times this are what the UNet works on. */
  readonly scalingFactor: number;
  /** Side in pixels the family was trained at; models of velocity may differ. */
  readonly nativeSide: { readonly epsilon: number; readonly v: number };
  /** An empty negative prompt is told as zeros, unless a folder says otherwise. */
  readonly zeroEmptyNegative: boolean;
}

/** CLIP-L pads a text with its end token, OpenCLIP's models with 0. */
const clipL = { folder: 'text_encoder', padId: 49_407, unusedLayers: 0, pooled: false };
const bigG = {
  folder: 'text_encoder_2',
  padId: 0,
  unusedLayers: 0,
  state: 'penultimate',
  pooled: true,
} as const;
const sdScale = 0.18215;
const sdxlScale = 0.13025;

export const familyFacts: Readonly<Record<BuiltFamily, FamilyFacts>> = {
  sd1: {
    textEncoders: [{ ...clipL, place: 'cond_stage_model.', state: 'last' }],
    scalingFactor: sdScale,
    nativeSide: { epsilon: 512, v: 512 },
    zeroEmptyNegative: false,
  },
  sd2: {
    // The last layer but one speaks through the final norm; folders leave the last one out.
    textEncoders: [
      {
        folder: 'text_encoder',
        place: 'cond_stage_model.',
        padId: 0,
        state: 'last',
        unusedLayers: 1,
        pooled: false,
      },
    ],
    scalingFactor: sdScale,
    nativeSide: { epsilon: 512, v: 768 },
    zeroEmptyNegative: false,
  },
  sdxl: {
    textEncoders: [
      { ...clipL, place: 'conditioner.embedders.0.', state: 'penultimate' },
      { ...bigG, place: 'conditioner.embedders.1.' },
    ],
    scalingFactor: sdxlScale,
    nativeSide: { epsilon: 1024, v: 1024 },
    zeroEmptyNegative: true,
  },
  'sdxl-refiner': {
    textEncoders: [{ ...bigG, place: 'conditioner.embedders.0.' }],
    scalingFactor: sdxlScale,
    nativeSide: { epsilon: 1024, v: 1024 },
    zeroEmptyNegative: true,
  },
};

/** The built family of that name; undefined for any other. */
export function builtFamily(name: string): BuiltFamily | undefined {
  return name in familyFacts ? (name as BuiltFamily) : undefined;
}
