/** AUTOMATIC1111's `parameters` text: read, written, its names as settings. */
import { quoteValue, unquoteValue } from '../../../shared/infotext.ts';
import { parseStyles } from '../../../service/recipes/styles.ts';
import { webuiFields } from '../../../service/recipes/webuiFields.ts';
import { settingsOfPairs, webuiSettings } from '../../../service/recipes/webuiSettings.ts';
import { Unsupported, type Case, type Checker } from '../case.ts';

const operations: Readonly<Record<string, (row: never, c: Case) => unknown>> = {
  parse: (text: string, c) => webuiFields(text, parseStyles(c.input['styles'] as string)),
  quote: (value: unknown) => (typeof value === 'string' ? quoteValue(value) : value),
  unquote: (text: string) => unquoteValue(text),
  'override-settings': (pairs: string[]) => {
    const { settings, unreadable } = settingsOfPairs(pairs);
    return unreadable.length > 0 ? { error: 'ValueError' } : settings;
  },
  'setting-names': (name: string) => {
    const setting = webuiSettings.get(name);
    return setting ? [setting.key, setting.fallback] : null;
  },
};

export const check: Checker = (c) => {
  if (c.input['op'] === 'create') {
    throw new Unsupported("requests in AUTOMATIC1111's own HTTP dialect are not answered");
  }
  const operation = operations[String(c.input['op'])];
  if (!operation) throw new Unsupported(`infotext ${String(c.input['op'])}`);
  return Promise.resolve({ rows: (c.input['rows'] as never[]).map((row) => operation(row, c)) });
};
