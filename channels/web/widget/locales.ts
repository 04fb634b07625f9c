import { createHash } from "node:crypto";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import type { Plugin } from "vite";
import { ar } from "./src/i18n/ar";
import { de } from "./src/i18n/de";
import { en, type Key, type Texts } from "./src/i18n/en";
import { es } from "./src/i18n/es";
import { fr } from "./src/i18n/fr";
import { hi } from "./src/i18n/hi";
import { it } from "./src/i18n/it";
import { ja } from "./src/i18n/ja";
import { nl } from "./src/i18n/nl";
import { pl } from "./src/i18n/pl";
import { pt } from "./src/i18n/pt";
import { ru } from "./src/i18n/ru";
import { tr } from "./src/i18n/tr";
import { zh } from "./src/i18n/zh";

export const languages: Record<string, Texts> = { en, de, fr, es, ar, hi, it, ja, nl, pl, pt, ru, tr, zh };
const keys = Object.keys(en) as Key[];

/** Changes with the texts, so that a cached file never meets a script that counts otherwise. */
export const version = createHash("sha256").update(JSON.stringify(languages)).digest("hex").slice(0, 8);

const OURS = /^widget\.\w+\.\w+\.json$/;

/** Writes each language as a list of texts beside the script, and lets the script read them by number: a page loads one language and no keys. */
export function locales(): Plugin {
  return {
    name: "locales",
    apply: "build",
    transform: (code) => code.replace(/\.(_[a-z]\w*)\b/gi, (access, key: Key) => (keys.includes(key) ? `[${keys.indexOf(key)}]` : access)),
    generateBundle({ dir }) {
      const stale = existsSync(dir!) ? readdirSync(dir!).filter((name) => OURS.test(name)) : [];
      for (const name of stale) rmSync(resolve(dir!, name));
      for (const [language, texts] of Object.entries(languages))
        this.emitFile({
          type: "asset",
          fileName: `widget.${language}.${version}.json`,
          source: JSON.stringify(keys.map((key) => texts[key])),
        });
    },
  };
}
