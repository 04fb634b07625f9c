import type { Texts } from "./en";

const LANGUAGES = ["en", "de", "fr", "es", "ar"];

export interface Language {
  locale: string;
  texts: Texts;
}

/** The first wanted locale that we speak, English otherwise. */
export const chooseLocale = (wanted: readonly (string | null)[]): string =>
  wanted.find((locale) => locale && LANGUAGES.includes(languageOf(locale)))?.replace("_", "-") ?? "en";

export const languageOf = (locale: string): string => locale.toLowerCase().split(/[-_]/)[0]!;

export const fill = (text: string, value: string | number): string => text.split("{}").join(`${value}`);
