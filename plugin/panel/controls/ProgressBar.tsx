import { useFlavour } from './flavour.ts';

export interface ProgressBarProps {
  readonly label: string;
  /** 0..1; undefined while nobody knows. */
  readonly share: number | undefined;
}

export function ProgressBar({ label, share }: ProgressBarProps) {
  const percent = Math.round((share ?? 0) * 100);
  if (useFlavour() === 'native') {
    return <sp-progressbar class="progress" aria-label={label} max={100} value={percent} />;
  }
  return (
    <sp-progress-bar
      class="progress"
      size="s"
      aria-label={label}
      progress={percent}
      indeterminate={share === undefined ? true : undefined}
    />
  );
}
