// @vitest-environment node
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { languages, version } from "../locales";

const built = new URL("../../static/", import.meta.url);
const read = (name: string): Buffer => readFileSync(new URL(name, built));
const gzipped = (name: string): number => gzipSync(read(name), { level: 9 }).length;
const files = readdirSync(built).filter((name) => /^widget\..*json$/.test(name));

/** Everything that a page loads: the script with its styles, and one language. */
const LIMIT = 25_000;

describe("the committed build", () => {
  it("has one file a language, of the present texts", () =>
    expect(files.sort()).toEqual(
      Object.keys(languages)
        .map((name) => `widget.${name}.${version}.json`)
        .sort(),
    ));

  // Compressors differ by a few bytes in a thousand; the server's own is measured where the server is tested.
  it.each(files)("loads at most 25 kB with %s", (name) => expect(gzipped("widget.js") + gzipped(name)).toBeLessThanOrEqual(LIMIT * 1.006));

  it("asks for the files of its own version", () => expect(read("widget.js").toString()).toContain(version));
});
