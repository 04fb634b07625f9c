import { listen } from "../listen";
import type { Settings } from "../settings";
import { css, inkOn, mix, parseColor, type Rgb, readableOn, solid } from "./contrast";

/** The surfaces of tokens.css, which colours are measured against. */
const SURFACE: Record<string, Rgb> = { light: [255, 255, 255], dark: [22, 23, 27] };
/** How much of the accent the softest tinted ground holds (`--accent-soft`). */
const TINT = 0.12;

/** The custom properties that depend on the site's colour. */
export function palette(color: Rgb, scheme: string): Record<string, string> {
  const accent = solid(color);
  const ground = mix(SURFACE[scheme]!, color, TINT);
  return { "--accent": css(accent), "--on-accent": css(inkOn(accent)), "--accent-text": css(readableOn(color, ground)) };
}

/** Puts the site's choices on the root element, and follows the device between light and dark. */
export function applyTheme(root: HTMLElement, host: HTMLElement, settings: Settings): () => void {
  const device = matchMedia("(prefers-color-scheme: dark)");
  // The browser itself turns a name or hsl() into rgb().
  root.style.color = settings.color;
  const color = parseColor(settings.color) ?? parseColor(getComputedStyle(root).color) ?? [79, 70, 229];
  root.style.color = "";
  const paint = (): void => {
    const scheme = settings.theme === "auto" ? (device.matches ? "dark" : "light") : settings.theme;
    root.dataset["theme"] = scheme;
    for (const [name, value] of Object.entries(palette(color, scheme))) root.style.setProperty(name, value);
  };
  root.dataset["side"] = settings.position;
  root.style.setProperty("--radius", `${settings.radius}px`);
  root.style.setProperty("--offset", `${settings.offset}px`);
  if (settings.zIndex) host.style.zIndex = settings.zIndex;
  paint();
  return listen([[device, "change"]], paint);
}
