import { useEffect, useState } from 'react';
import { applyStyles, takeStyles, type StyleInfo, type StyleList } from '../../shared/styles.ts';
import { Button } from './controls/Button.tsx';
import { groupOptions } from './controls/groupOptions.ts';
import { OptionFrame } from './controls/OptionFrame.tsx';
import { OptionRows } from './controls/OptionRows.tsx';
import type { OptionGroup } from './controls/options.ts';
import { OptionSearch } from './controls/OptionSearch.tsx';
import { useSession } from './useSession.ts';

const longestAbout = 90;

/** Styles of AUTOMATIC1111's files: put into the prompts, or found there and taken out again. */
export function StylePicker({ onClose }: { readonly onClose: () => void }) {
  const [{ styles }, { readStyles }] = useSession();
  useEffect(readStyles, [readStyles]);
  if (!styles) return <div className="tiny dim hint">Reading the styles.</div>;
  return (
    <>
      {styles.unreadable.length > 0 && (
        <div className="problem tiny" role="alert">
          {styles.unreadable.join(', ')} cannot be read.
        </div>
      )}
      {styles.styles.length === 0 ? (
        <NoStyles list={styles} />
      ) : (
        <Chooser styles={styles.styles} onClose={onClose} />
      )}
    </>
  );
}

function NoStyles({ list }: { readonly list: StyleList }) {
  const [folder] = list.folders;
  return (
    <div className="tiny dim hint path">
      There are no styles yet. Put AUTOMATIC1111’s styles.csv into
      {folder === undefined ? ' a model folder' : ` ${folder}`} and open this list again.
    </div>
  );
}

interface ChooserProps {
  readonly styles: readonly StyleInfo[];
  readonly onClose: () => void;
}

function Chooser({ styles, onClose }: ChooserProps) {
  const [{ settings }, { change }] = useSession();
  const [words, setWords] = useState('');
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const { prompt, negativePrompt } = settings;
  const taken = takeStyles(styles, { prompt, negativePrompt });
  const toggle = (name: string) =>
    setChosen(chosen.includes(name) ? chosen.filter((c) => c !== name) : [...chosen, name]);
  const apply = () => {
    change(applyStyles(styles, chosen, { prompt, negativePrompt }));
    setChosen([]);
  };
  const takeOut = () => {
    change({ prompt: taken.prompt, negativePrompt: taken.negativePrompt });
    setChosen(taken.names);
  };
  return (
    <>
      <OptionFrame onClose={onClose}>
        <OptionSearch label="styles" words={words} onSearch={setWords} />
        <OptionRows
          label="Styles"
          groups={groupsOf(styles)}
          words={words}
          chosen={chosen}
          isMulti
          onChoose={toggle}
        />
      </OptionFrame>
      <div className="row wrap recipe-buttons">
        <Button kind="small" isDisabled={chosen.length === 0} onPress={apply}>
          Apply to prompt
        </Button>
        <Button kind="small" isDisabled={taken.names.length === 0} onPress={takeOut}>
          Take out of prompt
        </Button>
      </div>
      {taken.names.length > 0 && (
        <div className="tiny dim">In the prompt now: {taken.names.join(', ')}</div>
      )}
    </>
  );
}

/** By file, where there are several. */
function groupsOf(styles: readonly StyleInfo[]): OptionGroup[] {
  const isOne = new Set(styles.map(({ file }) => file)).size === 1;
  return groupOptions(
    styles,
    ({ file }) => (isOne ? '' : file),
    (style) => ({
      value: style.name,
      label: style.name,
      about: aboutStyle(style),
      aliases: [style.prompt, style.negativePrompt],
      isDisabled: isEmpty(style),
    }),
  );
}

function isEmpty({ prompt, negativePrompt }: StyleInfo): boolean {
  return prompt === '' && negativePrompt === '';
}

function aboutStyle(style: StyleInfo): string {
  const avoid = style.negativePrompt === '' ? [] : [`avoid: ${style.negativePrompt}`];
  const text = [style.prompt, ...avoid].filter(Boolean).join(' · ');
  return text.length > longestAbout ? `${text.slice(0, longestAbout)}…` : text;
}
