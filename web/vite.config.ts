// Builds web/dist: hashed files only, nothing inline, so that the Content-Security-Policy `default-src 'self'` holds.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

/** A running lockgate to develop against: `LOCKGATE=http://127.0.0.1:8480 npm run dev`. */
const lockgate = process.env.LOCKGATE ?? 'http://127.0.0.1:8480';

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: { port: 5173, strictPort: true, proxy: { '/api': { target: lockgate, changeOrigin: true, headers: { origin: lockgate } } } },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
});
