import { recipeLines } from '../session/recipeLines.ts';
import { defaultSettings, type Settings } from '../session/settings.ts';

/** What of the advanced settings is not as usual, in one line. */
export function advancedLine(settings: Settings): string {
  const { variationSeed, variationStrength, eta, sChurn, sNoise, etaNoiseSeedDelta } = settings;
  const { clipSkip, guidanceRescale, emphasis, noiseSource, dialect } = settings;
  // It has fields of its own elsewhere.
  const { softInpainting: _soft, ...advanced } = settings.advanced;
  const sampling = { variationSeed, variationStrength, eta, sChurn, sNoise, etaNoiseSeedDelta };
  const reading = { clipSkip, guidanceRescale, emphasis, noiseSource, dialect, advanced };
  const lines = recipeLines({ ...sampling, ...reading }, []);
  const own = settings.vae === defaultSettings.vae ? [] : ['own VAE'];
  const words = [...lines.map(({ name, value }) => `${name.toLowerCase()} ${value}`), ...own];
  return words.length === 0 ? 'all as usual' : words.join(' · ');
}
