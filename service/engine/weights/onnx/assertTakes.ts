/** Whether a network of an ONNX folder takes what we can give, and no more. */
import { PentimentoError } from '../../../../shared/errors.ts';
import { shown } from '../headerJson.ts';
import type { OnnxType } from './onnxGraph.ts';
import type { OnnxFile } from './readOnnx.ts';

export type OnnxComponent = 'unet' | 'text_encoder' | 'vae_encoder' | 'vae_decoder';

/** Inputs by the names of optimum's and diffusers' exports; those of a second list may be absent. */
const known: Readonly<Record<OnnxComponent, readonly [needed: string[], more: string[]]>> = {
  unet: [
    ['sample', 'timestep', 'encoder_hidden_states'],
    ['text_embeds', 'time_ids'],
  ],
  text_encoder: [['input_ids'], []],
  vae_encoder: [['sample'], []],
  vae_decoder: [['latent_sample'], []],
};

/** Element types that we can write. */
const types: ReadonlySet<OnnxType | undefined> = new Set<OnnxType>(['F32', 'F16', 'I64', 'I32']);

/** Throws E_MODEL_FAMILY for other inputs than the component's, or of other types. `name`: for sentences. */
export function assertTakes(name: string, file: OnnxFile, component: OnnxComponent): void {
  const [needed, more] = known[component];
  const inputs = new Set(file.inputs.map((input) => input.name));
  const missing = needed.find((input) => !inputs.has(input));
  if (missing !== undefined) {
    throw otherModel(`Its ${name} has no input "${missing}".`);
  }
  for (const { name: input, type } of file.inputs) {
    if (!needed.includes(input) && !more.includes(input)) {
      throw otherModel(`Its ${name} asks for ${shown(input)}, which is not known here.`);
    }
    if (!types.has(type)) {
      throw otherModel(`Its ${name} takes ${shown(input)} in a number format not known here.`);
    }
  }
}

function otherModel(what: string): PentimentoError {
  return new PentimentoError('E_MODEL_FAMILY', what);
}
