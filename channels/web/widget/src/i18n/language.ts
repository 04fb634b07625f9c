import { ar } from "./ar";
import { de } from "./de";
import { en, type Key, type Texts } from "./en";
import { es } from "./es";
import { fr } from "./fr";

export const languages: Record<string, Texts> = { en, de, fr, es, ar };

const RIGHT_TO_LEFT = /^(ar|fa|he|ur)\b/;

export interface Language {
  locale: string;
  direction: "ltr" | "rtl";
  t(key: Key, values?: Record<string, string | number>): string;
  time(date: Date): string;
  day(date: Date): string;
  size(bytes: number): string;
}

/** The first wanted locale that we speak, English otherwise. */
export function chooseLocale(wanted: readonly (string | null | undefined)[]): string {
  for (const locale of wanted) {
    const language = locale?.toLowerCase().split(/[-_]/)[0];
    if (language && language in languages) return locale!.replace("_", "-");
  }
  return "en";
}

export function speak(locale: string): Language {
  const texts = languages[locale.toLowerCase().split("-")[0]!] ?? en;
  const t: Language["t"] = (key, values) => texts[key].replace(/\{(\w+)\}/g, (_, name: string) => String(values?.[name] ?? ""));
  return {
    locale,
    direction: RIGHT_TO_LEFT.test(locale) ? "rtl" : "ltr",
    t,
    time: (date) => new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" }).format(date),
    day: (date) => (isToday(date) ? t("today") : new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" }).format(date)),
    size: (bytes) => formatSize(locale, bytes),
  };
}

function isToday(date: Date): boolean {
  return date.toDateString() === new Date().toDateString();
}

function formatSize(locale: string, bytes: number): string {
  const mega = bytes >= 1e6;
  const format = { style: "unit", unit: mega ? "megabyte" : "kilobyte", maximumFractionDigits: mega ? 1 : 0 } as const;
  return new Intl.NumberFormat(locale, format).format(Math.max(bytes / (mega ? 1e6 : 1e3), mega ? 0 : 1));
}
