/** Reads what the page of all harvests shows, in a bounded number of requests however many sources there are. */
import { ApiError, get, inTurn, PAGE, pages, taskPath, type Page, type TaskAddress } from "../api";
import { readGuard, readHealth, type Report } from "./reports";
import { readHarvest } from "./result";
import type { Asset, AssetEvent, Knowledge, TaskRef } from "./sources";

const ASSET_PAGES = 10;
const EVENT_PAGES = 20;
const XCOM_PAGES = 3;
/** How many XComs of a kind are read, the newest of each task: a list of them comes without values. */
const VALUES = { harvest_result: 20, harvest_health: 5, harvest_guard: 20 };
type XComKey = keyof typeof VALUES;

export interface Loaded {
  known: Knowledge;
  shown: { assets: number; allAssets: number; events: number; allEvents: number };
  /** Parts that Airflow does not let this user read. */
  forbidden: ("assets" | "results")[];
  at: Date;
}

interface XComRow {
  dag_id: string;
  run_id: string;
  task_id: string;
  map_index: number;
  timestamp: string;
}

/** Return what this Airflow knows of harvests.
 * @throws ApiError nothing at all could be read. */
export async function load(signal: AbortSignal): Promise<Loaded> {
  const forbidden: Loaded["forbidden"] = [];
  const [assets, events] = await Promise.all([
    unlessForbidden(readAssets(signal), { entries: [], total: 0 }, () => forbidden.push("assets")),
    unlessForbidden(readEvents(signal), { entries: [], total: 0 }, () => undefined),
  ]);
  const [results, health, guards] = await unlessForbidden(
    Promise.all([
      newest("harvest_result", events.entries, signal),
      newest("harvest_health", [], signal),
      newest("harvest_guard", [], signal),
    ]),
    [[], [], []],
    () => forbidden.push("results"),
  );
  if (forbidden.length === 2) throw new ApiError(403, "assets");
  return {
    known: {
      assets: assets.entries,
      events: events.entries,
      results: results.flatMap(({ value, task, at }) => {
        const harvest = readHarvest(value);
        return harvest ? [{ harvest, task, at }] : [];
      }),
      health: reports(health, readHealth),
      guards: reports(guards, readGuard),
    },
    shown: {
      assets: assets.entries.length,
      allAssets: assets.total,
      events: events.entries.length,
      allEvents: events.total,
    },
    forbidden,
    at: new Date(),
  };
}

/** Return the events of a source's assets, for its own view. */
export async function readHistory(assetIds: number[], signal: AbortSignal): Promise<AssetEvent[]> {
  const found = await inTurn(assetIds.slice(0, 4), (id) =>
    pages<Page & { asset_events: AssetEvent[] }, AssetEvent>(
      "assets/events",
      { asset_id: id, order_by: "-timestamp" },
      (page) => page.asset_events,
      1,
      signal,
    ),
  );
  return found.flatMap((page) => page.entries);
}

function readAssets(signal: AbortSignal): Promise<{ entries: Asset[]; total: number }> {
  return pages<Page & { assets: Asset[] }, Asset>(
    "assets",
    { uri_pattern: "harvest://", order_by: "id" },
    (page) => page.assets,
    ASSET_PAGES,
    signal,
  );
}

function readEvents(signal: AbortSignal): Promise<{ entries: AssetEvent[]; total: number }> {
  return pages<Page & { asset_events: AssetEvent[] }, AssetEvent>(
    "assets/events",
    { order_by: "-timestamp" },
    (page) => page.asset_events,
    EVENT_PAGES,
    signal,
  );
}

interface Found {
  value: unknown;
  task: TaskRef;
  at: string;
}

/** Return the newest XCom of each task under a key, those that events tell of already left out. */
async function newest(key: XComKey, events: AssetEvent[], signal: AbortSignal): Promise<Found[]> {
  const told = new Set(events.map((event) => `${event.source_dag_id} ${event.source_run_id} ${event.source_task_id} ${event.source_map_index}`));
  // Airflow 3.1 and 3.2 do not know order_by here, and so what is older than a month is left out.
  const since = new Date(Date.now() - 31 * 86400e3).toISOString();
  const { entries } = await pages<Page & { xcom_entries: XComRow[] }, XComRow>(
    "dags/~/dagRuns/~/taskInstances/~/xcomEntries",
    { xcom_key: key, order_by: "-timestamp", run_after_gte: since },
    (page) => page.xcom_entries,
    XCOM_PAGES,
    signal,
  );
  const rows = new Map<string, XComRow>();
  for (const row of entries.sort((one, other) => other.timestamp.localeCompare(one.timestamp))) {
    const task = `${row.dag_id} ${row.task_id} ${row.map_index}`;
    if (!rows.has(task) && !told.has(`${row.dag_id} ${row.run_id} ${row.task_id} ${row.map_index}`)) rows.set(task, row);
  }
  const chosen = [...rows.values()].slice(0, VALUES[key]);
  const values = await inTurn(chosen, async (row) => {
    const task = { dagId: row.dag_id, runId: row.run_id, taskId: row.task_id, mapIndex: row.map_index };
    try {
      return { value: await readXCom(task, key, signal), task, at: row.timestamp };
    } catch (error) {
      if (error instanceof ApiError) return { value: null, task, at: row.timestamp };
      throw error;
    }
  });
  return values;
}

/** Return the value of an XCom, as Airflow's database has it. */
export async function readXCom(task: TaskAddress, key: string, signal?: AbortSignal): Promise<unknown> {
  const path = `${taskPath(task)}/xcomEntries/${encodeURIComponent(key)}`;
  const answer = await get<{ value: unknown }>(path, { map_index: task.mapIndex, deserialize: true }, signal);
  return answer.value;
}

/** Return the newest report of each portal. */
function reports(found: Found[], read: (value: unknown) => Report | null): Report[] {
  return found.flatMap(({ value, at }) => {
    const report = read(value);
    return report ? [{ ...report, at: report.at ?? at }] : [];
  });
}

async function unlessForbidden<T>(reading: Promise<T>, instead: T, note: () => unknown): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 403) throw error;
    note();
    return instead;
  }
}

export { PAGE };
