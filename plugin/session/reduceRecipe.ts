/** The recipe's part of the state machine. */
import type { Problem } from '../../shared/errors.ts';
import type { RecipeOffer, RecipePart } from './recipeOffer.ts';
import type { RecipeState } from './state.ts';

export type RecipeAction =
  | { type: 'recipeAsked'; title: string }
  | { type: 'recipeRead'; offer: RecipeOffer }
  | { type: 'recipeFailed'; title: string; problem: Problem }
  | { type: 'recipeUsed'; part: RecipePart }
  | { type: 'recipeClosed' };

export function isRecipeAction(action: { readonly type: string }): action is RecipeAction {
  return action.type.startsWith('recipe');
}

/** The recipe that is shown after an action about it. */
export function reduceRecipe(recipe: RecipeState, action: RecipeAction): RecipeState {
  switch (action.type) {
    case 'recipeAsked':
      return { phase: 'reading', title: action.title };
    case 'recipeRead':
      return { phase: 'shown', offer: action.offer, used: undefined };
    case 'recipeFailed':
      return { phase: 'failed', title: action.title, problem: action.problem };
    case 'recipeUsed':
      return recipe.phase === 'shown' ? { ...recipe, used: action.part } : recipe;
    case 'recipeClosed':
      return { phase: 'none' };
  }
}
