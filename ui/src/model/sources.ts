/** Puts together what Airflow knows of each source: assets, their events, and the newest reports. */
import { instantOf } from "../words";
import { nextRun } from "./cron";
import type { Listing } from "./listing";
import type { TaskNow } from "./now";
import type { Finding, Report } from "./reports";
import { readEvent, type Harvest } from "./result";

export interface Asset {
  id: number;
  name: string;
  uri: string;
  scheduled_dags?: { dag_id: string }[];
  producing_tasks?: { dag_id: string; task_id: string }[];
  consuming_tasks?: { dag_id: string; task_id: string }[];
}

export interface AssetEvent {
  asset_id: number;
  uri?: string | null;
  extra: unknown;
  timestamp: string;
  source_dag_id?: string | null;
  source_run_id?: string | null;
  source_task_id?: string | null;
  source_map_index?: number | null;
}

export interface TaskRef {
  dagId: string;
  runId: string;
  taskId: string;
  mapIndex: number;
}

export interface Past extends Harvest {
  /** When it ended, as far as that is known. */
  at: Date | null;
  task: TaskRef | null;
}

export type Verdict = "success" | "failure" | "unknown" | "none";

export interface Source {
  key: string;
  portal: string;
  id: string;
  name: string | null;
  organization: string | null;
  adminUrl: unknown;
  assetIds: number[];
  /** The newest first. */
  history: Past[];
  verdict: Verdict;
  findings: Finding[];
  /** The portal's own word on it: `accepted`, `pending`, `refused`, `inactive`; null where nobody told. */
  state: string | null;
  schedule: string | null;
  /** When the portal harvests it next by itself. */
  nextRun: Date | null;
  runBy: string[];
  followedBy: string[];
  /** Tasks that harvest it or wait for it now. */
  now: TaskNow[];
}

export interface Knowledge {
  assets: Asset[];
  events: AssetEvent[];
  results: { harvest: Harvest; at: string; task: TaskRef }[];
  /** Of health tasks and guards. */
  reports: (Report & { task: TaskRef })[];
  listings: (Listing & { task: TaskRef })[];
  now: TaskNow[];
}

export const NOTHING: Knowledge = { assets: [], events: [], results: [], reports: [], listings: [], now: [] };

/** Return the host of a portal's site, or of a URI that names it: its port and path included. */
export function placeOf(address: string): string {
  return address.replace(/^[a-z]+:\/\//i, "").replace(/\/+$/, "").toLowerCase();
}

/** Return which source a `harvest://` URI names; null for an organization's or a portal's. */
export function sourceOfUri(uri: string): { place: string; id: string } | null {
  const found = /^harvest:\/\/(.+)\/source\/([0-9a-f]{24})\/?$/i.exec(uri);
  return found?.[1] && found[2] ? { place: placeOf(found[1]), id: found[2].toLowerCase() } : null;
}

/** Return which portal a `harvest://` URI stands for as a whole, null for any other. */
export function portalOfUri(uri: string): string | null {
  const found = /^harvest:\/\/(.+)$/i.exec(uri);
  return found?.[1] && !/\/(source|organization)\//i.test(found[1]) ? placeOf(found[1]) : null;
}

/** Return all sources that Airflow knows.
 * @param now when it is, for the portals' next runs. */
export function putTogether(known: Knowledge, now = new Date()): Source[] {
  const sources = new Map<string, Source>();
  const find = (portal: string, id: string): Source => {
    const key = `${placeOf(portal)}/${id}`;
    let source = sources.get(key);
    if (!source) {
      source = {
        ...{ key, portal: placeOf(portal), id, name: null, organization: null, adminUrl: null, assetIds: [] },
        ...{ history: [], verdict: "none", findings: [], state: null, schedule: null, nextRun: null },
        ...{ runBy: [], followedBy: [], now: [] },
      } satisfies Source;
      sources.set(key, source);
    }
    return source;
  };
  for (const asset of known.assets) addAsset(asset, find);
  for (const event of known.events) addEvent(event, find);
  for (const { harvest, at, task } of known.results) {
    if (harvest.sourceId && harvest.portal && harvest.how !== "previewed") {
      const source = find(harvest.portal, harvest.sourceId);
      source.history.push({ ...harvest, at: instantOf(harvest.ended ?? at), task });
      addTo(harvest.how === "waited" ? source.followedBy : source.runBy, task.dagId);
    }
  }
  for (const report of known.reports) {
    for (const finding of report.findings) {
      const source = find(finding.portal, finding.sourceId);
      source.findings.push({ ...finding, task: report.task });
      addTo(source.followedBy, report.task.dagId);
    }
  }
  for (const listing of known.listings) addListing(listing, find);
  for (const asset of known.assets) addWatchers(asset, sources);
  for (const source of sources.values()) complete(source, now);
  for (const task of known.now) addTask(task, sources);
  return [...sources.values()];
}

function addListing(listing: Listing & { task: TaskRef }, find: (portal: string, id: string) => Source): void {
  for (const listed of listing.sources) {
    const source = find(listing.portal, listed.id);
    source.name ??= listed.name;
    source.organization ??= listed.organization;
    source.state ??= listed.state;
    source.schedule ??= listed.schedule;
    addTo(source.followedBy, listing.task.dagId);
    if (listed.last) source.history.push({ ...listed.last, at: instantOf(listed.last.ended ?? listed.last.started), task: null });
  }
}

/** DAGs that are scheduled on a portal's asset follow each of its sources. */
function addWatchers(asset: Asset, sources: Map<string, Source>): void {
  const portal = portalOfUri(asset.uri);
  if (portal === null || !asset.scheduled_dags?.length) return;
  for (const source of sources.values()) {
    if (source.portal === portal) for (const dag of asset.scheduled_dags) addTo(source.followedBy, dag.dag_id);
  }
}

function addTask(task: TaskNow, sources: Map<string, Source>): void {
  const id = task.sourceId?.toLowerCase();
  for (const source of sources.values()) {
    if (source.id === id) source.now.push(task);
  }
}

function addAsset(asset: Asset, find: (portal: string, id: string) => Source): void {
  const named = sourceOfUri(asset.uri);
  if (!named) return;
  const source = find(named.place, named.id);
  source.assetIds.push(asset.id);
  for (const task of asset.producing_tasks ?? []) addTo(source.runBy, task.dag_id);
  for (const dag of asset.scheduled_dags ?? []) addTo(source.followedBy, dag.dag_id);
  for (const task of asset.consuming_tasks ?? []) addTo(source.followedBy, task.dag_id);
}

function addEvent(event: AssetEvent, find: (portal: string, id: string) => Source): void {
  const harvest = readEvent(event.extra);
  const named = sourceOfUri(event.uri ?? "");
  const portal = harvest?.portal || named?.place;
  const id = harvest?.sourceId ?? named?.id;
  if (!harvest || !portal || !id) return;
  const task =
    event.source_dag_id && event.source_run_id && event.source_task_id
      ? {
          dagId: event.source_dag_id,
          runId: event.source_run_id,
          taskId: event.source_task_id,
          mapIndex: event.source_map_index ?? -1,
        }
      : null;
  find(portal, id).history.push({ ...harvest, at: instantOf(harvest.ended ?? event.timestamp), task });
}

/** Sort the history, keep each job once, and take over the names that the newest entries give. */
function complete(source: Source, now: Date): void {
  const jobs = new Map<string, Past>();
  for (const past of source.history.sort((one, other) => time(other) - time(one))) {
    const key = past.jobId ?? `${time(past)}`;
    const same = jobs.get(key);
    // All tell of the same job; the one that leads to a task is worth most, the portal's own list least.
    if (!same || worth(past) > worth(same)) jobs.set(key, past);
  }
  source.history = [...jobs.values()].sort((one, other) => time(other) - time(one));
  const seen = new Set<string>();
  source.findings = source.findings.filter((finding) => {
    const isFirst = !seen.has(finding.kind);
    seen.add(finding.kind);
    return isFirst;
  });
  const named = [...source.history, ...source.findings];
  source.name = named.map((entry) => entry.sourceName).find(Boolean) ?? source.name;
  source.organization = named.map((entry) => entry.organization).find(Boolean) ?? source.organization;
  source.schedule ??= source.history.map((past) => past.schedule).find(Boolean) ?? null;
  const isOff = source.state !== null && source.state !== "accepted";
  source.nextRun = isOff ? null : nextRun(source.schedule, now);
  source.adminUrl = source.findings.map((finding) => finding.adminUrl).find(Boolean) ?? null;
  source.verdict = source.history[0] ? (source.history[0].outcome ?? "unknown") : "none";
  if (!source.history.length && source.findings.some((finding) => finding.kind === "failing")) source.verdict = "failure";
}

function worth(past: Past): number {
  return past.task ? 2 : past.how === "portal" ? 0 : 1;
}

function time(past: Past): number {
  return past.at?.getTime() ?? 0;
}

function addTo(list: string[], value: string): void {
  if (!list.includes(value)) list.push(value);
}

// --- sorting and filtering -----------------------------------------------------------------------------------------

export type Column = "source" | "verdict" | "last" | "items" | "findings" | "next";
export interface Order {
  column: Column;
  descending: boolean;
}
export interface Filter {
  text: string;
  verdict: Verdict | "";
  portal: string;
  /** A kind of finding. */
  finding: string;
  attention: boolean;
}
export const NO_FILTER: Filter = { text: "", verdict: "", portal: "", finding: "", attention: false };

/** Whether somebody should look at a source: its last harvest failed, or something was found. */
export function needsAttention(source: Source): boolean {
  return source.verdict === "failure" || source.findings.length > 0;
}

export function select(sources: Source[], filter: Filter, order: Order, code: string): Source[] {
  const words = fold(filter.text).split(/\s+/).filter(Boolean);
  const chosen = sources.filter(
    (source) =>
      (!filter.verdict || source.verdict === filter.verdict) &&
      (!filter.portal || source.portal === filter.portal) &&
      (!filter.finding || source.findings.some((finding) => finding.kind === filter.finding)) &&
      (!filter.attention || needsAttention(source)) &&
      words.every((word) => fold(`${source.name ?? ""} ${source.organization ?? ""} ${source.id} ${source.portal}`).includes(word)),
  );
  const collator = new Intl.Collator(code, { numeric: true, sensitivity: "base" });
  const byName = (one: Source, other: Source): number => collator.compare(nameOf(one), nameOf(other));
  const sign = order.descending ? -1 : 1;
  return chosen.sort((one, other) => sign * compare(one, other, order.column, byName) || byName(one, other));
}

const RANK: Record<Verdict, number> = { failure: 0, unknown: 1, none: 2, success: 3 };

function compare(one: Source, other: Source, column: Column, byName: (a: Source, b: Source) => number): number {
  if (column === "verdict") return rank(one) - rank(other);
  if (column === "last") return last(one) - last(other);
  if (column === "items") return (one.history[0]?.total ?? -1) - (other.history[0]?.total ?? -1);
  if (column === "next") return (one.nextRun?.getTime() ?? Infinity) - (other.nextRun?.getTime() ?? Infinity) || 0;
  if (column === "findings") return one.findings.length - other.findings.length;
  return byName(one, other);
}

function rank(source: Source): number {
  return RANK[source.verdict] + (source.findings.length ? 0 : 0.5);
}

function last(source: Source): number {
  return source.history[0]?.at?.getTime() ?? 0;
}

function nameOf(source: Source): string {
  return source.name ?? `\uffff${source.id}`;
}

/** Return a text without accents and capitals, so that "ain" finds "Département de l’Ain". */
function fold(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
