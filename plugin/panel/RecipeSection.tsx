import type { ReactNode } from 'react';
import { changeOfPart, type RecipeOffer, type RecipePart } from '../session/recipeOffer.ts';
import { recipeLines } from '../session/recipeLines.ts';
import { activeModel } from '../session/select.ts';
import type { SessionState } from '../session/state.ts';
import { Button } from './controls/Button.tsx';
import { LinkButton } from './controls/LinkButton.tsx';
import { useSession } from './useSession.ts';

const parts: ReadonlyArray<readonly [RecipePart, label: string]> = [
  ['all', 'Use all'],
  ['all-but-seed', 'All but the seed'],
  ['prompt', 'Only prompt'],
  ['seed', 'Only seed'],
];

/** A recipe that was read: what would be used, what not and why, before anything changes. */
export function RecipeSection() {
  const [{ recipe }] = useSession();
  switch (recipe.phase) {
    case 'none':
      return null;
    case 'reading':
      return (
        <div className="section" role="status">
          <div className="tiny dim cut">Reading {recipe.title}</div>
        </div>
      );
    case 'failed':
      return (
        <Frame heading="No recipe">
          <div className="note-line" role="alert">
            {recipe.title !== '' && `${recipe.title}: `}
            {recipe.problem.title} {recipe.problem.detail} {recipe.problem.next}
          </div>
        </Frame>
      );
    case 'shown':
      return <Offer offer={recipe.offer} used={recipe.used} />;
  }
}

interface FrameProps {
  readonly heading: string;
  readonly children: ReactNode;
}

function Frame({ heading, children }: FrameProps) {
  const [, session] = useSession();
  return (
    <div className="section">
      <div className="row heading">
        <div className="grow cut">{heading}</div>
        <LinkButton label="Close the recipe" onPress={session.closeRecipe}>
          ✕
        </LinkButton>
      </div>
      {children}
    </div>
  );
}

interface OfferProps {
  readonly offer: RecipeOffer;
  readonly used: RecipePart | undefined;
}

function Offer({ offer, used }: OfferProps) {
  const [state, session] = useSession();
  const { prompt, negativePrompt } = offer.change;
  const isEmpty = (part: RecipePart) => Object.keys(changeOfPart(offer, part)).length === 0;
  return (
    <Frame heading={`Recipe of ${offer.title}`}>
      <div className="tiny dim">{offer.origin}</div>
      {prompt !== undefined && prompt !== '' && <div className="quoted">{prompt}</div>}
      {negativePrompt !== undefined && negativePrompt !== '' && (
        <div className="quoted dim tiny">avoid: {negativePrompt}</div>
      )}
      {offer.missingModel !== undefined && (
        <div className="note-line tiny">{missingModelWords(state, offer.missingModel)}</div>
      )}
      <div className="facts-list tiny">
        {recipeLines(offer.change, state.models).map(({ name, value }) => (
          <Fact key={name} name={name} value={value} />
        ))}
      </div>
      {offer.notUsed.length > 0 && (
        <>
          <div className="tiny dim under">Not taken over</div>
          <div className="facts-list tiny dim">
            {offer.notUsed.map(({ name, value, why }, index) => (
              <Fact key={`${index} ${name}`} name={name} value={`${value}. ${why}`} />
            ))}
          </div>
        </>
      )}
      <div className="row wrap recipe-buttons">
        {parts.map(([part, label]) => (
          <Button
            key={part}
            kind="small"
            isDisabled={isEmpty(part)}
            onPress={() => session.applyRecipe(part)}
          >
            {part === used ? `✓ ${label}` : label}
          </Button>
        ))}
      </div>
    </Frame>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div className="row start">
      <div className="field-label dim">{name}</div>
      <div className="grow">{value}</div>
    </div>
  );
}

function missingModelWords(state: SessionState, missing: string): string {
  const present = activeModel(state)?.name;
  const stays = present === undefined ? '' : ` ${present} stays.`;
  return `Its model “${missing}” is not in your library.${stays}`;
}
