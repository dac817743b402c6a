/** How a diffusers scheduler places its steps. */

/** Where n timesteps lie among the training's; every class has its own default. */
export type TimestepSpacing = 'leading' | 'linspace' | 'trailing';

export interface DiffusersSchedule {
  /**
   * `euler`: Euler, Euler a, Heun, KDPM2, LMS, DPM-Solver SDE; `ddim`: DDIM, PNDM; `multistep`: DPM-Solver
   * multistep and singlestep, UniPC, DEIS; `distilled`: LCM, TCD.
   */
  readonly kind: 'euler' | 'ddim' | 'multistep' | 'distilled';
  readonly spacing: TimestepSpacing;
  /** Added to leading timesteps (SD: 1). */
  readonly stepsOffset?: number;
  /** Sigmas spread otherwise than by timesteps. */
  readonly sigmas?: 'karras' | 'exponential' | 'beta' | 'lu';
  /** Ends of sigmas that are spread; absent: those of the plain ones. */
  readonly sigmaMin?: number;
  readonly sigmaMax?: number;
  /** Timesteps of sigmas spread as Karras or Lu do are rounded. */
  readonly roundsTimesteps?: boolean;
  /** Between the training's sigmas (linear). */
  readonly interpolation?: 'linear' | 'log_linear';
  /** Where the last step ends (zero): training's first sigma, or where it begins if sigmas are spread. */
  readonly finalSigma?: 'zero' | 'sigma_min' | 'last';
  /** DDIM's last step ends at alpha 1 instead of the training's first. */
  readonly setAlphaToOne?: boolean;
  /** Timesteps whose log SNR / 2 is below this are left out (multistep kind). */
  readonly leastLambda?: number;
  /** Timesteps that a distilled model was taught. */
  readonly originalSteps?: number;
}
