import { useEffect, useState } from 'react';
import type { ModelPicture, Previews } from '../session/previews.ts';
import { promptAdditions, type Addition } from '../session/promptAdditions.ts';
import { groupOptions } from './controls/groupOptions.ts';
import { OptionFrame } from './controls/OptionFrame.tsx';
import { OptionRows } from './controls/OptionRows.tsx';
import { searchOptions, type OptionGroup } from './controls/options.ts';
import { OptionSearch } from './controls/OptionSearch.tsx';
import { useSession } from './useSession.ts';

export interface AddMenuProps {
  /** LoRAs are named in the prompt only. */
  readonly kinds: readonly Addition['kind'][];
  /** The words that name what was chosen. */
  readonly onAdd: (words: string) => void;
  readonly onClose: () => void;
}

const label = 'LoRAs and embeddings';
/** Pictures are read for what stands first; a search brings the rest. */
const mostPictures = 24;

/** LoRAs and embeddings to put into a prompt: what fits the model, then the rest with the reason. */
export function AddMenu({ kinds, onAdd, onClose }: AddMenuProps) {
  const [state, { readModels, showModelPictures }] = useSession();
  useEffect(readModels, [readModels]);
  const [words, setWords] = useState('');
  const additions = promptAdditions(state).filter(({ kind }) => kinds.includes(kind));
  const groups = groupsOf(additions, state.previews.models);
  const found = searchOptions(groups, words).flatMap((group) => group.options.map((o) => o.value));
  const shown = found.slice(0, mostPictures).join('\n');
  useEffect(() => {
    if (shown !== '') showModelPictures(shown.split('\n'));
  }, [showModelPictures, shown]);
  if (additions.length === 0) {
    const what = kinds.includes('lora') ? 'LoRA and no embedding' : 'embedding';
    return (
      <div className="tiny dim hint">
        There is no {what} in your model folders. Put files there and open this list again.
      </div>
    );
  }
  return (
    <OptionFrame onClose={onClose}>
      <OptionSearch label={label} words={words} onSearch={setWords} />
      <OptionRows
        label={label}
        groups={groups}
        words={words}
        chosen={[]}
        onChoose={(id) => {
          const added = additions.find((addition) => addition.id === id);
          if (added) onAdd(added.words);
        }}
      />
    </OptionFrame>
  );
}

function groupsOf(additions: readonly Addition[], pictures: Previews['models']): OptionGroup[] {
  const kinds = { lora: 'LoRAs', embedding: 'Embeddings' } as const;
  const nameOf = ({ obstacle, kind }: Addition) =>
    obstacle === undefined ? kinds[kind] : 'Not for this model';
  return groupOptions(additions, nameOf, (addition) => ({
    value: addition.id,
    label: addition.name,
    about: addition.obstacle ?? aboutAddition(addition),
    aliases: [addition.words],
    isDisabled: addition.obstacle !== undefined,
    picture: urlOf(pictures[addition.id]),
  }));
}

function urlOf(picture: ModelPicture | undefined): string | undefined {
  return picture?.phase === 'known' ? picture.url : undefined;
}

function aboutAddition({ family, triggerWords }: Addition): string {
  const words = triggerWords.length === 0 ? '' : `words: ${triggerWords.join(', ')}`;
  return [family, words].filter(Boolean).join(' · ');
}
