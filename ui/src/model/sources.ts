/** Puts together what Airflow knows of each source: assets, their events, and the newest reports. */
import { instantOf } from "../words";
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
  runBy: string[];
  followedBy: string[];
}

export interface Knowledge {
  assets: Asset[];
  events: AssetEvent[];
  results: { harvest: Harvest; at: string; task: TaskRef }[];
  health: Report[];
  guards: Report[];
}

/** Return the host of a portal's site, or of a URI that names it: its port and path included. */
export function placeOf(address: string): string {
  return address.replace(/^[a-z]+:\/\//i, "").replace(/\/+$/, "").toLowerCase();
}

/** Return which source a `harvest://` URI names; null for an organization's or a portal's. */
export function sourceOfUri(uri: string): { place: string; id: string } | null {
  const found = /^harvest:\/\/(.+)\/source\/([0-9a-f]{24})\/?$/i.exec(uri);
  return found?.[1] && found[2] ? { place: placeOf(found[1]), id: found[2].toLowerCase() } : null;
}

export function putTogether(known: Knowledge): Source[] {
  const sources = new Map<string, Source>();
  const find = (portal: string, id: string): Source => {
    const key = `${placeOf(portal)}/${id}`;
    let source = sources.get(key);
    if (!source) {
      source = {
        ...{ key, portal: placeOf(portal), id, name: null, organization: null, adminUrl: null, assetIds: [] },
        ...{ history: [], verdict: "none", findings: [], runBy: [], followedBy: [] },
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
      addTo(source.runBy, task.dagId);
    }
  }
  for (const report of [...known.health, ...known.guards]) {
    for (const finding of report.findings) find(finding.portal, finding.sourceId).findings.push(finding);
  }
  for (const source of sources.values()) complete(source);
  return [...sources.values()];
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
function complete(source: Source): void {
  const jobs = new Map<string, Past>();
  for (const past of source.history.sort((one, other) => time(other) - time(one))) {
    const key = past.jobId ?? `${time(past)}`;
    const same = jobs.get(key);
    // The one that leads to a task is worth more; both tell of the same job.
    if (!same || (!same.task && past.task)) jobs.set(key, past);
  }
  source.history = [...jobs.values()].sort((one, other) => time(other) - time(one));
  const seen = new Set<string>();
  source.findings = source.findings.filter((finding) => {
    const isFirst = !seen.has(finding.kind);
    seen.add(finding.kind);
    return isFirst;
  });
  const named = [...source.history, ...source.findings];
  source.name = named.map((entry) => entry.sourceName).find(Boolean) ?? null;
  source.organization = named.map((entry) => entry.organization).find(Boolean) ?? null;
  source.adminUrl = source.findings.map((finding) => finding.adminUrl).find(Boolean) ?? null;
  source.verdict = source.history[0] ? (source.history[0].outcome ?? "unknown") : "none";
  if (!source.history.length && source.findings.some((finding) => finding.kind === "failing")) source.verdict = "failure";
}

function time(past: Past): number {
  return past.at?.getTime() ?? 0;
}

function addTo(list: string[], value: string): void {
  if (!list.includes(value)) list.push(value);
}

// --- sorting and filtering -----------------------------------------------------------------------------------------

export type Column = "source" | "verdict" | "last" | "items" | "findings";
export interface Order {
  column: Column;
  descending: boolean;
}
export interface Filter {
  text: string;
  verdict: Verdict | "";
  portal: string;
  attention: boolean;
}
export const NO_FILTER: Filter = { text: "", verdict: "", portal: "", attention: false };

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
