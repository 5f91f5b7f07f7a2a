import { afterEach, describe, expect, it, vi } from "vitest";
import { readNow } from "../src/model/now";

const SOURCE = "6b03fbe5f66a892d7cfe18b4";
const WAITS = { operator_name: "HarvestJobSensor", rendered_fields: { source_id: SOURCE } };
const OTHERS = { operator_name: "BashOperator", rendered_fields: { bash_command: "sleep 9" } };
const BARE = { ...WAITS, rendered_fields: {} };

function row(more: object): object {
  return { dag_id: "d", dag_run_id: "r", task_id: "t", map_index: -1, state: "deferred", start_date: null, ...more };
}

/** Let Airflow list these tasks, and answer a question about many with those, or with a status. */
function airflow(listed: object[], asked: object[] | number): string[] {
  const requests: string[] = [];
  vi.stubGlobal("document", { baseURI: "http://airflow.example/" });
  vi.stubGlobal("fetch", (url: URL, request: RequestInit) => {
    const isQuestion = request.method === "POST";
    requests.push(`${request.method ?? "GET"} ${url.pathname}`);
    if (isQuestion && typeof asked === "number") return Promise.resolve(new Response("{}", { status: asked }));
    const rows = (isQuestion ? (asked as object[]) : listed).map(row);
    return Promise.resolve(Response.json({ task_instances: rows, total_entries: rows.length }));
  });
  return requests;
}

afterEach(() => vi.unstubAllGlobals());

const LIST = "GET /api/v2/dags/~/dagRuns/~/taskInstances";
const QUESTION = "POST /api/v2/dags/~/dagRuns/~/taskInstances/list";

describe("the tasks that run now", () => {
  it.each([
    ["are read at once where the list has their arguments", [WAITS, OTHERS], [], [LIST], [SOURCE]],
    ["are asked for again where it has none (Airflow 3.1)", [BARE, OTHERS], [WAITS, OTHERS], [LIST, QUESTION], [SOURCE]],
    ["are not asked for again where none is ours", [OTHERS], [], [LIST], []],
    ["lack the source where the question is refused", [BARE], 403, [LIST, QUESTION], [null]],
  ])("%s", async (_name, listed, asked, requests, sources) => {
    const sent = airflow(listed, asked);
    const { tasks } = await readNow(new AbortController().signal);
    expect(sent).toEqual(requests);
    expect(tasks.map((task) => task.sourceId)).toEqual(sources);
  });
});
