import { useState } from 'react';
import { parametersText } from '../../shared/recipe.ts';
import { recipeLine } from '../session/select.ts';
import type { ResultView, Run } from '../session/state.ts';
import { Button } from './controls/Button.tsx';
import { LinkButton } from './controls/LinkButton.tsx';
import { useSession } from './useSession.ts';

export interface ResultDetailProps {
  readonly run: Run;
  readonly result: ResultView;
}

/** One result: place it, go on from it, and how it was made. */
export function ResultDetail({ run, result }: ResultDetailProps) {
  const [, session] = useSession();
  const [isCopied, setCopied] = useState(false);
  const { recipe, id } = result.info;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(parametersText(recipe));
      setCopied(true);
    } catch {
      // Without permission the text can still be read below.
      setCopied(false);
    }
  };
  return (
    <div className="detail">
      <div className="row actions">
        <Button kind="plain" onPress={() => session.place(run.key, [id])}>
          {result.isPlaced ? 'Place again' : 'Place as layer'}
        </Button>
      </div>
      <div className="row tiny wrap">
        <LinkButton onPress={() => session.reuse(recipe, 'free')}>↻ more like this</LinkButton>
        <div className="grow" />
        <LinkButton onPress={() => session.reuse(recipe, 'same')}>✎ use its settings</LinkButton>
        <div className="grow" />
        <LinkButton onPress={() => session.discardResult(run.key, id)}>✕ discard</LinkButton>
      </div>
      {recipe.color && (
        <div className="row heading spaced">
          <div className="grow">Colour at the seam</div>
          <div className="dim">
            dE00 {recipe.color.before.toFixed(1)} → {recipe.color.after.toFixed(1)}
          </div>
        </div>
      )}
      <div className="row heading spaced">
        <div className="grow">Recipe</div>
        <LinkButton onPress={() => void copy()}>{isCopied ? 'copied' : 'copy'}</LinkButton>
      </div>
      <div className="tiny dim">{recipeLine(recipe)}</div>
    </div>
  );
}
