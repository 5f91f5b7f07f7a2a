/** Which tasks of this Airflow harvest or wait for a harvest right now: one request. */
import { get, PAGE, type TaskAddress } from "../api";
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

/** Return the tasks that have not ended, the longest waiting first, and whether there may be more. */
export async function readNow(signal: AbortSignal): Promise<{ tasks: TaskNow[]; isPart: boolean }> {
  const answer = await get<{ task_instances: Row[]; total_entries: number }>(
    "dags/~/dagRuns/~/taskInstances",
    { state: STATES, limit: PAGE, order_by: "start_date" },
    signal,
  );
  const tasks = answer.task_instances
    .filter((row) => OURS.test(row.operator_name ?? row.operator ?? ""))
    .map((row) => ({
      ...{ dagId: row.dag_id, runId: row.dag_run_id, taskId: row.task_id, mapIndex: row.map_index },
      ...{ state: row.state, since: row.start_date, sourceId: asText(row.rendered_fields?.source_id) },
    }));
  return { tasks, isPart: answer.total_entries > answer.task_instances.length };
}
