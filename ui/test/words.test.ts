import { describe, expect, it } from "vitest";
import { instantOf, languageFor } from "../src/words";
import { en } from "../src/words/en";
import { fr } from "../src/words/fr";

describe("the language is the browser's", () => {
  it.each([
    [["fr-FR", "en"], "fr"],
    [["de", "fr"], "fr"],
    [["de"], "en"],
    [["en-GB", "fr"], "en"],
    [[], "en"],
  ])("%j gives %s", (preferred, code) => expect(languageFor(preferred).code).toBe(code));

  it("has every key in French that English has", () => {
    const keys = (value: object, path = ""): string[] =>
      Object.entries(value).flatMap(([key, entry]) => (typeof entry === "object" ? keys(entry as object, `${path}${key}.`) : [`${path}${key}`]));
    expect(keys(fr).sort()).toEqual(keys(en).sort());
  });
});

describe("times", () => {
  it.each([
    ["2026-11-26T06:00:00", "2026-11-26T06:00:00.000Z"],
    ["2026-11-26T06:00:00+02:00", "2026-11-26T04:00:00.000Z"],
    ["2026-11-26T06:00:00.123456Z", "2026-11-26T06:00:00.123Z"],
  ])("%s is %s", (text, iso) => expect(instantOf(text)?.toISOString()).toBe(iso));
  it.each([["yesterday"], [""], [null], [7]])("%j is none", (value) => expect(instantOf(value)).toBeNull());
  it.each([
    [4, "4 s"],
    [61, "1 min 1 s"],
    [3600, "1 h"],
    [90061, "1 d 1 h"],
  ])("%d seconds are %s", (seconds, text) => expect(languageFor(["en"]).duration(seconds)).toBe(text));
});
