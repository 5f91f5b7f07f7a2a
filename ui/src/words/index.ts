/** The words of the viewer's language, and numbers and times as that language writes them. */
import { en, type Words } from "./en";
import { fr } from "./fr";

export type { Words };

export interface Language {
  code: string;
  words: Words;
  number: (value: number) => string;
  moment: (instant: Date) => string;
  /** A moment as UTC, for the tooltip. */
  utc: (instant: Date) => string;
  ago: (instant: Date, now: Date) => string;
  duration: (seconds: number) => string;
}

/** Return the language for a list of preferred ones, such as `navigator.languages`: French, else English. */
export function languageFor(preferred: readonly string[]): Language {
  const wanted = preferred.find((code) => /^(fr|en)\b/i.test(code)) ?? "en";
  return /^fr/i.test(wanted) ? make(wanted, fr) : make(wanted, en);
}

function make(code: string, words: Words): Language {
  const numbers = new Intl.NumberFormat(code);
  const moments = new Intl.DateTimeFormat(code, { dateStyle: "medium", timeStyle: "short" });
  const universal = new Intl.DateTimeFormat(code, { dateStyle: "medium", timeStyle: "medium", timeZone: "UTC" });
  const relative = new Intl.RelativeTimeFormat(code, { numeric: "auto", style: "short" });
  return {
    code: code.slice(0, 2).toLowerCase(),
    words,
    number: (value) => numbers.format(value),
    moment: (instant) => moments.format(instant),
    utc: (instant) => `${universal.format(instant)} ${words.utc}`,
    ago: (instant, now) => {
      const [amount, unit] = largestUnit((instant.getTime() - now.getTime()) / 1000);
      return relative.format(amount, unit);
    },
    duration: (seconds) => spell(seconds, words),
  };
}

function largestUnit(seconds: number): [number, "second" | "minute" | "hour" | "day"] {
  const size = Math.abs(seconds);
  if (size < 60) return [Math.round(seconds), "second"];
  if (size < 3600) return [Math.round(seconds / 60), "minute"];
  if (size < 48 * 3600) return [Math.round(seconds / 3600), "hour"];
  return [Math.round(seconds / 86400), "day"];
}

function spell(seconds: number, { units }: Words): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} ${units.s}`;
  if (whole < 3600) return parts(Math.floor(whole / 60), units.min, whole % 60, units.s);
  if (whole < 86400) return parts(Math.floor(whole / 3600), units.h, Math.floor((whole % 3600) / 60), units.min);
  return parts(Math.floor(whole / 86400), units.d, Math.floor((whole % 86400) / 3600), units.h);
}

function parts(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small ? `${large} ${largeUnit} ${small} ${smallUnit}` : `${large} ${largeUnit}`;
}

/** Return an instant from what the portal or Airflow wrote, null where that is none. */
export function instantOf(value: unknown): Date | null {
  if (typeof value !== "string" || !value) return null;
  const instant = new Date(/[zZ]|[+-]\d\d:?\d\d$/.test(value) ? value : `${value}Z`);
  return Number.isNaN(instant.getTime()) ? null : instant;
}

/** The language that the browser asks for. */
export const language: Language = languageFor(typeof navigator === "undefined" ? ["en"] : navigator.languages);
