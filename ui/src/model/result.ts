/** The result of a harvest, as a task pushed it; read with care, since older and newer versions of the provider wrote some. */

export const SCHEMA = 1;
export const STATUSES = ["done", "failed", "skipped", "archived"] as const;
export type ItemStatus = (typeof STATUSES)[number];

export interface FailedItem {
  remoteId: string | null;
  remoteUrl: unknown;
  datasetUrl: unknown;
  message: string;
  advice: string | null;
  /** Whether it did not fail in the harvest before. */
  isNew: boolean;
}

export interface Harvest {
  portal: string;
  sourceId: string | null;
  sourceName: string | null;
  organization: string | null;
  /** The portal's own cron for the source. */
  schedule: string | null;
  jobId: string | null;
  jobUrl: unknown;
  how: string | null;
  status: string | null;
  started: string | null;
  ended: string | null;
  duration: number | null;
  items: Record<ItemStatus, number>;
  total: number;
  /** Whether the counters are known: old portals list jobs without them. */
  isCounted: boolean;
  newlyArchived: number | null;
  errors: string[];
  failedItems: FailedItem[];
  /** Why records were skipped, and how many for each reason. */
  skipReasons: [string, number][];
  remoteIds: Record<string, unknown> | null;
  outcome: "success" | "failure" | null;
  failureKind: string | null;
  reasons: string[];
  changes: unknown;
  isOldSchema: boolean;
  isNewSchema: boolean;
}

/** Whether a job of this status has ended. */
export function isEnded(status: string): boolean {
  return ["done", "done-errors", "failed"].includes(status);
}

export type Dict = Record<string, unknown>;

/** Return a value if it is an object, null for all else: a list, a text, a reference that an XCom backend stored. */
export function asDict(value: unknown): Dict | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Dict) : null;
}

export function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function asText(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

export function asNumber(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** Return what an XCom holds: Airflow answers an object, or its JSON as text, as its version and backend have it. */
export function unpacked(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

/** Return a harvest from a result dict, null where the value is none. */
export function readHarvest(value: unknown): Harvest | null {
  const dict = asDict(unpacked(value));
  if (!dict || !("outcome" in dict || "items" in dict) || !("job_id" in dict || "status" in dict)) return null;
  const items = asDict(dict.items) ?? {};
  const counts = Object.fromEntries(STATUSES.map((status) => [status, asNumber(items[status]) ?? 0]));
  const schema = asNumber(dict.schema) ?? 0;
  return {
    portal: asText(dict.portal) ?? "",
    sourceId: asText(dict.source_id),
    sourceName: asText(dict.source_name),
    organization: nameOf(dict.organization),
    schedule: asText(dict.schedule),
    jobId: asText(dict.job_id),
    jobUrl: dict.job_url,
    how: asText(dict.how),
    status: asText(dict.status),
    started: asText(dict.started) ?? asText(dict.created),
    ended: asText(dict.ended),
    duration: asNumber(dict.duration),
    items: counts as Record<ItemStatus, number>,
    total: asNumber(items.total) ?? STATUSES.reduce((sum, status) => sum + (counts[status] ?? 0), 0),
    isCounted: asDict(dict.items) !== null,
    newlyArchived: asNumber(items.newly_archived),
    errors: asList(dict.errors).map(messageOf),
    failedItems: asList(dict.failed_items).map(readItem),
    skipReasons: Object.entries(asDict(dict.skip_reasons) ?? {}).map(([reason, count]) => [reason, asNumber(count) ?? 0]),
    remoteIds: asDict(dict.remote_ids),
    outcome: dict.outcome === "success" || dict.outcome === "failure" ? dict.outcome : null,
    failureKind: asText(dict.failure_kind),
    reasons: asList(dict.reasons).map(messageOf),
    changes: dict.changes ?? null,
    isOldSchema: schema < SCHEMA,
    isNewSchema: schema > SCHEMA,
  };
}

/** Return the harvest in the extra of an asset event: of a task's outlet, or the payload of a watcher's trigger. */
export function readEvent(extra: unknown): Harvest | null {
  const dict = asDict(extra);
  return dict && (readHarvest(dict.payload) ?? readHarvest(dict));
}

function readItem(value: unknown): FailedItem {
  const dict = asDict(value) ?? { message: value };
  return {
    remoteId: asText(dict.remote_id),
    remoteUrl: dict.remote_url,
    datasetUrl: dict.dataset_url,
    message: messageOf(dict.message ?? ""),
    advice: asText(dict.advice) ?? asText(dict.hint),
    isNew: dict.newly_failing === true,
  };
}

function messageOf(value: unknown): string {
  if (typeof value === "string") return value;
  return asText(asDict(value)?.message) ?? JSON.stringify(value);
}

function nameOf(value: unknown): string | null {
  return asText(value) ?? asText(asDict(value)?.name) ?? asText(asDict(value)?.id);
}
