import { defineConfig } from "vitest/config";
import { locales, version } from "./locales";
import { lean } from "./lean";
import { properties, shortenable } from "./shorten";

/** One classic script with its styles inside, and one file of texts per further language, beside the demo page that the server hands out. */
export default defineConfig({
  define: { "process.env.NODE_ENV": '"production"', LOCALES_VERSION: JSON.stringify(version) },
  oxc: { jsx: { runtime: "classic", pragma: "h", pragmaFrag: "Fragment" } },
  plugins: [lean(), locales(), properties()],
  build: {
    target: "es2022",
    cssTarget: ["chrome123", "safari17.5", "firefox128"],
    outDir: "../static",
    emptyOutDir: false,
    reportCompressedSize: true,
    modulePreload: false,
    minify: "terser",
    terserOptions: {
      ecma: 2020,
      module: true,
      compress: { passes: 4, ecma: 2020, unsafe_arrows: true, unsafe_methods: true, pure_getters: true, keep_fargs: false },
      mangle: { properties: { regex: shortenable() } },
    },
    lib: {
      entry: "src/main.ts",
      formats: ["iife"],
      name: "SwitchboardWidget",
      fileName: () => "widget.js",
    },
  },
  test: { environment: "happy-dom", include: ["test/**/*.test.{ts,tsx}"], testTimeout: 60_000, hookTimeout: 60_000 },
});
