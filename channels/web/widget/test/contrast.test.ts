import { describe, expect, it } from "vitest";
import { contrast, css, inkOn, luminance, mix, parseColor, readableOn, solid } from "../src/theme/contrast";
import { palette } from "../src/theme/scheme";

const SURFACES = { light: [255, 255, 255], dark: [22, 23, 27] } as const;
const step = [0, 51, 102, 153, 204, 255];
const colors = step.flatMap((r) => step.flatMap((g) => step.map((b) => [r, g, b] as const)));

describe("parseColor", () => {
  it.each([
    ["#fff", [255, 255, 255]],
    ["#0E7A6b", [14, 122, 107]],
    ["rgb(1, 2, 3)", [1, 2, 3]],
    ["rgba(1 2 3 / 50%)", [1, 2, 3]],
    ["tomato", null],
    ["#12345", null],
  ])("%s", (text, expected) => expect(parseColor(text)).toEqual(expected));
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
      for (const [scheme, surface] of Object.entries(SURFACES)) {
        const text = parseColor(palette(color, scheme)["--accent-text"]!)!;
        expect(contrast(text, surface), `${css(color)} on ${scheme}`).toBeGreaterThanOrEqual(4.4);
        expect(contrast(text, mix(surface, color, 0.12)), `${css(color)} on tint`).toBeGreaterThanOrEqual(4.4);
      }
    }
  });

  it("moves a colour no further than needed", () => expect(readableOn([0, 0, 0], [255, 255, 255])).toEqual([0, 0, 0]));
});
