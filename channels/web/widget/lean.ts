import type { Plugin } from "vite";

const OURS = ["component", "options"];
const here = (path: string): string => new URL(path, import.meta.url).pathname;

/** Preact from its sources, without what the widget does not use: components with state, and extensions. Only for the build. */
export function lean(): Plugin {
  return {
    name: "lean",
    apply: "build",
    enforce: "pre",
    resolveId(name, importer) {
      if (name === "preact") return here("./lean/index.js");
      const own = importer?.includes("preact/src/") && OURS.find((file) => name.endsWith(`./${file}`));
      return own ? here(`./lean/${own}.js`) : null;
    },
  };
}
