import { useRef, useState, type ReactNode } from 'react';
import { maxPromptCharacters } from '../../shared/limits.ts';
import type { TokenCount } from '../../shared/api.ts';
import { editAttention } from '../session/editAttention.ts';
import { insertWords, type Addition } from '../session/promptAdditions.ts';
import { AddMenu } from './AddMenu.tsx';
import { LinkButton } from './controls/LinkButton.tsx';
import { TextArea, type TextAreaHandle } from './controls/TextArea.tsx';
import { TokenCounter } from './TokenCounter.tsx';
import { useSession } from './useSession.ts';

export interface PromptFieldProps {
  readonly label: string;
  readonly placeholder: string;
  readonly rows: number;
  readonly value: string;
  readonly count: TokenCount | undefined;
  /** What the "add…" menu holds. */
  readonly kinds: readonly Addition['kind'][];
  /** More words to press in the line below. */
  readonly links?: ReactNode;
  readonly onChange: (value: string) => void;
}

/**
 * A prompt: Ctrl+Up and Ctrl+Down weigh its words, "add…" names a LoRA or an embedding at the caret, and
 * what cannot be read is said below.
 */
export function PromptField(props: PromptFieldProps) {
  const { label, placeholder, rows, value, count, kinds, links, onChange } = props;
  const [, session] = useSession();
  const [isAdding, setAdding] = useState(false);
  const area = useRef<TextAreaHandle>(null);
  const problem = problemOf(value, count);
  const close = () => {
    setAdding(false);
    area.current?.edit(() => undefined);
  };
  return (
    <>
      <TextArea
        handle={area}
        label={label}
        placeholder={placeholder}
        value={value}
        rows={rows}
        onChange={onChange}
        onWeigh={editAttention}
        onSubmit={session.generate}
      />
      {problem !== undefined && (
        <div className="problem tiny" role="alert">
          {problem}
        </div>
      )}
      <div className="row tiny under prompt-links">
        <LinkButton
          label={`Add to: ${label.toLowerCase()}`}
          onPress={() => setAdding(!isAdding)}
          isExpanded={isAdding}
        >
          add…
        </LinkButton>
        {links}
        <div className="grow" />
        <TokenCounter of={label} count={count} />
      </div>
      {isAdding && (
        <AddMenu
          kinds={kinds}
          onClose={close}
          onAdd={(words) => {
            setAdding(false);
            area.current?.edit((text, selection) => insertWords(text, selection, words));
          }}
        />
      )}
    </>
  );
}

function problemOf(value: string, count: TokenCount | undefined): string | undefined {
  if (value.length > maxPromptCharacters) {
    return `It has ${value.length} characters; at most ${maxPromptCharacters} can be read.`;
  }
  const [weight] = count?.unreadable ?? [];
  return weight === undefined ? undefined : `“${weight}” is no weight; these brackets do nothing.`;
}
