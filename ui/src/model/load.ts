/** Reads what the page of all harvests shows, in a bounded number of requests however many sources there are. */
import { ApiError, get, inTurn, pages, taskPath, type Page, type TaskAddress } from "../api";
import { readListing } from "./listing";
import { readNow } from "./now";
import { readGuard, readHealth } from "./reports";
import { readEvent, readHarvest } from "./result";
import type { Asset, AssetEvent, Knowledge, TaskRef } from "./sources";

const ASSET_PAGES = 10;
const EVENT_PAGES = 20;
const XCOM_PAGES = 2;
/** How many XComs of a kind are read, the newest of each task: a list of them comes without values. */
const VALUES = { harvest_result: 16, harvest_health: 5, harvest_guard: 10, harvest_sources: 5 };
type XComKey = keyof typeof VALUES;

export interface Loaded {
  known: Knowledge;
  shown: { assets: number; allAssets: number; events: number; allEvents: number; listed: number; allListed: number };
  /** Whether more tasks run now than were read. */
  isNowPart: boolean;
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
  const nothing = { entries: [], total: 0 };
  const now = unlessForbidden(readNow(signal), { tasks: [], isPart: false });
  now.catch(() => undefined); // where another request fails first, nobody waits for this one
  const assets = await unlessForbidden(readAssets(signal), nothing, () => forbidden.push("assets"));
  const events = await unlessForbidden(readEvents(assets.entries, signal), nothing);
  const [results, health, guards, listings] = await unlessForbidden(
    Promise.all([
      newest("harvest_result", events.entries, signal),
      newest("harvest_health", [], signal),
      newest("harvest_guard", [], signal),
      newest("harvest_sources", [], signal),
    ]),
    [[], [], [], []],
    () => forbidden.push("results"),
  );
  if (forbidden.length === 2) throw new ApiError(403, "assets");
  const { tasks, isPart } = await now;
  const known: Knowledge = {
    assets: assets.entries,
    events: events.entries,
    results: read(results, readHarvest).map(({ value, ...found }) => ({ ...found, harvest: value })),
    reports: [
      ...read(health, readHealth).map(({ value, at, task }) => ({ ...value, at: value.at ?? at, task })),
      ...read(guards, readGuard).map(({ value, at, task }) => ({ ...value, at: value.at ?? at, task })),
    ],
    listings: read(listings, readListing).map(({ value, task }) => ({ ...value, task })),
    now: tasks,
  };
  const listed = known.listings.map((listing) => [listing.sources.length, listing.total] as const);
  return {
    known,
    shown: {
      ...{ assets: assets.entries.length, allAssets: assets.total, events: events.entries.length, allEvents: events.total },
      ...{ listed: sum(listed.map(([shown]) => shown)), allListed: sum(listed.map(([, all]) => all)) },
    },
    isNowPart: isPart,
    forbidden,
    at: new Date(),
  };
}

function sum(numbers: number[]): number {
  return numbers.reduce((one, other) => one + other, 0);
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

/** Return the newest events. Those of other assets are left out where Airflow can (3.2 and newer, by the name that
 * `harvest_asset` gives), so that a busy Airflow does not push the harvests out of what is read. */
async function readEvents(assets: Asset[], signal: AbortSignal): Promise<{ entries: AssetEvent[]; total: number }> {
  const isNamed = assets.every((asset) => asset.name.includes("harvest://"));
  const found = await pages<Page & { asset_events: AssetEvent[] }, AssetEvent>(
    "assets/events",
    { order_by: "-timestamp", name_pattern: isNamed ? "harvest://" : undefined },
    (page) => page.asset_events,
    EVENT_PAGES,
    signal,
  );
  return { ...found, entries: found.entries.filter((event) => !event.uri || event.uri.startsWith("harvest://")) };
}

interface Found {
  value: unknown;
  task: TaskRef;
  at: string;
}

/** Return the newest XCom of each task under a key, those that events tell of already left out. */
async function newest(key: XComKey, events: AssetEvent[], signal: AbortSignal): Promise<Found[]> {
  const telling = events.filter((event) => readEvent(event.extra));
  const told = new Set(telling.map((event) => `${event.source_dag_id} ${event.source_run_id} ${event.source_task_id} ${event.source_map_index}`));
  // Airflow 3.1 and 3.2 do not know order_by here: what is older than a month is left out, and where that is too much,
  // the last two days are read, too.
  let { entries, total } = await rowsSince(31, XCOM_PAGES);
  if (total > entries.length) entries = [...entries, ...(await rowsSince(2, 1)).entries];
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

  function rowsSince(days: number, most: number): Promise<{ entries: XComRow[]; total: number }> {
    const since = new Date(Date.now() - days * 86400e3).toISOString();
    return pages<Page & { xcom_entries: XComRow[] }, XComRow>(
      "dags/~/dagRuns/~/taskInstances/~/xcomEntries",
      { xcom_key: key, order_by: "-timestamp", run_after_gte: since },
      (page) => page.xcom_entries,
      most,
      signal,
    );
  }
}

/** Return the value of an XCom, as Airflow's database has it. */
export async function readXCom(task: TaskAddress, key: string, signal?: AbortSignal): Promise<unknown> {
  const path = `${taskPath(task)}/xcomEntries/${encodeURIComponent(key)}`;
  const answer = await get<{ value: unknown }>(path, { map_index: task.mapIndex, deserialize: true }, signal);
  return answer.value;
}

/** Return those values that can be read. */
function read<T>(found: Found[], reader: (value: unknown) => T | null): { value: T; task: TaskRef; at: string }[] {
  return found.flatMap(({ value, task, at }) => {
    const taken = reader(value);
    return taken ? [{ value: taken, task, at }] : [];
  });
}

async function unlessForbidden<T>(reading: Promise<T>, instead: T, note: () => unknown = () => undefined): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 403) throw error;
    note();
    return instead;
  }
}
