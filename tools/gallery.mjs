// npm run gallery [-- --models FOLDER --model ID]: builds and writes docs/guide/gallery.md with its pictures.
import { join } from 'node:path';
import { ensureReady, root, run } from './setup.mjs';

ensureReady();
if (run('npx', ['tsc', '-b', 'bench']) !== 0) process.exit(1);
const program = join(root, 'dist', 'bench', 'gallery', 'makeGallery.js');
process.exit(run('node', [program, ...process.argv.slice(2)]));
