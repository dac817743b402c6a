// npm test: installs, builds, and runs every check; ends with "N passed, N failed, N skipped".
import { existsSync } from 'node:fs';
import { checkNode, ensureBuilt, ensureInstalled, run, tool } from './setup.mjs';

const chromiumPaths = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

function ensureChromium() {
  if (process.env.PENTIMENTO_CHROMIUM || chromiumPaths.some((path) => existsSync(path))) return;
  if (process.platform === 'linux' && existsSync('/usr/bin/apt-get') && process.getuid?.() === 0) {
    process.stderr.write('Installing Chromium for the workbench tests ...\n');
    const quiet = {
      stdio: ['ignore', 'ignore', 2],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    };
    run('apt-get', ['update'], quiet);
    run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], quiet);
    if (chromiumPaths.some((path) => existsSync(path))) return;
  }
  process.stderr.write(
    'The workbench tests need Chromium and are skipped: install it (Debian: apt-get install chromium) or set PENTIMENTO_CHROMIUM to a Chrome.\n',
  );
}

function check(what, command, args) {
  process.stderr.write(`- ${what}\n`);
  if (run(command, args) !== 0) {
    process.stdout.write(`\n${what} failed\n0 passed, 1 failed, 0 skipped\n`);
    process.exit(1);
  }
}

checkNode();
ensureInstalled();
ensureChromium();
check('format', tool('oxfmt'), ['--check']);
check('lint', tool('oxlint'), ['--type-aware', '--deny-warnings']);
check('types', tool('tsc'), ['-b']);
check('unused code', tool('knip'), []);
ensureBuilt();
process.exit(run(tool('vitest'), ['run', ...process.argv.slice(2)]));
