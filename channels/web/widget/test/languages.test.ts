// @vitest-environment node
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { languages } from "../locales";
import { de } from "../src/i18n/de";
import { en, type Key } from "../src/i18n/en";
import { errorText } from "../src/i18n/errors";
import { formatDay, formatSize } from "../src/i18n/format";
import { chooseLocale, fill } from "../src/i18n/language";

const keys = Object.keys(en) as Key[];

it("speaks the languages that the agent recognises", () => {
  const known = readdirSync(new URL("../../../../core/agent/languages/", import.meta.url)).map((name) => name.replace(".toml", ""));
  expect(Object.keys(languages).sort()).toEqual(known.filter((name) => /^[a-z]{2}$/.test(name)).sort());
  expect(known.map((name) => chooseLocale([name])).sort()).toEqual(known.sort());
});

const { en: _, ...others } = languages;

describe.each(Object.entries(others))("%s", (_, texts) => {
  it("has every text, in the order that the built files count by", () => expect(Object.keys(texts)).toEqual(keys));
  it("leaves none empty", () => expect(keys.filter((key) => !texts[key].trim())).toEqual([]));
  it("fills in the same places", () => {
    const places = (text: string): number => text.split("{}").length;
    expect(keys.filter((key) => places(texts[key]) !== places(en[key]))).toEqual([]);
  });
  it("is translated", () =>
    expect(keys.filter((key) => texts[key] === en[key] && en[key].replace("{}", "").trim().includes(" "))).toEqual([]));
});

describe("chooseLocale", () => {
  it.each([
    [["de-AT", "en"], "de-AT"],
    [[null, "", "sv-SE", "fr_CA", "en"], "fr-CA"],
    [["pt_BR"], "pt-BR"],
    [["AR"], "AR"],
    [["ko", "sv-SE"], "en"],
    [[], "en"],
  ])("%j", (wanted, chosen) => expect(chooseLocale(wanted)).toBe(chosen));
});

describe("words about things", () => {
  it("fills in", () => expect(fill(de._source, 3)).toBe("Quelle 3"));
  it("takes a text with a dollar as it is", () => expect(fill("{}", "$&")).toBe("$&"));
  it("knows today", () => expect(formatDay("en", new Date().toISOString(), "Today")).toBe("Today"));
  it("names another day", () => expect(formatDay("en-GB", "2024-05-06T12:00:00Z", "Today")).toMatch(/^Monday,? 6 May 2024$/));
  it.each([
    [9, "1 kB"],
    [52_000, "51 kB"],
    [10_485_760, "10 MB"],
    [1_572_864, "1.5 MB"],
  ])("%i bytes are %s", (bytes, text) => expect(formatSize("en", bytes)).toBe(text));

  it.each([
    ["too_long", en._errTooLong],
    ["too_large", en._errFileSize],
    ["http_413", en._errFileSize],
    ["unsupported_type", en._errFileType],
    ["file_type", en._errFileType],
    ["empty_file", en._errFileEmpty],
    ["file_program", en._errFileProgram],
    ["file_svg", en._errFileSvg],
    ["file_mismatch", en._errFileMismatch],
    ["too_many_attachments", en._errTooMany],
    ["unknown_attachment", en._errReattach],
    ["reattach", en._errReattach],
    ["offline", en._errOffline],
    ["anything", en._errOther],
    [undefined, en._errOther],
  ])("%s has words", (code, text) => expect(errorText(en, code)).toBe(text));
});
