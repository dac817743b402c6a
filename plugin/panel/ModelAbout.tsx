import { useEffect } from 'react';
import type { ModelInfo } from '../../shared/api.ts';
import { chosenLender } from '../session/lentParts.ts';
import { insertWords } from '../session/promptAdditions.ts';
import { familyName } from '../session/settingWords.ts';
import { LinkButton } from './controls/LinkButton.tsx';
import { useSession } from './useSession.ts';
import { memoryWords } from './words.ts';

/** What is known of a model: its picture, the words that call it, what its author wrote. */
export function ModelAbout({ model }: { readonly model: ModelInfo }) {
  const [state, { showModelPictures }] = useSession();
  const { id, name, family, variant, sizeBytes, hash, notes } = model;
  useEffect(() => showModelPictures([id]), [showModelPictures, id]);
  const picture = state.previews.models[id];
  const facts = [
    familyName(family),
    variant === 'base' ? '' : variant,
    memoryWords(sizeBytes),
    hash ?? '',
  ];
  return (
    <div className="section row start model-about">
      {picture?.phase === 'known' && (
        <img className="glance" src={picture.url} alt={`Made with ${name}`} />
      )}
      <div className="grow tiny">
        <div>
          <b className="path">{name}</b>
        </div>
        <div className="dim">{facts.filter(Boolean).join(' · ')}</div>
        {model.partsFrom !== undefined && (
          <div className="dim">
            A UNet alone; text encoder and VAE of {chosenLender(state)?.name ?? model.partsFrom}.
          </div>
        )}
        <TriggerWords words={notes?.triggerWords ?? []} />
        {notes?.text !== undefined && <div className="dim under quoted">{notes.text}</div>}
        {notes === undefined && model.hasPreview !== true && (
          <div className="dim under">Nothing is written beside it.</div>
        )}
      </div>
    </div>
  );
}

/** Pressing one puts it into the prompt. */
function TriggerWords({ words }: { readonly words: readonly string[] }) {
  const [{ settings }, { change }] = useSession();
  if (words.length === 0) return null;
  const add = (word: string) => {
    const end = { start: settings.prompt.length, end: settings.prompt.length };
    change({ prompt: insertWords(settings.prompt, end, word).text });
  };
  return (
    <div className="under">
      <span className="dim">Words: </span>
      {words.map((word) => (
        <span key={word} className="trigger">
          <LinkButton label={`Add “${word}” to the prompt`} onPress={() => add(word)}>
            {word}
          </LinkButton>{' '}
        </span>
      ))}
    </div>
  );
}
