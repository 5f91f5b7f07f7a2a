/** Reads Airflow's REST API with the session of whoever looks at the page; Airflow alone decides what they may see. */

/** A request that Airflow refused or that got no answer. `status` is 0 where there was no answer. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    path: string,
  ) {
    super(`${status} ${path}`);
  }
}

export type Query = Record<string, string | number | boolean | string[] | undefined>;
export interface Page {
  total_entries: number;
}

/** The longest page that Airflow gives by default. */
export const PAGE = 100;
const AT_ONCE = 4;

/** Return the answer to a GET request below `api/v2/`.
 * @throws ApiError Airflow refused, or did not answer. */
export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  const url = new URL(`api/v2/${path}`, document.baseURI);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) for (const one of [value].flat()) url.searchParams.append(name, String(one));
  }
  return answerTo<T>(url, path, {}, signal);
}

/** Return the answer to a question that Airflow takes as a POST request below `api/v2/`.
 * @throws ApiError Airflow refused, or did not answer. */
export async function ask<T>(path: string, question: Record<string, unknown>, signal?: AbortSignal): Promise<T> {
  const headers = { "Content-Type": "application/json" };
  return answerTo<T>(new URL(`api/v2/${path}`, document.baseURI), path, { method: "POST", headers, body: JSON.stringify(question) }, signal);
}

async function answerTo<T>(url: URL, path: string, request: RequestInit, signal?: AbortSignal): Promise<T> {
  const headers = { Accept: "application/json", ...(request.headers as Record<string, string> | undefined) };
  let response: Response;
  try {
    response = await fetch(url, { ...request, credentials: "same-origin", headers, signal: signal ?? null });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, path);
  }
  if (!response.ok) throw new ApiError(response.status, path);
  try {
    return (await response.json()) as T;
  } catch {
    throw new ApiError(0, path);
  }
}

/** Return the first pages of a list, and how many entries there are in all.
 * @param most how many pages are read at most. */
export async function pages<P extends Page, T>(
  path: string,
  query: Query,
  entriesOf: (page: P) => T[],
  most: number,
  signal?: AbortSignal,
): Promise<{ entries: T[]; total: number }> {
  const first = await get<P>(path, { ...query, limit: PAGE, offset: 0 }, signal);
  const size = entriesOf(first).length || PAGE;
  const count = Math.min(most, Math.ceil(first.total_entries / size));
  const rest = await inTurn(
    Array.from({ length: Math.max(0, count - 1) }, (_, index) => (index + 1) * size),
    (offset) => get<P>(path, { ...query, limit: PAGE, offset }, signal),
  );
  return { entries: [first, ...rest].flatMap(entriesOf), total: first.total_entries };
}

/** Do something with each of many, a few at a time; return what came of each, in their order. */
export async function inTurn<A, B>(many: A[], act: (one: A) => Promise<B>): Promise<B[]> {
  const results: B[] = new Array<B>(many.length);
  let next = 0;
  async function worker(): Promise<void> {
    while (next < many.length) {
      const index = next++;
      results[index] = await act(many[index] as A);
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, many.length) }, worker));
  return results;
}

/** Return the path of a task instance in the API. */
export function taskPath(task: TaskAddress): string {
  const [dag, run, id] = [task.dagId, task.runId, task.taskId].map(encodeURIComponent);
  return `dags/${dag}/dagRuns/${run}/taskInstances/${id}`;
}

/** Return the address of a task instance's tab of ours, below the document's base. */
export function taskPage(task: TaskAddress): string {
  const [dag, run, id] = [task.dagId, task.runId, task.taskId].map(encodeURIComponent);
  const mapped = task.mapIndex >= 0 ? `/mapped/${task.mapIndex}` : "";
  return `dags/${dag}/runs/${run}/tasks/${id}${mapped}/plugin/harvest`;
}

export interface TaskAddress {
  dagId: string;
  runId: string;
  taskId: string;
  /** -1 for a task that is not mapped. */
  mapIndex: number;
}
