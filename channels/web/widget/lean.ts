import type { Plugin } from "vite";

/** Preact's own modules that ours stand in for, by what its sources import. */
const OURS: Record<string, string> = { "../component": "component", "./options": "options", "../options": "options", "./index": "diff" };
const here = (path: string): string => new URL(path, import.meta.url).pathname;

/**
 * Preact from its sources, without what the widget does not use: components, extensions, hydration. Of Preact stay how elements
 * are described, how a list of children is matched with the one before, and how properties and listeners are set.
 */
export function lean(): Plugin {
  return {
    name: "lean",
    enforce: "pre",
    resolveId(name, importer) {
      if (name === "preact") return here("./lean/index.js");
      const own = importer?.includes("preact/src/") && OURS[name];
      return own ? here(`./lean/${own}.js`) : null;
    },
  };
}
