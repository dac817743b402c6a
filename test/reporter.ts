/** Prints the reference cases by kind and, alone on the last line, `N passed, N failed, N skipped`. */
import type { Reporter, TestCase, TestModule } from 'vitest/node';

interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const all: Count = { passed: 0, failed: 0, skipped: 0 };
    const kinds = new Map<string, Count>();
    for (const module of modules) {
      // A file that fails to load has no tests to count: it is one failure of its own.
      if (module.errors().length > 0) all.failed++;
      const isReference = module.moduleId.endsWith('reference/cases.test.ts');
      for (const test of module.children.allTests()) {
        add(all, test);
        const parent = test.parent;
        if (isReference && parent.type === 'suite') {
          const count = kinds.get(parent.name) ?? { passed: 0, failed: 0, skipped: 0 };
          add(count, test);
          kinds.set(parent.name, count);
        }
      }
    }
    const lines = [...kinds].map(
      ([kind, n]) =>
        `  ${kind.padEnd(12)} ${String(n.passed).padStart(4)} passed ${String(n.failed).padStart(4)} failed ${String(n.skipped).padStart(4)} skipped`,
    );
    if (lines.length > 0) process.stdout.write(`\nreference cases by kind\n${lines.join('\n')}\n`);
    process.stdout.write(`\n${all.passed} passed, ${all.failed} failed, ${all.skipped} skipped\n`);
  }
}

function add(count: Count, test: TestCase): void {
  const state = test.result().state;
  if (state === 'passed') count.passed++;
  else if (state === 'failed') count.failed++;
  else count.skipped++;
}
