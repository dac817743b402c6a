#!/usr/bin/env node
// npx pentimento COMMAND: the command line.
import { ensureReady } from './setup.mjs';

ensureReady();
const { runCommandLine } = await import('../dist/service/cli.js');
process.exitCode = await runCommandLine(process.argv.slice(2));
