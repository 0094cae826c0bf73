import { defineConfig } from 'vite'

// One script and one style sheet, both files of our own: the page's policy allows nothing inline.
export default defineConfig({
  build: { target: 'es2023', outDir: 'dist', emptyOutDir: true, assetsInlineLimit: 0, modulePreload: false, reportCompressedSize: false, chunkSizeWarningLimit: 400 },
})
