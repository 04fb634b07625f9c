import { contrast, inkOn, mix, parseColor, type Rgb, readableOn, solid, toHex } from "./contrast";

export const LIGHT_SURFACE: Rgb = [255, 255, 255];
export const DARK_SURFACE: Rgb = [22, 23, 27];
const FALLBACK: Rgb = [79, 70, 229];

/** The custom properties that depend on the site's colour. */
export function palette(color: Rgb, dark: boolean): Record<string, string> {
  const surface = dark ? DARK_SURFACE : LIGHT_SURFACE;
  const accent = solid(color);
  const ink = inkOn(accent);
  // An accent as dark (or as light) as the page needs an edge to be seen at all.
  const edge = contrast(accent, surface) < 1.6 ? mix(accent, ink, 0.28) : accent;
  return {
    "--accent": toHex(accent),
    "--accent-2": toHex(mix(accent, ink[0] > 128 ? [0, 0, 0] : [255, 255, 255], 0.14)),
    "--on-accent": toHex(ink),
    "--accent-edge": toHex(edge),
    "--accent-text": toHex(readableOn(color, dark ? mix(surface, color, 0.16) : mix(surface, color, 0.1))),
    "--accent-soft": toHex(mix(surface, color, dark ? 0.16 : 0.08)),
    "--accent-line": toHex(mix(surface, color, dark ? 0.36 : 0.24)),
  };
}

/** Any CSS colour, resolved by the browser where it is more than hex or rgb(). */
export function resolveColor(text: string): Rgb {
  const direct = parseColor(text);
  if (direct) return direct;
  const probe = document.createElement("i");
  probe.style.color = `color-mix(in srgb, ${text} 100%, transparent 0%)`;
  if (!probe.style.color) probe.style.color = text;
  document.documentElement.append(probe);
  const computed = getComputedStyle(probe).color;
  probe.remove();
  return parseColor(computed) ?? parseSrgb(computed) ?? FALLBACK;
}

/** `color(srgb 0.2 0.4 0.6)`, as browsers answer for `color-mix`. */
function parseSrgb(text: string): Rgb | null {
  const parts = /^color\(srgb ([\d.e-]+) ([\d.e-]+) ([\d.e-]+)/.exec(text);
  return parts ? [+parts[1]! * 255, +parts[2]! * 255, +parts[3]! * 255] : null;
}
