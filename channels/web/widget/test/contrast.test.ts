import { describe, expect, it } from "vitest";
import { contrast, css, inkOn, luminance, mix, parseRgb, readableOn, solid } from "../src/theme/contrast";
import { palette } from "../src/theme/scheme";

/** Everything that tinted text stands on: --surface, --sunken and the accent's own tint. */
const GROUNDS = {
  light: [
    [255, 255, 255],
    [244, 244, 246],
  ],
  dark: [
    [22, 23, 27],
    [37, 38, 45],
  ],
} as const;
const step = [0, 51, 102, 153, 204, 255];
const colors = step.flatMap((r) => step.flatMap((g) => step.map((b) => [r, g, b] as const)));

describe("parseRgb", () => {
  it.each([
    ["rgb(1, 2, 3)", [1, 2, 3]],
    ["rgba(1 2 3 / 50%)", [1, 2, 3]],
    ["color(srgb 0 0 0)", null],
    ["", null],
  ])("%s", (text, expected) => expect(parseRgb(text)).toEqual(expected));
});

describe("contrast", () => {
  it("is WCAG's", () => {
    expect(luminance([255, 255, 255])).toBeCloseTo(1);
    expect(contrast([0, 0, 0], [255, 255, 255])).toBeCloseTo(21);
    expect(contrast([118, 118, 118], [255, 255, 255])).toBeCloseTo(4.54, 1);
  });

  it("prefers white ink where both read", () => expect(inkOn([79, 70, 229])).toEqual([255, 255, 255]));
  it("takes dark ink on yellow", () => expect(inkOn([250, 204, 21])).toEqual([16, 17, 20]));
  it("leaves a readable accent as it is", () => expect(solid([79, 70, 229])).toEqual([79, 70, 229]));

  it("makes every accent readable: ink on it, and it on both surfaces", () => {
    for (const color of colors) {
      const accent = solid(color);
      expect(contrast(accent, inkOn(accent)), css(color)).toBeGreaterThanOrEqual(4.5);
      for (const [scheme, grounds] of Object.entries(GROUNDS)) {
        const text = parseRgb(palette(color, scheme)["--accent-text"]!)!;
        for (const ground of [...grounds, mix(grounds[0], accent, 0.09)])
          expect(contrast(text, ground), `${css(color)} on ${css(ground)}`).toBeGreaterThanOrEqual(4.5);
      }
    }
  });

  it("moves a colour no further than needed", () => expect(readableOn([0, 0, 0], [255, 255, 255])).toEqual([0, 0, 0]));
});
