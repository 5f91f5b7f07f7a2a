/** Groups the failed items of a harvest by what went wrong, and says what to do about each kind. */
import type { FailedItem } from "./result";

/** Keys of the advice in `words/`; the portal answers free text, so this decides what is said and nothing else. */
export type AdviceKey =
  | "redirect"
  | "otherOwner"
  | "sameIdentifier"
  | "noIdentifier"
  | "noTitle"
  | "certificate"
  | "cutShort"
  | "unreachable"
  | "notFound"
  | "refused"
  | "serverError"
  | "privateAddress"
  | "badValue"
  | "unreadableDate";

const PATTERNS: [RegExp, AdviceKey][] = [
  [/Redirect \(\d+\) not allowed/i, "redirect"],
  [/Item has another owner/i, "otherOwner"],
  [/Identifier .* already exists/i, "sameIdentifier"],
  [/missing identifier/i, "noIdentifier"],
  [/missing title/i, "noTitle"],
  [/certificate verify failed/i, "certificate"],
  [/max items reached/i, "cutShort"],
  [
    /\b50[234] Server Error|\b429 Client Error|Max retries exceeded|Connection (refused|aborted|reset)|RemoteDisconnected|timed out|ConnectTimeout|name resolution|Name or service not known|Failed to resolve|No route to host/i,
    "unreachable",
  ],
  [/\b404 Client Error/i, "notFound"],
  [/\b40[13] Client Error/i, "refused"],
  [/\b500 Server Error|\bServer Error: /i, "serverError"],
  [/URL not allowed|is private|is local|SSRF|not a public/i, "privateAddress"],
  [/cannot parse date|unknown string format|month must be in|day is out of range|Invalid isoformat|ParserError/i, "unreadableDate"],
  [/ValidationError/i, "badValue"],
];

export interface Group {
  /** What the messages of the group have in common. */
  message: string;
  advice: AdviceKey | null;
  items: FailedItem[];
}

/** Return which advice fits a message of the portal, null where none does. */
export function adviceFor(message: string): AdviceKey | null {
  return PATTERNS.find(([pattern]) => pattern.test(message))?.[1] ?? null;
}

/** Return the failed items by their kind of message, the largest group first. */
export function groupFailures(items: FailedItem[]): Group[] {
  const groups = new Map<string, Group>();
  for (const item of items) {
    const key = kindOf(item.message);
    const group = groups.get(key);
    if (group) group.items.push(item);
    else groups.set(key, { message: item.message, advice: adviceFor(item.message), items: [item] });
  }
  return [...groups.values()].sort((one, other) => other.items.length - one.items.length);
}

/** Return a message without what differs from item to item: quoted words, addresses, numbers. */
function kindOf(message: string): string {
  return message
    .replace(/https?:\/\/\S+/g, "URL")
    .replace(/"[^"]*"|'[^']*'|«[^»]*»/g, "…")
    .replace(/\b[0-9a-f]{8,}\b|\d+/gi, "#")
    .trim();
}
