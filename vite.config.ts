/**
 * Two builds in one `vite build`: the browser workbench (ES modules, dist/workbench) and the
 * Photoshop panel (one classic script, dist/panel). `--mode panel` or `--mode workbench` builds one.
 */
import { cp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { defineConfig, type Plugin } from 'vite';

const root = import.meta.dirname;
const plugin = path.join(root, 'plugin');
const workbenchDir = path.join(root, 'dist/workbench');
const panelDir = path.join(root, 'dist/panel');
const hostModules = ['photoshop', 'uxp', 'fs', 'os'];

/** The service serves `/`; the sample photographs keep their plain names beside their credits. */
function finishWorkbench(): Plugin {
  return {
    name: 'pentimento:finish-workbench',
    applyToEnvironment: (environment) => environment.name === 'client',
    async writeBundle() {
      await rename(
        path.join(workbenchDir, 'workbench.html'),
        path.join(workbenchDir, 'index.html'),
      );
      await cp(path.join(plugin, 'samples'), path.join(workbenchDir, 'samples'), {
        recursive: true,
      });
    },
  };
}

/** What Photoshop loads beside the script: manifest, page and icons. */
function finishPanel(): Plugin {
  return {
    name: 'pentimento:finish-panel',
    applyToEnvironment: (environment) => environment.name === 'panel',
    async writeBundle() {
      await refuseWhatPhotoshopCannotLoad(path.join(panelDir, 'panel.js'));
      for (const [from, to] of [
        [path.join(plugin, 'index.html'), 'index.html'],
        [path.join(plugin, 'icons'), 'icons'],
        [path.join(root, 'manifest.json'), 'manifest.json'],
      ] as const) {
        if (!existsSync(from)) continue;
        await rm(path.join(panelDir, to), { recursive: true, force: true });
        await cp(from, path.join(panelDir, to), { recursive: true });
      }
      const css = path.join(panelDir, 'panel.css');
      if (!existsSync(css)) await writeFile(css, '');
    },
  };
}

async function refuseWhatPhotoshopCannotLoad(file: string): Promise<void> {
  const code = await readFile(file, 'utf8');
  if (/\bimport\s*\(|\bimport\.meta\b/.test(code)) {
    throw new Error('The panel bundle holds import(), which Photoshop cannot load.');
  }
}

export default defineConfig(({ mode }) => ({
  root: plugin,
  base: './',
  publicDir: false,
  plugins: [finishWorkbench(), finishPanel()],
  environments: {
    client: {
      build: {
        outDir: workbenchDir,
        emptyOutDir: true,
        target: 'es2022',
        modulePreload: false,
        // Served from the same computer: one file of 1.5 MB costs less than many small ones.
        chunkSizeWarningLimit: 2_000,
        rolldownOptions: { input: path.join(plugin, 'workbench.html') },
      },
    },
    panel: {
      consumer: 'client',
      define: { 'process.env.NODE_ENV': '"production"' },
      build: {
        outDir: panelDir,
        emptyOutDir: true,
        target: 'es2022',
        modulePreload: false,
        cssCodeSplit: false,
        rolldownOptions: {
          input: path.join(plugin, 'main.tsx'),
          external: hostModules,
          output: {
            format: 'iife',
            codeSplitting: false,
            entryFileNames: 'panel.js',
            assetFileNames: 'panel[extname]',
            globals: Object.fromEntries(hostModules.map((name) => [name, `require('${name}')`])),
          },
        },
      },
    },
  },
  builder: {
    async buildApp(builder) {
      const { client, panel } = builder.environments;
      if (client && mode !== 'panel') await builder.build(client);
      if (panel && mode !== 'workbench' && existsSync(path.join(plugin, 'main.tsx'))) {
        await builder.build(panel);
      }
    },
  },
}));
