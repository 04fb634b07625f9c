import type { Texts } from "./en";

/** Those that the agent recognises (core/agent/languages). */
const LANGUAGES = /^(ar|de|en|es|fr|hi|it|ja|nl|pl|pt|ru|tr|zh)$/;

export interface Language {
  locale: string;
  texts: Texts;
}

/** The first wanted locale that we speak, English otherwise. */
export const chooseLocale = (wanted: readonly (string | null)[]): string =>
  wanted.find((locale) => locale && LANGUAGES.test(languageOf(locale)))?.replace("_", "-") ?? "en";

export const languageOf = (locale: string): string => locale.toLowerCase().split(/[-_]/)[0]!;

export const fill = (text: string, value: string | number): string => text.split("{}").join(`${value}`);
