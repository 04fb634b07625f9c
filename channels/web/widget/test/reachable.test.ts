import { describe, expect, it } from "vitest";
import phones from "../../../../tests/fixtures/phone_numbers.json";
import { unusable } from "../src/ui/reachable";

/** The server's tests read the same list. */
const { numbers, others } = phones;

const fields = (email: string, tel?: string): HTMLInputElement[] =>
  Object.entries({ email, name: "Ada", ...(tel !== undefined && { tel }) }).map(([name, value]) =>
    Object.assign(document.createElement("input"), { type: name, name, value }),
  );

describe("a telephone number", () => {
  const isPhone = (text: string): boolean => !unusable(fields("", text));
  it.each(numbers)("is %j", (text) => expect(isPhone(text)).toBe(true));
  it.each(others)("is not %j", (text) => expect(isPhone(text)).toBe(false));
  it("is judged at once, whatever is typed", () => {
    const started = performance.now();
    for (const part of ["1 ", "+(", "1(", "1 x"]) isPhone(part.repeat(50_000));
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe("unusable", () => {
  it.each([
    ["a number alone", "", "+49 30 1234567", undefined],
    ["an address alone", "ada@example.com", "", undefined],
    ["both", "ada@example.com", "+49 30 1234567", undefined],
    ["neither", "", "", "email"],
    ["blanks", " ", " ", "email"],
    ["no number", "", "call me", "tel"],
    ["no number beside an address", "ada@example.com", "call me", "tel"],
    ["no address beside a number", "ada", "+49 30 1234567", "email"],
    ["an address that the server cannot send to", "ada@localhost", "", "email"],
    ["no address where only one is asked for", "", undefined, "email"],
    ["an address where only one is asked for", "ada@example.com", undefined, undefined],
  ])("%s", (_, email, tel, wrong) => expect(unusable(fields(email, tel))?.name).toBe(wrong));
});
