import { maskViews, type MaskView } from '../session/previews.ts';
import { hasSelection, situationOf } from '../session/select.ts';
import { LinkButton } from './controls/LinkButton.tsx';
import { Segments } from './controls/Segments.tsx';
import { useSession } from './useSession.ts';

const words: Readonly<Record<MaskView, string>> = {
  off: 'off',
  both: 'both',
  seen: 'seen',
  change: 'change',
};
const choices = maskViews.map((value) => ({ value, label: words[value] }));

/** The two masks of the run before it: in the workbench over the picture, in Photoshop small in here. */
export function MaskPreview() {
  const [state, session] = useSession();
  const { view, shown, isStale, problem } = state.previews.masks;
  if (!hasSelection(state) || situationOf(state) === 'expand') return null;
  const isInPanel = session.hostKind === 'photoshop';
  return (
    <div className="section masks">
      <div className="row wrap apart">
        <div className="label">Show mask</div>
        <Segments
          label="Show mask"
          look="segments"
          value={view}
          choices={choices}
          onChange={(value) => session.showMasks(maskViews.find((v) => v === value) ?? 'off')}
        />
      </div>
      {view !== 'off' && shown && isInPanel && (
        <div className="picture under">
          <img src={shown.pictures[view]} alt={altOf[view]} />
        </div>
      )}
      {view !== 'off' && <Legend view={view} />}
      {isStale && (
        <div className="tiny under" role="status">
          <span className="dim">Something has changed since. </span>
          <LinkButton onPress={() => session.showMasks(view)}>show again</LinkButton>
        </div>
      )}
      {problem && (
        <div className="note-line tiny" role="alert">
          {problem.title} {problem.detail} {problem.next}
        </div>
      )}
    </div>
  );
}

const altOf: Readonly<Record<Exclude<MaskView, 'off'>, string>> = {
  both: 'What will be seen, and what may change',
  seen: 'What will be seen of the result',
  change: 'What the model may change',
};

function Legend({ view }: { readonly view: Exclude<MaskView, 'off'> }) {
  return (
    <div className="row wrap tiny dim under">
      {view !== 'change' && <Sign name="seen">will be seen</Sign>}
      {view !== 'seen' && <Sign name="change">may change</Sign>}
    </div>
  );
}

function Sign({ name, children }: { readonly name: 'seen' | 'change'; readonly children: string }) {
  return (
    <div className="row legend">
      <div className={`swatch swatch-${name}`} />
      {children}
    </div>
  );
}
