/** What each sampler and schedule is good for, in words for the artist who chooses. */
import type { SamplerGroup } from '../../../shared/api.ts';
import type { ScheduleId } from './sigmas/registry.ts';

interface Sentence {
  readonly about: string;
  /** Offered before the others, in the order of this list. */
  readonly isSuggested?: true;
}

interface SamplerSentence extends Sentence {
  readonly group: SamplerGroup;
}

/** By the sampler's name. */
export const samplerSentences: Readonly<Record<string, SamplerSentence>> = {
  'DPM++ 2M': {
    group: 'steady',
    isSuggested: true,
    about: 'A safe first choice: clean results in 20 to 30 steps, and the same picture with more.',
  },
  'DPM++ 2M SDE': {
    group: 'lively',
    isSuggested: true,
    about: 'Richer texture in skin, foliage and fabric than DPM++ 2M; likes 25 steps or more.',
  },
  'Euler a': {
    group: 'lively',
    isSuggested: true,
    about:
      'Soft and painterly, good for illustration; the picture changes with the number of steps.',
  },
  Euler: {
    group: 'steady',
    isSuggested: true,
    about: 'Plain and predictable: smooth surfaces, flat colour and small corrections.',
  },
  DDIM: {
    group: 'classic',
    isSuggested: true,
    about: 'Calm and even: an old favourite for retouching and for filling small areas.',
  },
  LCM: {
    group: 'few-steps',
    isSuggested: true,
    about: 'Only for LCM models and LCM LoRAs: finished in 4 to 8 steps with CFG 1 to 2.',
  },
  'DPM++ SDE': {
    group: 'lively',
    about: 'Fine detail already at 10 to 15 steps, but each step takes twice as long.',
  },
  'DPM++ 2M SDE Heun': {
    group: 'lively',
    about: 'DPM++ 2M SDE with another correction: a little crisper, sometimes noisier.',
  },
  'DPM++ 2S a': {
    group: 'lively',
    about: 'Crisp and varied; twice the time per step, and no fixed picture to settle on.',
  },
  'DPM++ 3M SDE': {
    group: 'lively',
    about: 'Very fine texture for long runs: 30 steps or more and a moderate CFG.',
  },
  Heun: {
    group: 'thorough',
    about: 'Euler with every step checked: more exact, twice the time.',
  },
  DPM2: {
    group: 'thorough',
    about:
      'Exact and slow: every step takes two; DPM++ 2M needs half the time for a similar picture.',
  },
  'DPM2 a': {
    group: 'thorough',
    about: 'DPM2 with fresh noise at every step: busy detail, twice the time.',
  },
  Restart: {
    group: 'thorough',
    about: 'Goes back and repeats part of the way: repairs hands and structure, takes longer.',
  },
  UniPC: {
    group: 'steady',
    about: 'A quick sketch of the final picture: usable at 8 to 12 steps.',
  },
  LMS: {
    group: 'classic',
    about: 'Quick and smooth, but needs 30 steps or more to lose its speckles.',
  },
  PLMS: {
    group: 'classic',
    about: 'The first sampler of Stable Diffusion; for pictures whose recipe names it.',
  },
  'DPM fast': {
    group: 'classic',
    about: 'Meant for quick looks; rough below 30 steps. For recipes that name it.',
  },
  'DPM adaptive': {
    group: 'classic',
    about: 'Chooses the number of steps itself and takes its time; the steps set do not count.',
  },
  'DDIM CFG++': {
    group: 'classic',
    about: 'DDIM that keeps natural colours and contrast when the CFG is high.',
  },
  'DPM++ 2S': {
    group: 'steady',
    about: 'DPM++ 2M in pairs of steps: a little more contrast; for recipes that name it.',
  },
  DEIS: {
    group: 'steady',
    about: 'Close to DPM++ 2M: clean and quick, at its best in 15 to 25 steps.',
  },
  'Res Multistep': {
    group: 'steady',
    about: 'Much like DPM++ 2M, a little sharper with few steps.',
  },
  'Res Multistep a': {
    group: 'lively',
    about: 'Res Multistep with fresh noise at every step: more texture, no fixed picture.',
  },
  'UniPC BH2': {
    group: 'steady',
    about: 'UniPC with another correction; better for plain prompts and a low CFG.',
  },
  'Gradient Estimation': {
    group: 'steady',
    about: 'Euler that looks ahead: crisper than Euler at the same number of steps.',
  },
  'ER SDE': {
    group: 'lively',
    about: 'Fine texture like the SDE samplers, already at 15 to 20 steps.',
  },
  HeunPP2: {
    group: 'thorough',
    about: 'Heun with every step checked twice: very exact, three times the time.',
  },
  IPNDM: {
    group: 'classic',
    about: 'PLMS without its slow first step; smooth results from 20 steps.',
  },
  'Euler CFG++': {
    group: 'steady',
    about: 'Euler that keeps natural colours; wants a CFG of about 1 instead of 7.',
  },
  'Euler a CFG++': {
    group: 'lively',
    about: 'Euler a that keeps natural colours; wants a CFG of about 1 instead of 7.',
  },
  'DPM++ 2M CFG++': {
    group: 'steady',
    about: 'DPM++ 2M that keeps natural colours; wants a CFG of about 1 instead of 7.',
  },
  TCD: {
    group: 'few-steps',
    about: 'Only for TCD and Hyper models: 4 to 8 steps, with more detail than LCM.',
  },
};

/** By the schedule's id: how the steps are shared out between composition and detail. */
export const scheduleSentences: Readonly<Record<ScheduleId, Sentence>> = {
  karras: {
    isSuggested: true,
    about: 'More steps for detail at the end: clean results with few steps.',
  },
  exponential: {
    isSuggested: true,
    about: 'Still more steps for fine detail: smooth backgrounds, best with SDE samplers.',
  },
  uniform: {
    isSuggested: true,
    about: 'Even steps, as the model was trained: shape and detail get the same care.',
  },
  sgm_uniform: {
    isSuggested: true,
    about: 'Even steps without the last bit of noise: for Lightning, Turbo and LCM models.',
  },
  simple: { about: 'Even steps from the model’s own list: plain and dependable.' },
  normal: { about: 'Even steps over the model’s range; the same as Uniform for most models.' },
  ddim: { about: 'The timesteps of DDIM, for any sampler: a little less noise at the start.' },
  beta: { about: 'More steps at the beginning and at the end: good structure and good detail.' },
  polyexponential: { about: 'Exponential with an adjustable bend.' },
  kl_optimal: { about: 'Placed by theory for few steps; leaves a trace of noise at the end.' },
  align_your_steps: { about: 'Steps measured for SD 1.5 and SDXL: good pictures from 10 steps.' },
};
