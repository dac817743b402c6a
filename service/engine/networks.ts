/** A checkpoint's networks as one DiffusionModel, on one device. */
import { PentimentoError } from '../../shared/errors.ts';
import type { DiffusionFacts, DiffusionModel, OddSizes } from './diffusion.ts';
import { alphasCumprodOf } from './networks/alphasCumprod.ts';
import { makePreviewDecoder } from './networks/autoencoder.ts';
import { sizeNumbersOf } from './networks/conditionFeeds.ts';
import { makeUNet } from './networks/unetRunner.ts';
import { abilitiesOf } from './networks/deviceAbilities.ts';
import {
  fitLatentColours,
  linearPreview,
  publishedColours,
  sd1Colours,
} from './networks/linearPreview.ts';
import { noAdapters, type AdapterSet } from './networks/openAdapters.ts';
import { makeResidents, type NetworkMemory } from './networks/residentNetworks.ts';
import { assertAdapts, type AdaptedWeights } from './networks/adapterChanges.ts';
import { makeTextEncoder, textNetworksOf } from './networks/textEncoder.ts';
import { keepEncodings } from './networks/keptEncodings.ts';
import {
  autoencoderWithin,
  placeNetworks,
  unlimitedMemory,
  type Networks,
} from './networks/placedNetworks.ts';
import { makeOnnxNetworks, onnxFacts, onnxWeights } from './networks/onnx/onnxNetworks.ts';
import type { PartContext } from './networks/networkPart.ts';
import type { Device } from './runtime/device.ts';
import type { Tensor } from './tensor.ts';
import { isOnnxFolder, type OpenedModel } from './weights/openModel.ts';
import type { NetworkWeights, OpenedCheckpoint } from './weights/types.ts';

export interface OpenDiffusionOptions {
  readonly device: Device;
  /** Where float32 copies of 16-bit weights are kept. */
  readonly cacheFolder: string;
  readonly oddSizes: OddSizes;
  /** The tiny autoencoder for previews; without it they are a linear map of the latents. */
  readonly taesd?: NetworkWeights;
  /** Told what is being done when it takes a while: 'loading the UNet'. What it throws ends the work. */
  readonly onStage?: (name: string) => void;
  /** What may be taken of the memory, shared with other models (all that the device gives). */
  readonly memory?: NetworkMemory;
}

/** A model whose weights LoRA files can change. */
export interface AdaptableModel extends DiffusionModel {
  /** From the next call on; a network is loaded again for changes that cannot come with each run. Throws E_MODEL_FAMILY. */
  useAdapters(adapters: AdapterSet): void;
}

/**
 * Nothing is loaded yet: each network is when it is first used, in the size it is used in, and the
 * last sizes stay. The model's functions must not be called while another one of them runs.
 * Throws E_DEVICE, E_MEMORY or E_INTERNAL when the device cannot compute.
 */
export async function openDiffusionModel(
  checkpoint: OpenedModel,
  options: OpenDiffusionOptions,
): Promise<AdaptableModel> {
  const { device, cacheFolder, onStage, oddSizes, taesd } = options;
  const abilities = await abilitiesOf(device);
  const files = checkpoint.files ?? [];
  const adapters = { current: noAdapters };
  const context = { device, abilities, cacheFolder, onStage, files, adapters };
  const memory = options.memory ?? {
    limits: unlimitedMemory,
    residents: makeResidents(unlimitedMemory),
  };
  const networks = isOnnxFolder(checkpoint)
    ? makeOnnxNetworks(context, checkpoint, memory)
    : builtNetworks(context, checkpoint, { oddSizes, memory });
  const weights = isOnnxFolder(checkpoint) ? onnxWeights(checkpoint) : checkpoint;
  const placed = placeNetworks(networks, weights, context, memory);
  const previewDecoder = taesd && makePreviewDecoder(context, taesd);
  const colours = previewColours(checkpoint.vae.config.scalingFactor);
  let encodeText = keepEncodings(placed.encodeText, keptChunks);
  return {
    facts: {
      ...(isOnnxFolder(checkpoint) ? onnxFacts(checkpoint) : factsOf(checkpoint)),
      weightBytes: placed.weightBytes,
      hasTinyDecoder: taesd !== undefined,
    },
    encodeText: (...question) => encodeText(...question),
    predict: placed.predict,
    encode: colours.watching(placed.encode),
    decode: placed.decode,
    preview:
      previewDecoder?.preview ?? (async (latents) => linearPreview(latents, colours.newest())),
    ...(previewDecoder
      ? { decodeTiny: async (latents) => signed(await previewDecoder.preview(latents)) }
      : {}),
    useAdapters(set) {
      if (set.key === adapters.current.key) return;
      assertAdapts(set.adapters, adaptedNetworks(checkpoint));
      adapters.current = set;
      // What was encoded with other weights is of no use.
      encodeText = keepEncodings(placed.encodeText, keptChunks);
    },
    async dispose() {
      await placed.dispose();
      await previewDecoder?.dispose();
    },
  };
}

/** 0..1 as -1..1. */
function signed({ data, shape }: Tensor): Tensor {
  return { data: data.map((value) => value * 2 - 1), shape };
}

function builtNetworks(
  context: PartContext,
  checkpoint: OpenedCheckpoint,
  { oddSizes, memory }: { readonly oddSizes: OddSizes; readonly memory: NetworkMemory },
): Networks {
  return {
    textEncoder: makeTextEncoder(context, checkpoint),
    unet: makeUNet(context, checkpoint.unet, oddSizes),
    autoencoder: autoencoderWithin(memory, context, checkpoint.vae),
  };
}

/** The networks that LoRA files know. Throws E_MODEL_ABILITY for a model whose weights are fixed. */
function adaptedNetworks(model: OpenedModel): readonly AdaptedWeights[] {
  if (isOnnxFolder(model)) {
    throw new PentimentoError('E_MODEL_ABILITY', 'An ONNX model takes no LoRA files.');
  }
  const { family, unet, textEncoders } = model;
  const names = textNetworksOf(family);
  return [
    { network: 'unet', weights: unet.weights, layers: unet.config.layersPerBlock },
    ...textEncoders.map(({ weights }, i) => ({ network: names[i], weights, layers: 0 })),
  ];
}

/** Chunks of text whose states are kept: 40 MB for SDXL. */
const keptChunks = 64;

/** The colours of latents: SD's own are known, another autoencoder's are fitted to what it encodes. */
function previewColours(scalingFactor: number) {
  const published = publishedColours(scalingFactor);
  let newest = published ?? sd1Colours;
  return {
    newest: () => newest,
    watching(encode: DiffusionModel['encode']): DiffusionModel['encode'] {
      if (published) return encode;
      return async (picture) => {
        const encoded = await encode(picture);
        const { data, shape } = encoded.mean;
        if (picture.shape[0] === 1) {
          const scaled = { data: data.map((v) => v * scalingFactor), shape };
          newest = fitLatentColours(scaled, picture);
        }
        return encoded;
      };
    },
  };
}

function factsOf(checkpoint: OpenedCheckpoint): DiffusionFacts {
  const { family, prediction, textEncoders, unet, vae } = checkpoint;
  return {
    family,
    prediction,
    padId: textEncoders[0].padId,
    inChannels: unet.config.inChannels,
    scalingFactor: vae.config.scalingFactor,
    contextWidth: unet.config.crossAttentionDim,
    ...textFacts(checkpoint),
    alphasCumprod: alphasCumprodOf(checkpoint),
    betas: {
      start: checkpoint.betaStart,
      end: checkpoint.betaEnd,
      schedule: checkpoint.betaSchedule,
      zeroTerminalSnr: checkpoint.zeroTerminalSnr,
    },
    ...(checkpoint.scheduler ? { scheduler: checkpoint.scheduler } : {}),
    downscale: 2 ** (vae.config.blockOutChannels.length - 1),
    nativeSide: checkpoint.nativeSide,
  };
}

/** What only families with further conditions have. Throws E_MODEL_FAMILY for conditions of another kind. */
function textFacts({ textEncoders, unet, zeroEmptyNegative }: OpenedCheckpoint) {
  const widths = textEncoders.map(({ config }) => config.hiddenSize);
  const encoderWidths = widths.length > 1 ? { encoderWidths: widths } : {};
  const zeros = zeroEmptyNegative ? { zeroEmptyNegative } : {};
  if (unet.config.addedWidth === 0) return { ...encoderWidths, ...zeros };
  const pooled = textEncoders.find(({ config }) => config.projection)?.config.projection;
  const sizeNumbers = sizeNumbersOf(unet.config, pooled?.width ?? 0);
  if (sizeNumbers !== 5 && sizeNumbers !== 6) {
    throw new PentimentoError('E_MODEL_FAMILY', 'Its UNet takes conditions of another width.');
  }
  return { ...encoderWidths, ...zeros, sizeNumbers } as const;
}
