/** The part of the error table that is about model files. */
import type { ErrorEntry } from './errorEntry.ts';

export const modelErrors = {
  E_MODEL_UNKNOWN: {
    status: 422,
    title: 'There is no model of that name.',
    next: 'Choose one from the list, or add the folder it is in.',
  },
  E_MODEL_NONE: {
    status: 422,
    title: 'No model has been found yet.',
    next: 'Start with --models FOLDER, or use Remove, which needs no model.',
  },
  E_MODEL_NOT_SAFETENSORS: {
    status: 422,
    title: 'This file is not a safetensors model.',
    next: 'Download the .safetensors version of the model.',
  },
  E_MODEL_UNSAFE: {
    status: 422,
    title: 'This model file holds a program, and Pentimento runs no program from a model file.',
    next: 'Get the model as .safetensors from where you trust it.',
  },
  E_MODEL_CONVERT: {
    status: 422,
    title: 'This model file must be converted before it can be used.',
    next: 'Run "pentimento convert FILE", then use the .safetensors file that it writes.',
  },
  E_MODEL_DAMAGED: {
    status: 422,
    title: 'The model file is damaged or incomplete.',
    next: 'Download it again.',
  },
  E_MODEL_FAMILY: {
    status: 422,
    title: 'This model is of a family that cannot be used here.',
    next: 'Use a Stable Diffusion 1, 2 or SDXL model, and files made for it.',
  },
  E_MODEL_ABILITY: {
    status: 422,
    title: 'This model cannot do what the job asks for.',
    next: 'Leave that out, or use the same model as .safetensors.',
  },
  E_MODEL_KIND: {
    status: 422,
    title: 'This file is of another kind.',
    next: 'Choose a file of the kind that is asked for: LoRA and VAE files go beside a full model.',
  },
  E_MODEL_MISSING_PART: {
    status: 422,
    title: 'A part of the model is missing.',
    next: 'Choose a model that has it, or name a file for the part.',
  },
  E_MODEL_ADDRESS: {
    status: 422,
    title: 'Nothing can be downloaded from this address.',
    next: 'Use the address of the model file itself; it begins with https://.',
  },
  E_MODEL_DOWNLOAD: {
    status: 502,
    title: 'The download did not come to its end.',
    next: 'Run the same command again; it goes on where it stopped.',
    retryable: true,
  },
  E_MODEL_REFUSED: {
    status: 502,
    title: 'The server does not give this file.',
    next: 'Open the address in a browser to see why; some models need an account there.',
  },
  E_MODEL_HASH: {
    status: 422,
    title: 'The downloaded file is not the one that was asked for, and was thrown away.',
    next: 'Compare the SHA-256 with the one on the page of the model, then download it again.',
  },
  E_MODEL_CHANGED: {
    status: 409,
    title: 'The model file changed while it was in use.',
    next: 'Run again.',
    retryable: true,
  },
} as const satisfies Record<string, ErrorEntry>;
