/** What the embedding page chose, from the `data-` attributes of the script element. */
export interface Settings {
  color: string;
  position: "left" | "right" | null;
  title: string | null;
  subtitle: string | null;
  greeting: string | null;
  avatar: string | null;
  logo: string | null;
  locale: string | null;
  theme: "auto" | "light" | "dark";
  radius: number;
  offset: number;
  zIndex: string | null;
  userToken: string | null;
  open: boolean;
  launcher: boolean;
  suggestions: string[];
}

const DEFAULT_COLOR = "#4f46e5";

export function readSettings(data: DOMStringMap): Settings {
  const text = (name: string): string | null => data[name]?.trim() || null;
  const number = (name: string, fallback: number): number => {
    const value = Number.parseFloat(data[name] ?? "");
    return Number.isFinite(value) ? Math.min(Math.max(value, 0), 200) : fallback;
  };
  return {
    color: text("color") ?? DEFAULT_COLOR,
    position: data["position"] === "left" || data["position"] === "right" ? data["position"] : null,
    title: text("title"),
    subtitle: text("subtitle"),
    greeting: text("greeting"),
    avatar: text("avatar"),
    logo: text("logo"),
    locale: text("locale"),
    theme: data["theme"] === "dark" || data["theme"] === "light" ? data["theme"] : "auto",
    radius: number("radius", 20),
    offset: number("offset", 20),
    zIndex: text("zIndex"),
    userToken: text("userToken"),
    open: flag(data["open"], false),
    launcher: flag(data["launcher"], true),
    suggestions: (data["suggestions"] ?? "")
      .split("|")
      .map((s) => s.trim())
      .filter(Boolean),
  };
}

/** `data-open` alone means yes, as in HTML. */
const flag = (value: string | undefined, fallback: boolean): boolean => (value === undefined ? fallback : value !== "false");
