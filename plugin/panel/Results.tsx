import { useEffect, useState } from 'react';
import { runsWithResults } from '../session/select.ts';
import type { ResultView, Run } from '../session/state.ts';
import { LinkButton } from './controls/LinkButton.tsx';
import { ResultDetail } from './ResultDetail.tsx';
import { useSession } from './useSession.ts';

const shownRuns = 3;

/** What was made, newest first; the chosen one with its recipe. */
export function Results() {
  const [state] = useSession();
  const [isAll, setAll] = useState(false);
  const runs = runsWithResults(state);
  const shown = isAll ? runs : runs.slice(0, shownRuns);
  return (
    <>
      {shown.map((run) => (
        <RunResults key={run.key} run={run} chosenId={state.chosenResultId} />
      ))}
      {runs.length > shown.length && (
        <div className="section tiny">
          <LinkButton onPress={() => setAll(true)}>
            {runs.length - shown.length} earlier {runs.length - shown.length === 1 ? 'run' : 'runs'}
          </LinkButton>
        </div>
      )}
    </>
  );
}

function RunResults({
  run,
  chosenId,
}: {
  readonly run: Run;
  readonly chosenId: string | undefined;
}) {
  const chosen = run.results.find((result) => result.info.id === chosenId);
  const [{ host }] = useSession();
  const isElsewhere = run.origin.documentId !== host.document?.id;
  const heading =
    run.results.length > 1 ? `${run.results.length} variants of “${run.label}”` : run.label;
  return (
    <div className="section results">
      <div className="row heading">
        <div className="grow cut" title={heading}>
          {heading}
        </div>
        {isElsewhere && <div className="dim cut">{run.origin.documentName}</div>}
      </div>
      <div className="tiles" role="listbox" aria-label={heading}>
        {run.results.map((result) => (
          <Tile key={result.info.id} run={run} result={result} isChosen={result === chosen} />
        ))}
      </div>
      {chosen && <ResultDetail run={run} result={chosen} />}
    </div>
  );
}

interface TileProps {
  readonly run: Run;
  readonly result: ResultView;
  readonly isChosen: boolean;
}

function Tile({ run, result, isChosen }: TileProps) {
  const [, session] = useSession();
  const { info, thumbnail } = result;
  useEffect(() => {
    if (thumbnail === undefined) session.showThumbnail(run.key, info.id);
  }, [session, run.key, info.id, thumbnail]);
  const choose = () => session.chooseResult(isChosen ? undefined : info.id);
  const caption = `${run.results.length > 1 ? `${info.index + 1} · ` : ''}seed ${info.recipe.seed}`;
  return (
    <div
      className={isChosen ? 'tile on' : 'tile'}
      role="option"
      aria-selected={isChosen}
      aria-label={caption}
      tabIndex={0}
      onClick={choose}
      onKeyDown={(event) => {
        if (event.key === 'Enter' || event.key === ' ') {
          event.preventDefault();
          choose();
        }
      }}
    >
      {thumbnail === undefined ? null : <img src={thumbnail} alt="" />}
      <div className="badge bottom">{caption}</div>
      {result.isPlaced && <div className="badge corner">✓ placed</div>}
    </div>
  );
}
