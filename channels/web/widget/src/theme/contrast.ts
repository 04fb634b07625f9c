/** Colours as the widget needs them: which ink is readable on the accent, and which accent is readable on the surface. */

export type Rgb = readonly number[];

const WHITE: Rgb = [255, 255, 255];
const INK: Rgb = [16, 17, 20];
/** WCAG 2.2 AA for normal text. */
const READABLE = 4.5;
/** Room for grounds a little different from the one measured. */
const MARGIN = 0.15;

/** `rgb(r, g, b)`, as browsers answer for most colours; null for anything else. */
export const parseRgb = (text: string): Rgb | null =>
  /^rgb/.test(text)
    ? text
        .match(/[\d.]+/g)!
        .slice(0, 3)
        .map(Number)
    : null;

export const css = (color: Rgb): string => `rgb(${color.map(Math.round)})`;

/** Relative luminance, WCAG 2.2. */
export function luminance(color: Rgb): number {
  const [r, g, b] = color.map((c) => (c > 10 ? ((c / 255 + 0.055) / 1.055) ** 2.4 : c / 3294.6));
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

export function contrast(a: Rgb, b: Rgb): number {
  const [x, y] = [luminance(a) + 0.05, luminance(b) + 0.05];
  return Math.max(x / y, y / x);
}

export const mix = (a: Rgb, b: Rgb, share: number): Rgb => a.map((c, i) => c + (b[i]! - c) * share);

/** White or near-black, whichever reads on this colour. White wins where both do: it looks calmer on strong colours. */
export const inkOn = (color: Rgb): Rgb => (contrast(color, WHITE) >= Math.min(READABLE, contrast(color, INK)) ? WHITE : INK);

/** The colour itself, moved towards black or white only as far as text on `surface` needs. */
export function readableOn(color: Rgb, surface: Rgb): Rgb {
  const towards = luminance(surface) > 0.3 ? [0, 0, 0] : WHITE;
  let share = 0;
  while (share < 1 && contrast(mix(color, towards, share), surface) < READABLE + MARGIN) share += 0.04;
  return mix(color, towards, Math.min(share, 1));
}

/** An accent on which white or near-black text reads at AA. Mid tones that satisfy neither are darkened a little. */
export const solid = (color: Rgb): Rgb => (contrast(color, inkOn(color)) < READABLE ? readableOn(color, WHITE) : color);
