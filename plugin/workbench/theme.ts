/** The workbench's four themes, by the names that Photoshop gives them. */
export const themes = ['darkest', 'dark', 'light', 'lightest'] as const;
export type Theme = (typeof themes)[number];

const storageKey = 'pentimento.theme';

export function storedTheme(storage: Storage): Theme {
  const name = storage.getItem(storageKey);
  return themes.find((theme) => theme === name) ?? 'dark';
}

export function storeTheme(storage: Storage, theme: Theme): void {
  storage.setItem(storageKey, theme);
}

export function themeAfter(theme: Theme): Theme {
  return themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'dark';
}
