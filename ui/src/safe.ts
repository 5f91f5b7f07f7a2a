/** What strangers wrote (titles, messages, addresses of other people's catalogues) is cleaned here before it is shown. */

const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/g;
const LONGEST = 500;

/** Return a value as one line of text without control and direction characters, cut to a length. */
export function plain(value: unknown, longest = LONGEST): string {
  if (value === null || value === undefined) return "";
  const whole = typeof value === "string" ? value : typeof value === "object" ? JSON.stringify(value) : String(value);
  const text = whole.replace(CONTROLS, " ").trim();
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}

/** Return an address that may be linked to: http(s) only, without user name and password. Null for all else. */
export function webAddress(value: unknown): string | null {
  if (typeof value !== "string") return null;
  try {
    const url = new URL(value.trim());
    const isWeb = url.protocol === "https:" || url.protocol === "http:";
    return isWeb && !url.username && !url.password ? url.href : null;
  } catch {
    return null;
  }
}
