/** Reads what the tab of a task instance shows. */
import { ApiError, get, pages, taskPath, type Page, type TaskAddress } from "../api";
import { readXCom } from "./load";
import { OURS } from "./now";
import { readGuard, readHealth, type GuardReport, type Report } from "./reports";
import { asText, readEvent, readHarvest, unpacked, type Harvest } from "./result";

const RESULT = "harvest_result";
const HEALTH = "harvest_health";
const GUARD = "harvest_guard";
const ENDED = new Set(["success", "failed", "skipped", "upstream_failed", "removed"]);
const MESSAGES = 5;

export interface LogLine {
  at: string | null;
  text: string;
}

export interface TaskView {
  isOurs: boolean;
  state: string | null;
  startedAt: string | null;
  hasEnded: boolean;
  harvest: Harvest | null;
  health: Report | null;
  guard: GuardReport | null;
  /** Why a result that was pushed cannot be shown. */
  trouble: "reference" | "unreadable" | null;
  /** The id of the source as the task was given it, while there is no result that names it. */
  sourceId: string | null;
  sourceUrl: unknown;
  jobUrl: unknown;
  /** What the task said last, while it has not ended. */
  messages: LogLine[];
}

interface TaskInstance {
  state: string | null;
  start_date: string | null;
  try_number: number;
  operator?: string | null;
  operator_name?: string | null;
  rendered_fields?: Record<string, unknown>;
}

/** Return what is known of a task instance.
 * @throws ApiError Airflow does not have it, or does not let this user read it. */
export async function readTask(task: TaskAddress, signal: AbortSignal): Promise<TaskView> {
  const path = taskPath(task);
  const instance = await get<TaskInstance>(task.mapIndex < 0 ? path : `${path}/${task.mapIndex}`, {}, signal);
  const keys = await readKeys(task, signal);
  const hasEnded = ENDED.has(instance.state ?? "");
  const name = instance.operator_name ?? instance.operator ?? "";
  // Tasks of other classes are ours if they pushed one of our XComs.
  const isOurs = OURS.test(name) || [RESULT, HEALTH, GUARD].some((key) => keys.has(key));
  const read = async (key: string): Promise<unknown> => (keys.has(key) ? readXCom(task, key, signal) : undefined);
  const [result, health, guard, sourceUrl, jobUrl] = await Promise.all(
    [RESULT, HEALTH, GUARD, "harvest_source_url", "harvest_job_url"].map(read),
  );
  const view: TaskView = {
    isOurs,
    state: instance.state,
    startedAt: instance.start_date,
    hasEnded,
    harvest: readHarvest(result),
    health: readHealth(health),
    guard: readGuard(guard),
    trouble: null,
    sourceId: asText(instance.rendered_fields?.source_id),
    sourceUrl,
    jobUrl,
    messages: [],
  };
  const unread = [result, health, guard].find((value) => value !== undefined && value !== null);
  if (unread !== undefined && !view.harvest && !view.health && !view.guard) {
    view.trouble = typeof unpacked(unread) === "string" ? "reference" : "unreadable";
  }
  if (isOurs && !hasEnded && instance.state) view.messages = await readMessages(task, instance.try_number, signal);
  return view;
}

async function readKeys(task: TaskAddress, signal: AbortSignal): Promise<Set<string>> {
  const { entries } = await pages<Page & { xcom_entries: { key: string }[] }, { key: string }>(
    `${taskPath(task)}/xcomEntries`,
    { map_index: task.mapIndex, xcom_key_pattern: "harvest" },
    (page) => page.xcom_entries,
    1,
    signal,
  );
  return new Set(entries.map((entry) => entry.key));
}

/** Return the last lines that this provider wrote into the task's log; none where the log cannot be read. */
async function readMessages(task: TaskAddress, tryNumber: number, signal: AbortSignal): Promise<LogLine[]> {
  interface Entry {
    event?: unknown;
    timestamp?: unknown;
    logger?: unknown;
  }
  try {
    const log = await get<{ content?: unknown }>(
      `${taskPath(task)}/logs/${tryNumber}`,
      { full_content: true, map_index: task.mapIndex },
      signal,
    );
    const lines = Array.isArray(log.content) ? (log.content as Entry[]) : [];
    return lines
      .filter((line) => typeof line === "object" && String(line.logger ?? "").includes("airflow_provider_harvest"))
      .slice(-MESSAGES)
      .map((line) => ({ at: asText(line.timestamp), text: String(line.event ?? "") }));
  } catch (error) {
    if (error instanceof ApiError) return [];
    throw error;
  }
}

/** Return the newest result before this one that Airflow knows: of the source's asset, null where there is none. */
export async function readPrevious(task: TaskAddress, harvest: Harvest, signal: AbortSignal): Promise<Harvest | null> {
  try {
    const { entries } = await pages<Page & { asset_events: { extra: unknown }[] }, { extra: unknown }>(
      "assets/events",
      { source_dag_id: task.dagId, source_task_id: task.taskId, order_by: "-timestamp" },
      (page) => page.asset_events,
      1,
      signal,
    );
    const earlier = entries
      .map((event) => readEvent(event.extra))
      .filter((past) => past?.sourceId === harvest.sourceId && past?.jobId !== harvest.jobId)
      .filter((past) => (past?.ended ?? "") < (harvest.ended ?? ""));
    return earlier[0] ?? null;
  } catch (error) {
    if (error instanceof ApiError) return null;
    throw error;
  }
}
