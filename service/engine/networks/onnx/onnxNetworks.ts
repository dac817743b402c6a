/** The networks of an ONNX folder in the places of built ones. */
import type { DiffusionFacts } from '../../diffusion.ts';
import type { OnnxVae, OpenedOnnxFolder } from '../../weights/onnx/openOnnxFolder.ts';
import type { NetworkWeights, OpenedCheckpoint } from '../../weights/types.ts';
import { alphasCumprodOf } from '../alphasCumprod.ts';
import type { PartContext } from '../networkPart.ts';
import { autoencoderWithin, type Networks, type PlacedWeights } from '../placedNetworks.ts';
import type { NetworkMemory } from '../residentNetworks.ts';
import { makeOnnxTextEncoder } from './onnxTextEncoder.ts';
import { makeOnnxUnet } from './onnxUnet.ts';
import { makeOnnxVae } from './onnxVae.ts';

export function makeOnnxNetworks(
  context: PartContext,
  { unet, textEncoders, vae }: OpenedOnnxFolder,
  memory: NetworkMemory,
): Networks {
  return {
    textEncoder: makeOnnxTextEncoder(context, textEncoders),
    unet: makeOnnxUnet(context, unet),
    autoencoder: isBuilt(vae) ? autoencoderWithin(memory, context, vae) : makeOnnxVae(context, vae),
  };
}

export function onnxWeights({ unet, textEncoders, vae }: OpenedOnnxFolder): PlacedWeights {
  return {
    unet,
    textEncoders: textEncoders.map(({ file }) => file),
    vae: { weights: isBuilt(vae) ? vae.weights : weightsOf(vae), config: vae.config },
  };
}

export function onnxFacts(folder: OpenedOnnxFolder): DiffusionFacts {
  const { family, prediction, textEncoders, vae, scheduler, zeroEmptyNegative } = folder;
  const widths = textEncoders.map(({ width }) => width);
  const takesSizes = folder.unet.inputs.some(({ name }) => name === 'time_ids');
  return {
    family,
    prediction,
    padId: textEncoders[0].padId,
    inChannels: folder.inChannels,
    scalingFactor: vae.config.scalingFactor,
    contextWidth: folder.contextWidth,
    ...(widths.length > 1 ? { encoderWidths: widths } : {}),
    ...(zeroEmptyNegative ? { zeroEmptyNegative } : {}),
    ...(takesSizes ? { sizeNumbers: family === 'sdxl-refiner' ? 5 : 6 } : {}),
    alphasCumprod: alphasCumprodOf(folder),
    betas: {
      start: folder.betaStart,
      end: folder.betaEnd,
      schedule: folder.betaSchedule,
      zeroTerminalSnr: folder.zeroTerminalSnr,
    },
    ...(scheduler ? { scheduler } : {}),
    downscale: 2 ** (vae.config.blockOutChannels.length - 1),
    nativeSide: folder.nativeSide,
  };
}

function isBuilt(vae: OpenedOnnxFolder['vae']): vae is OpenedCheckpoint['vae'] {
  return 'weights' in vae;
}

/** Both halves' tensors; their names may be the same. */
function weightsOf({ encoder, decoder }: OnnxVae): NetworkWeights {
  const named = (half: string, weights: NetworkWeights) =>
    [...weights].map(([name, stored]) => [`${half}.${name}`, stored] as const);
  return new Map([...named('encoder', encoder.weights), ...named('decoder', decoder.weights)]);
}
