import { readdirSync, readFileSync } from "node:fs";
import type { Plugin } from "vite";

/** The wire, the page's attributes and the public API: names that others read. */
const SPOKEN = /(frames|settings|api)\.ts$/;
const ASIDE = /\/\*[^]*?\*\/|^ *\/\/.*$|^import .*$/gm;
/** A member as our sources declare them: fields and methods of classes, interfaces and object types. */
const MEMBER = /(?:^ {2,}|\()(?:(?:private|readonly|static|async|get) )*(\w+)(?:\?)?(?:: |\(.*\{$|\(.*\): .*;$| = )/gm;

/**
 * The property names that never leave the bundle, so that the build may shorten them: declared in our own sources,
 * and neither spoken to anybody outside nor written as a string anywhere. The browser's own names are left alone by terser.
 */
export function shortenable(folder = new URL("./src/", import.meta.url)): RegExp {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name))
    .sort();
  const texts = files.map((name) => [name, readFileSync(new URL(name, folder), "utf8").replace(ASIDE, "")] as const);
  const all = texts.map(([, text]) => text).join("\n");
  const spoken = texts
    .filter(([name]) => SPOKEN.test(name))
    .map(([, text]) => text)
    .join("\n");
  const names = new Set<string>();
  for (const [name, text] of texts) {
    if (!SPOKEN.test(name)) for (const match of text.matchAll(MEMBER)) names.add(match[1]!);
  }
  const kept = [...names].filter(
    (name) => name.length > 2 && !new RegExp(`\\b${name}\\b`).test(spoken) && !new RegExp(`["'\`]${name}["'\`]`).test(all),
  );
  return new RegExp(`^(?:_[a-z]\\w*|${kept.sort().join("|")})$`);
}

/** Gives the custom properties of our styles names of one letter or two, in the styles and in the script that sets some of them. */
export function properties(folder = new URL("./src/styles/", import.meta.url)): Plugin {
  const styles = readdirSync(folder)
    .map((name) => readFileSync(new URL(name, folder), "utf8"))
    .join("\n");
  const names = [...new Set(styles.match(/--[a-z-]{3,}/g))].sort();
  return {
    name: "properties",
    apply: "build",
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle))
        if (file.type === "chunk")
          file.code = file.code.replace(/--[a-z-]{3,}/g, (name) => (names.includes(name) ? `--${(names.indexOf(name) + 10).toString(36)}` : name));
    },
  };
}
