import { maxSidePx } from '../../shared/limits.ts';
import { noSides, type Anchor, type Sides } from '../../shared/expand.ts';
import { aspectChoices } from '../session/expansion.ts';
import type { ExpandSettings } from '../session/settings.ts';
import { NumberField } from './controls/NumberField.tsx';
import { Segments } from './controls/Segments.tsx';
import { useSession } from './useSession.ts';

const sides: ReadonlyArray<{ readonly name: keyof Sides; readonly label: string }> = [
  { name: 'left', label: 'Left' },
  { name: 'right', label: 'Right' },
  { name: 'top', label: 'Top' },
  { name: 'bottom', label: 'Bottom' },
];

const painters = [
  { value: 'model', label: 'the model' },
  { value: 'patches', label: 'its own patches' },
];

/** Which sides of the picture grow by how much; only while the picture is to be expanded. */
export function ExpandSection() {
  const [{ settings, host }, session] = useSession();
  const { expand, mode } = settings;
  if (mode !== 'expand') return null;
  const change = (part: Partial<ExpandSettings>) =>
    session.change({ expand: { ...expand, ...part } });
  return (
    <div className="section">
      <div className="row wrap apart">
        {sides.map(({ name, label }) => (
          <div key={name} className="row pair half">
            <div className="label">{label}</div>
            <NumberField
              label={label}
              value={expand.sides[name]}
              range={{ min: 0, max: maxSidePx }}
              digits={0}
              unit="px"
              onChange={(px) => change({ sides: { ...expand.sides, [name]: px } })}
            />
          </div>
        ))}
      </div>
      {host.document && <Shapes document={host.document} expand={expand} change={change} />}
      <div className="row wrap under">
        <div className="label">Painted by</div>
        <Segments
          label="Painted by"
          look="segments"
          value={expand.by}
          choices={painters}
          onChange={(by) => change({ by: by === 'patches' ? 'patches' : 'model' })}
        />
      </div>
    </div>
  );
}

interface ShapesProps {
  readonly document: { readonly width: number; readonly height: number };
  readonly expand: ExpandSettings;
  readonly change: (part: Partial<ExpandSettings>) => void;
}

/** Shapes set the sides; where the picture stays is asked for the side that would grow. */
function Shapes({ document, expand, change }: ShapesProps) {
  const choices = aspectChoices(document, expand.anchor);
  const chosen = choices.find(({ sides: of }) => isSame(of, expand.sides));
  const grows = expand.sides.left + expand.sides.right > 0 ? 'across' : 'down';
  const anchors: readonly Anchor[] =
    grows === 'across' ? ['left', 'center', 'right'] : ['top', 'center', 'bottom'];
  const place = (anchor: Anchor) => {
    const again = chosen && aspectChoices(document, anchor).find((c) => c.name === chosen.name);
    change({ anchor, ...(again ? { sides: again.sides } : {}) });
  };
  return (
    <>
      <div className="row wrap under">
        <div className="label">Shape</div>
        <Segments
          label="Shape"
          look="chips"
          value={chosen?.name ?? ''}
          choices={choices.map(({ name }) => ({ value: name, label: name }))}
          onChange={(name) => {
            const found = choices.find((choice) => choice.name === name);
            if (found) change({ sides: { ...found.sides } });
          }}
        />
      </div>
      {chosen && !isSame(chosen.sides, noSides) && (
        <div className="row wrap under">
          <div className="label">Picture stays</div>
          <Segments
            label="Picture stays"
            look="segments"
            value={anchors.includes(expand.anchor) ? expand.anchor : 'center'}
            choices={anchors.map((value) => ({
              value,
              label: value === 'center' ? 'centred' : value,
            }))}
            onChange={(value) => place(anchors.find((a) => a === value) ?? 'center')}
          />
        </div>
      )}
    </>
  );
}

function isSame(a: Sides, b: Sides): boolean {
  return a.left === b.left && a.top === b.top && a.right === b.right && a.bottom === b.bottom;
}
