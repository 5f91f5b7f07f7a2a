/** Which tasks of this Airflow harvest or wait for a harvest right now: one request, on Airflow 3.1 two. */
import { ApiError, ask, get, PAGE, type TaskAddress } from "../api";
import { asText } from "./result";

export interface TaskNow extends TaskAddress {
  state: string;
  since: string | null;
  /** The id of its source as it was given; null for a task on a whole portal. */
  sourceId: string | null;
}

/** Tasks of these classes are ours. */
export const OURS = /^_?Harvest/;
const STATES = ["running", "deferred", "up_for_reschedule"];

interface Row {
  dag_id: string;
  dag_run_id: string;
  task_id: string;
  map_index: number;
  state: string;
  start_date: string | null;
  operator?: string | null;
  operator_name?: string | null;
  rendered_fields?: Record<string, unknown>;
}

interface Rows {
  task_instances: Row[];
  total_entries: number;
}
const LIST = "dags/~/dagRuns/~/taskInstances";

/** Return the tasks that have not ended, the longest waiting first, and whether there may be more. */
export async function readNow(signal: AbortSignal): Promise<{ tasks: TaskNow[]; isPart: boolean }> {
  const answer = await get<Rows>(LIST, { state: STATES, limit: PAGE, order_by: "start_date" }, signal);
  let ours = answer.task_instances.filter(isOurs);
  if (ours.length && ours.every((row) => !Object.keys(row.rendered_fields ?? {}).length)) ours = await withArguments(ours, signal);
  const tasks = ours.map((row) => ({
    ...{ dagId: row.dag_id, runId: row.dag_run_id, taskId: row.task_id, mapIndex: row.map_index },
    ...{ state: row.state, since: row.start_date, sourceId: asText(row.rendered_fields?.source_id) },
  }));
  return { tasks, isPart: answer.total_entries > answer.task_instances.length };
}

function isOurs(row: Row): boolean {
  return OURS.test(row.operator_name ?? row.operator ?? "");
}

/** Read tasks again with their arguments. Airflow 3.1 leaves these out of its list (it does not load them there), and
 * gives them in the answer to a question about many; 3.2 and newer give them in both. The question writes a line into
 * Airflow's audit log, so it is asked only there. */
async function withArguments(ours: Row[], signal: AbortSignal): Promise<Row[]> {
  try {
    const dags = [...new Set(ours.map((row) => row.dag_id))];
    const question = { state: STATES, dag_ids: dags, page_limit: PAGE, order_by: "start_date" };
    return (await ask<Rows>(`${LIST}/list`, question, signal)).task_instances.filter(isOurs);
  } catch (error) {
    // What runs is still worth a line each, without the name of its source.
    if (error instanceof ApiError) return ours;
    throw error;
  }
}
