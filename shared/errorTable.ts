import type { ErrorEntry } from './errorEntry.ts';
import { modelErrors } from './modelErrors.ts';

/**
 * Every failure the product can name: a stable code, the HTTP status it travels with, a sentence an
 * artist understands and the next step. Sentences never hold paths, addresses or tokens.
 */
export const errorTable = {
  // who may talk
  E_AUTH_REQUIRED: {
    status: 401,
    title: 'This panel is not paired with the service.',
    next: 'Pair it with the code that the service shows.',
  },
  E_AUTH_INVALID: {
    status: 401,
    title: 'The pairing is no longer valid.',
    next: 'Pair the panel again.',
  },
  E_HOST: {
    status: 403,
    title: 'The request was addressed to another host name.',
    next: 'Use the address that the service printed at start.',
  },
  E_ORIGIN: {
    status: 403,
    title: 'Web pages may not talk to this service.',
    next: 'Use the panel, the workbench or the command line.',
  },
  E_TOKEN_IN_URL: {
    status: 400,
    title: 'A token must not be part of an address.',
    next: 'Send it in the Authorization header.',
  },
  E_PAIR_CLOSED: {
    status: 403,
    title: 'Pairing is not open.',
    next: 'Run "pentimento pair" and use the code it shows.',
  },
  E_PAIR_CODE: {
    status: 403,
    title: 'That pairing code is wrong or has expired.',
    next: 'Check the code, or ask for a new one.',
  },
  E_TOO_MANY_TRIES: {
    status: 429,
    title: 'Too many wrong tries.',
    next: 'Wait a minute, then pair again.',
    retryable: true,
  },
  E_API_VERSION: {
    status: 426,
    title: 'Panel and service have different versions.',
    next: 'Update the older of the two.',
  },
  // the request
  E_NOT_FOUND: { status: 404, title: 'There is nothing here.', next: 'Check the address.' },
  E_JSON: {
    status: 400,
    title: 'The request could not be read.',
    next: 'Send one valid frame or JSON document.',
  },
  E_FRAME: {
    status: 400,
    title: 'The picture data arrived damaged.',
    next: 'Send it again; if it happens again, restart the panel.',
    retryable: true,
  },
  E_TOO_LARGE: {
    status: 413,
    title: 'That is more than the service takes at once.',
    next: 'Select a smaller area.',
  },
  E_PARAM: {
    status: 422,
    title: 'A setting is outside its range.',
    next: 'Change the setting that is named.',
  },
  E_USAGE: { status: 400, title: 'The command is not clear.', next: 'See "pentimento --help".' },
  E_SAMPLER_UNKNOWN: {
    status: 422,
    title: 'There is no sampler of that name.',
    next: 'Choose one of those that the panel offers, or "pentimento samplers" names.',
  },
  E_SCHEDULE_UNKNOWN: {
    status: 422,
    title: 'There is no schedule of that name.',
    next: 'Choose one of those that the panel offers, or "pentimento samplers" names.',
  },
  E_PROMPT_TOO_LONG: { status: 422, title: 'The prompt is too long.', next: 'Shorten it.' },
  E_PROMPT_WEIGHT: {
    status: 422,
    title: 'A weight in the prompt is too large to compute with.',
    next: 'Use weights between 0 and 2, and fewer brackets around each other.',
  },
  E_MASK_EMPTY: {
    status: 422,
    title: 'The selection is empty.',
    next: 'Select what should change.',
  },
  E_MASK_SIZE: {
    status: 422,
    title: 'The mask and the picture have different sizes.',
    next: 'Use a mask with the size of the picture.',
  },
  E_MASK_FULL: {
    status: 422,
    title: 'Everything is selected, so there is nothing to fill from.',
    next: 'Select a part of the picture.',
  },
  E_EXPAND_NOTHING: {
    status: 422,
    title: 'There is nothing to expand.',
    next: 'Give at least one side a number of pixels, or choose another shape.',
  },
  E_EXPAND_TOO_LARGE: {
    status: 422,
    title: 'The picture would become too large.',
    next: 'Expand by less: up to 30,000 pixels a side and 64 million in all.',
  },
  E_TOO_EXPENSIVE: {
    status: 422,
    title: 'This run would take far too long or too much memory.',
    next: 'Choose a smaller size, fewer steps or fewer variants.',
  },
  E_IDEMPOTENCY_MISMATCH: {
    status: 409,
    title: 'The same request key was used for another request.',
    next: 'Send the request with a new key.',
  },
  E_QUEUE_FULL: {
    status: 429,
    title: 'The queue is full.',
    next: 'Wait until some of it is done.',
    retryable: true,
  },
  E_SHUTTING_DOWN: {
    status: 503,
    title: 'The service is stopping.',
    next: 'Start it again; what was accepted is kept.',
    retryable: true,
  },
  E_JOB_UNKNOWN: {
    status: 404,
    title: 'The service does not know this job.',
    next: 'Look in the history.',
  },
  E_JOB_STATE: { status: 409, title: 'The job is already finished.', next: 'Start a new one.' },
  E_RESULT_LOST: {
    status: 410,
    title: 'The result is no longer on the disk.',
    next: 'Run its recipe again.',
  },
  // pictures
  E_IMAGE_TYPE: {
    status: 415,
    title: 'This file is not a picture that can be opened.',
    next: 'Use PNG, JPEG, WebP, TIFF or PSD.',
  },
  E_IMAGE_CORRUPT: {
    status: 422,
    title: 'The picture file is damaged.',
    next: 'Save it again from the program it came from.',
  },
  E_IMAGE_PIXELS: {
    status: 413,
    title: 'The picture is too large.',
    next: 'Use a crop or a smaller copy.',
  },
  E_IMAGE_TIMEOUT: {
    status: 422,
    title: 'Opening the picture took too long.',
    next: 'Save a smaller copy and open that.',
  },
  E_IMAGE_TOO_SMALL: {
    status: 422,
    title: 'The picture is too small to work on.',
    next: 'Use a picture with at least 8 pixels on each side.',
  },
  E_IMAGE_CHANNELS: {
    status: 422,
    title: 'This kind of colour cannot be read yet.',
    next: 'Convert the picture to RGB.',
  },
  E_IMAGE_COMPOSITE: {
    status: 422,
    title: 'The document was saved without its merged picture.',
    next: 'Save it again with "Maximize compatibility", or choose one of its layers.',
  },
  E_RECIPE_NONE: {
    status: 422,
    title: 'There is no recipe in this picture.',
    next: 'Use the file as the program saved it; editors and web sites often remove recipes.',
  },
  E_RECIPE_DAMAGED: {
    status: 422,
    title: 'The recipe in this picture cannot be read.',
    next: 'Use the file as the program saved it, or type the settings.',
  },
  E_OUTPUT_TYPE: {
    status: 422,
    title: 'That cannot be saved under this name.',
    next: 'Use a name with another ending.',
  },
  ...modelErrors,

  // running
  E_MEMORY: {
    status: 507,
    title: 'There is not enough memory for this run.',
    next: 'Choose a smaller area or close other programs.',
    retryable: true,
  },
  E_OUTPUT_NAN: {
    status: 500,
    title: 'The model produced no usable numbers.',
    next: 'Try another seed or a float32 copy of the model.',
  },
  E_ENGINE_CRASHED: {
    status: 500,
    title: 'The engine stopped twice while working on this.',
    next: 'Try a smaller size; if it stays so, send the report from "pentimento doctor".',
  },
  E_ENGINE_TIMEOUT: {
    status: 500,
    title: 'The engine did not answer in time.',
    next: 'Try a smaller size.',
    retryable: true,
  },
  E_DEVICE: {
    status: 500,
    title: 'The graphics device could not be used.',
    next: 'Start with --device cpu.',
  },
  E_CANCELLED: { status: 409, title: 'The job was stopped.', next: 'Start it again.' },
  // storage
  E_DISK_FULL: {
    status: 507,
    title: 'The disk is full.',
    next: 'Free some space; nothing that was finished is lost.',
    retryable: true,
  },
  E_STORAGE: {
    status: 503,
    title: 'The data folder cannot be written.',
    next: 'Check its permissions, or start with --data FOLDER.',
  },
  E_FILE: {
    status: 422,
    title: 'A file could not be read or written.',
    next: 'Check its name and permissions.',
  },
  E_ALREADY_RUNNING: {
    status: 409,
    title: 'Another Pentimento service uses the same data folder.',
    next: 'Use that one, or start with --data FOLDER.',
  },
  E_PORT_TAKEN: {
    status: 409,
    title: 'Another program uses the port.',
    next: 'Stop it, or start with --port NUMBER.',
  },
  // the editor
  E_HOST_DOCUMENT: {
    status: 409,
    title: 'The document this belongs to is closed or has changed its size.',
    next: 'Open it again; the result is kept in the list.',
  },
  E_HOST_LAYER: {
    status: 409,
    title: 'The layer that was to be looked at is not in this document.',
    next: 'Choose the layer again, or take it away under ControlNet.',
  },
  E_HOST_MODE: {
    status: 422,
    title: 'This kind of document or layer cannot be read.',
    next: 'Use a pixel layer in an RGB, Gray, Lab or CMYK document.',
  },
  E_HOST_BUSY: {
    status: 409,
    title: 'Photoshop is busy with something else.',
    next: 'Finish it and press the button again.',
    retryable: true,
  },
  E_HOST_FAILED: {
    status: 500,
    title: 'Photoshop refused to do this, and the document was left as it was.',
    next: 'Try once more; the result is kept in the list.',
    retryable: true,
  },
  E_SERVICE_DOWN: {
    status: 503,
    title: 'The service is not running.',
    next: 'Start Pentimento on this computer. Your prompt and settings are kept.',
    retryable: true,
  },
  E_INTERNAL: {
    status: 500,
    title: 'Something went wrong that should not.',
    next: 'Run again; if it stays so, send the report from "pentimento doctor".',
  },
} as const satisfies Record<string, ErrorEntry>;
