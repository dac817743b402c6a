/** Whole runs, step by step. */
import { Unsupported, type Checker } from '../case.ts';
import { checkWebui } from '../pipelineWebui.ts';
import { checkDiffusers } from '../pipelineDiffusers.ts';

export const check: Checker = (c) => {
  switch (c.input['dialect']) {
    case 'a1111':
      return checkWebui(c);
    case 'diffusers':
      return checkDiffusers(c);
    default:
      throw new Unsupported(`the dialect ${String(c.input['dialect'])}`);
  }
};
