/**
 * Every reference case there is: test/reference/cases, or the folder named by PENTIMENTO_CASES.
 * A kind without a checker, or a case that needs what is not built, is skipped and counted as such.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Unsupported, type Checker } from './case.ts';
import { compareCase } from './compare.ts';
import { listCases, readCase } from './reader.ts';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(process.env['PENTIMENTO_CASES'] ?? join(here, 'cases'));
const kinds = (process.env['PENTIMENTO_KINDS'] ?? '').split(',').filter(Boolean);
async function checkerOf(kind: string): Promise<Checker | undefined> {
  if (!/^[a-z]+$/.test(kind) || !existsSync(join(here, 'checkers', `${kind}.ts`))) return undefined;
  const module = (await import(`./checkers/${kind}.ts`)) as { check: Checker };
  return module.check;
}

const files = existsSync(root) ? listCases(root, kinds) : [];

it('finds reference cases', () => {
  expect(files.length).toBeGreaterThan(0);
});

for (const kind of new Set(files.map((f) => f.kind))) {
  describe(kind, () => {
    for (const file of files.filter((f) => f.kind === kind)) {
      it(basename(file.path, '.json'), async (context) => {
        const c = readCase(file.path, root);
        if (!c) return context.skip('not a case of its own');
        const check = await checkerOf(c.kind);
        if (!check) return context.skip('no checker for this kind yet');
        try {
          const problems = await compareCase(c, await check(c));
          expect(problems).toEqual([]);
        } catch (error) {
          if (error instanceof Unsupported) return context.skip(error.message);
          throw error;
        }
      });
    }
  });
}
