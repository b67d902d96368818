/** How the pages become files: everything from this machine, nothing from outside, names made of their content. */
import { resolve } from 'node:path';
import { defineConfig } from 'vite';

const here = import.meta.dirname;
const folder = resolve(here, 'web-admin/pages');

export default defineConfig({
  root: folder,
  base: '/',
  publicDir: false,
  cacheDir: resolve(here, 'node_modules/.vite-panel'),
  oxc: { jsx: { runtime: 'automatic' } },
  html: { cspNonce: '__NONCE__' },
  build: {
    outDir: resolve(here, 'artefacts/panel'),
    emptyOutDir: true,
    assetsDir: 'assets',
    // A data: URL would have to be allowed for every kind of file.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2000,
    sourcemap: false,
    rolldownOptions: {
      // "use client" is for servers that render; nothing here is.
      onLog: (level, log, handle) => {
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') handle(level, log);
      },
    },
  },
});
