// npm start [-- options]: makes everything ready and starts the service with its workbench.
import { ensureReady } from './setup.mjs';

ensureReady();
const { runCommandLine } = await import('../dist/service/cli.js');
process.exitCode = await runCommandLine(['serve', ...process.argv.slice(2)]);
