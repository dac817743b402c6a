/** A checkpoint's networks as one DiffusionModel, on one device. */
import type { DiffusionFacts, DiffusionModel, OddSizes } from './diffusion.ts';
import { alphasCumprodOf } from './networks/alphasCumprod.ts';
import { makeAutoencoder, makePreviewDecoder } from './networks/autoencoder.ts';
import { makeUNet } from './networks/unetRunner.ts';
import { abilitiesOf } from './networks/deviceAbilities.ts';
import { fitLatentColours, linearPreview, sd1Colours } from './networks/linearPreview.ts';
import { makeTextEncoder } from './networks/textEncoder.ts';
import type { Device } from './runtime/device.ts';
import type { NetworkWeights, OpenedCheckpoint } from './weights/types.ts';

export interface OpenDiffusionOptions {
  readonly device: Device;
  /** Where float32 copies of 16-bit weights are kept. */
  readonly cacheFolder: string;
  readonly oddSizes: OddSizes;
  /** The tiny autoencoder for previews; without it they are a linear map of the latents. */
  readonly taesd?: NetworkWeights;
  /** Told what is being done when it takes a while: 'loading the UNet'. */
  readonly onStage?: (name: string) => void;
}

/**
 * Nothing is loaded yet: each network is when it is first used, in the size it is used in, and the
 * last sizes stay. The model's functions must not be called while another one of them runs.
 * Throws E_DEVICE, E_MEMORY or E_INTERNAL when the device cannot compute.
 */
export async function openDiffusionModel(
  checkpoint: OpenedCheckpoint,
  options: OpenDiffusionOptions,
): Promise<DiffusionModel> {
  const { device, cacheFolder, onStage, oddSizes, taesd } = options;
  const abilities = await abilitiesOf(device);
  const files = checkpoint.files ?? [];
  const context = { device, abilities, cacheFolder, onStage, files };
  const textEncoder = makeTextEncoder(context, checkpoint.textEncoder);
  const unet = makeUNet(context, checkpoint.unet, oddSizes);
  const autoencoder = makeAutoencoder(context, checkpoint.vae);
  const previewDecoder = taesd && makePreviewDecoder(context, taesd);
  const colours = previewColours(checkpoint.vae.config.scalingFactor);
  return {
    facts: factsOf(checkpoint),
    encodeText: textEncoder.encodeText,
    predict: unet.predict,
    encode: colours.watching(autoencoder.encode),
    decode: autoencoder.decode,
    preview:
      previewDecoder?.preview ?? (async (latents) => linearPreview(latents, colours.newest())),
    async dispose() {
      await textEncoder.dispose();
      await unet.dispose();
      await autoencoder.dispose();
      await previewDecoder?.dispose();
    },
  };
}

const sd1ScalingFactor = 0.18215;

/** The colours of latents: SD's own are known, another autoencoder's are fitted to what it encodes. */
function previewColours(scalingFactor: number) {
  let newest = sd1Colours;
  return {
    newest: () => newest,
    watching(encode: DiffusionModel['encode']): DiffusionModel['encode'] {
      if (scalingFactor === sd1ScalingFactor) return encode;
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

const sd1NativeSide = 512;

function factsOf(checkpoint: OpenedCheckpoint): DiffusionFacts {
  const { family, prediction, padId, unet, vae } = checkpoint;
  return {
    family,
    prediction,
    padId,
    inChannels: unet.config.inChannels,
    scalingFactor: vae.config.scalingFactor,
    contextWidth: unet.config.crossAttentionDim,
    alphasCumprod: alphasCumprodOf(checkpoint),
    betas: {
      start: checkpoint.betaStart,
      end: checkpoint.betaEnd,
      zeroTerminalSnr: checkpoint.zeroTerminalSnr,
    },
    downscale: 2 ** (vae.config.blockOutChannels.length - 1),
    nativeSide: checkpoint.nativeSide ?? sd1NativeSide,
  };
}
