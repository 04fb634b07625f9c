import { listen } from "../listen";
import type { Settings } from "../settings";
import { css, inkOn, mix, parseRgb, readableOn, type Rgb, solid } from "./contrast";

/** `--sunken` of tokens.css: of all grounds the one that is hardest to read on. */
const GROUND: Record<string, Rgb> = { light: [244, 244, 246], dark: [37, 38, 45] };
/** How much of the accent the softest tinted ground holds (`--accent-soft`). */
const TINT = 0.12;
const FALLBACK: Rgb = [79, 70, 229];

/** The custom properties that depend on the site's colour. */
export function palette(color: Rgb, scheme: string): Record<string, string> {
  const accent = solid(color);
  const ground = mix(GROUND[scheme]!, color, TINT);
  return { "--accent": css(accent), "--on-accent": css(inkOn(accent)), "--accent-text": css(readableOn(color, ground)) };
}

/** Puts the site's choices on the root element, and follows the device between light and dark. */
export function applyTheme(root: HTMLElement, host: HTMLElement, settings: Settings): () => void {
  const device = matchMedia("(prefers-color-scheme: dark)");
  // The browser itself turns hex, names and hsl() into rgb().
  root.style.color = settings.color;
  const color = parseRgb(getComputedStyle(root).color) ?? FALLBACK;
  root.style.color = "";
  const paint = (): void => {
    const scheme = settings.theme === "auto" ? (device.matches ? "dark" : "light") : settings.theme;
    root.dataset["theme"] = scheme;
    for (const [name, value] of Object.entries(palette(color, scheme))) root.style.setProperty(name, value);
  };
  root.dataset["side"] = settings.position ?? (root.dir === "rtl" ? "left" : "right");
  root.style.setProperty("--radius", `${settings.radius}px`);
  root.style.setProperty("--offset", `${settings.offset}px`);
  if (settings.zIndex) host.style.zIndex = settings.zIndex;
  paint();
  return listen([[device, "change"]], paint);
}
