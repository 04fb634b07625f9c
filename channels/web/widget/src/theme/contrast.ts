/** Colours as the widget needs them: which ink is readable on the accent, and which accent is readable on the surface. */

export type Rgb = readonly [number, number, number];

const WHITE: Rgb = [255, 255, 255];
const INK: Rgb = [16, 17, 20];
/** WCAG 2.2 AA for normal text. */
const READABLE = 4.5;

/** `#rgb`, `#rrggbb` or `rgb(r, g, b)`; null for anything else. */
export function parseColor(text: string): Rgb | null {
  const hex = /^#([\da-f]{3}|[\da-f]{6})$/i.exec(text.trim())?.[1];
  if (hex) {
    const full = hex.length === 3 ? hex.replace(/./g, "$&$&") : hex;
    return [0, 2, 4].map((i) => parseInt(full.slice(i, i + 2), 16)) as unknown as Rgb;
  }
  const parts = /^rgba?\(\s*([\d.]+)[\s,]+([\d.]+)[\s,]+([\d.]+)/i.exec(text.trim());
  return parts ? ([+parts[1]!, +parts[2]!, +parts[3]!] as const) : null;
}

export const toHex = (color: Rgb): string => `#${color.map((c) => Math.round(c).toString(16).padStart(2, "0")).join("")}`;

/** Relative luminance, WCAG 2.2. */
export function luminance(color: Rgb): number {
  const [r, g, b] = color.map((c) => {
    const share = c / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as unknown as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function contrast(a: Rgb, b: Rgb): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

export const mix = (a: Rgb, b: Rgb, share: number): Rgb => a.map((c, i) => c + (b[i]! - c) * share) as unknown as Rgb;

/** White or near-black, whichever reads on this colour. White wins where both do: it looks calmer on strong colours. */
export function inkOn(color: Rgb): Rgb {
  return contrast(color, WHITE) >= READABLE || contrast(color, WHITE) >= contrast(color, INK) ? WHITE : INK;
}

/** The colour itself, moved towards black or white only as far as text on `surface` needs. */
export function readableOn(color: Rgb, surface: Rgb): Rgb {
  const towards = luminance(surface) > 0.3 ? ([0, 0, 0] as const) : WHITE;
  for (let share = 0; share < 1; share += 0.04) {
    const candidate = mix(color, towards, share);
    if (contrast(candidate, surface) >= READABLE) return candidate;
  }
  return towards;
}

/** An accent on which white or near-black text reads at AA. Mid tones that satisfy neither are darkened a little. */
export function solid(color: Rgb): Rgb {
  return contrast(color, inkOn(color)) >= READABLE ? color : readableOn(color, WHITE);
}
