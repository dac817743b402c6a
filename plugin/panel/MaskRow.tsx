import { expandLimits } from '../../shared/expand.ts';
import { limits } from '../../shared/limits.ts';
import { NumberField } from './controls/NumberField.tsx';
import { Segments } from './controls/Segments.tsx';
import { useSession } from './useSession.ts';

const counts = ['1', '3', '6'].map((value) => ({ value, label: value }));

function Feather() {
  const [{ settings }, session] = useSession();
  return (
    <>
      <div className="label">Feather</div>
      <NumberField
        label="Feather"
        value={settings.featherPx}
        range={limits.featherPx}
        digits={0}
        unit="px"
        onChange={(featherPx) => session.change({ featherPx })}
      />
    </>
  );
}

/** What of the picture is painted again and faded over, in the place of a feather. */
function Overlap() {
  const [{ settings }, session] = useSession();
  const { expand } = settings;
  return (
    <>
      <div className="label">Overlap</div>
      <NumberField
        label="Overlap"
        value={expand.overlapPx}
        range={expandLimits.overlapPx}
        digits={0}
        unit="px"
        onChange={(overlapPx) => session.change({ expand: { ...expand, overlapPx } })}
      />
    </>
  );
}

/** The soft edge in document pixels, and how many pictures are made. */
export function MaskRow() {
  const [{ settings }, session] = useSession();
  return (
    <div className="section row wrap apart">
      <div className="row pair">{settings.mode === 'expand' ? <Overlap /> : <Feather />}</div>
      <div className="row pair">
        <div className="label">Variants</div>
        <Segments
          label="Variants"
          look="segments"
          value={String(settings.count)}
          choices={counts}
          onChange={(count) => session.change({ count: Number(count) })}
        />
      </div>
    </div>
  );
}
