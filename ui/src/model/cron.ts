/** When a portal will next harvest a source by itself, by the rules of the Celery that reads its cron.
 *
 * They differ from cron(5): day of month and day of week must both match, Sunday is 0, a range may wrap. The portal's
 * clock is taken for UTC, Celery's default: udata's API does not tell another one. */

const FIELDS: [low: number, high: number][] = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 6],
];
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
/** Days that are looked through, so that 29 February is found. */
const DAYS = 5 * 366;
const DAY = 86_400_000;

/** Return the first tick later than `now`; null for a text that is no cron, and for one that never fires. */
export function nextRun(cron: string | null, now: Date): Date | null {
  const fields = (cron ?? "").trim().split(/\s+/);
  if (fields.length !== FIELDS.length) return null;
  const read = fields.map((field, index) => numbersOf(field, ...(FIELDS[index] as [number, number])));
  if (read.some((numbers) => numbers === null)) return null;
  const [minutes, hours, days, months, weekdays] = read as [Set<number>, Set<number>, Set<number>, Set<number>, Set<number>];
  const times = [...hours].sort(ascending).flatMap((hour) => [...minutes].sort(ascending).map((minute) => (hour * 60 + minute) * 60_000));
  const midnight = Math.floor(now.getTime() / DAY) * DAY;
  for (let day = midnight; day < midnight + DAYS * DAY; day += DAY) {
    const date = new Date(day);
    if (!months.has(date.getUTCMonth() + 1) || !days.has(date.getUTCDate()) || !weekdays.has(date.getUTCDay())) continue;
    const time = times.find((one) => day + one > now.getTime());
    if (time !== undefined) return new Date(day + time);
  }
  return null;
}

function ascending(one: number, other: number): number {
  return one - other;
}

/** Return what a field of a cron stands for, null where Celery would refuse it. */
function numbersOf(field: string, low: number, high: number): Set<number> | null {
  const numbers = new Set<number>();
  for (const item of field.split(",")) {
    const found = /^(?:\*|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(item);
    if (!found) return null;
    const [, first, last, step] = found;
    if (step !== undefined && (Number(step) < 1 || (first !== undefined && last === undefined))) return null;
    const from = first === undefined ? low : numberOf(first);
    const to = first === undefined ? high : last === undefined ? from : numberOf(last);
    if (![from, to].every((number) => number >= low && number <= high)) return null;
    const all = from <= to ? range(from, to) : [...range(from, high), ...range(low, to)];
    all.filter((_, index) => index % Number(step ?? 1) === 0).forEach((number) => numbers.add(number));
  }
  return numbers;
}

function numberOf(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  const name = text.slice(0, 3).toLowerCase();
  const month = MONTHS.indexOf(name);
  return month >= 0 ? month + 1 : WEEKDAYS.indexOf(name);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
