import type { TokenCount } from '../../shared/api.ts';

export interface TokenCounterProps {
  readonly of: string;
  readonly count: TokenCount | undefined;
}

/** '14 / 75'; orange where the rest is cut off. */
export function TokenCounter({ of, count }: TokenCounterProps) {
  if (!count) return null;
  const { tokens, limit } = count;
  const isCut = tokens > limit;
  const label = `${of}: ${tokens} of ${limit} tokens${isCut ? ', the rest is not read' : ''}`;
  return (
    <div className={isCut ? 'counter is-cut' : 'counter dim'} aria-label={label} title={label}>
      {tokens} / {limit}
    </div>
  );
}
