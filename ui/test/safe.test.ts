import { describe, expect, it } from "vitest";
import { plain, webAddress } from "../src/safe";

describe("what strangers wrote is one line of text", () => {
  it.each([
    ["a title", "a title"],
    ["two\nlines\tand \u0000 more", "two lines and   more"],
    ["\u202eevil\u2066", "evil"],
    [null, ""],
    [7, "7"],
    [{ a: 1 }, '{"a":1}'],
    ["<b>bold</b>", "<b>bold</b>"],
    ["x".repeat(600), `${"x".repeat(499)}…`],
  ])("%j becomes %j", (value, text) => expect(plain(value)).toBe(text));
});

describe("only addresses of the web are linked to", () => {
  it.each([
    ["https://data.example/x?y=1", "https://data.example/x?y=1"],
    [" http://127.0.0.1:1/ ", "http://127.0.0.1:1/"],
    ["javascript:alert(1)", null],
    ["JaVaScRiPt:alert(1)", null],
    ["data:text/html,<script>", null],
    ["//evil.example", null],
    ["https://user:secret@evil.example/", null],
    ["ftp://x.example/", null],
    [42, null],
    [null, null],
  ])("%j becomes %j", (value, address) => expect(webAddress(value)).toBe(address));
});
