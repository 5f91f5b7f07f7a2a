import { describe, expect, it } from "vitest";
import { adviceFor, groupFailures } from "../src/model/failures";
import { readGuard, readHealth } from "../src/model/reports";
import { readEvent, readHarvest } from "../src/model/result";
import { NO_FILTER, putTogether, select, sourceOfUri, type Knowledge } from "../src/model/sources";

const ID = "6b03fbe5f66a892d7cfe18b4";
const OTHER = "6b03fbe5f66a892d7cfe18b5";
const PORTAL = "https://portal.example";

function result(more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    ...{ schema: 1, portal: PORTAL, source_id: ID, source_name: "Ville", job_id: "j1", how: "started", status: "done" },
    ...{ ended: "2026-11-26T06:00:00+00:00", items: { total: 3, done: 3 }, outcome: "success", ...more },
  };
}

function known(more: Partial<Knowledge> = {}): Knowledge {
  return { assets: [], events: [], results: [], health: [], guards: [], ...more };
}

describe("a result is read whatever wrote it", () => {
  it.each([
    ["this version's", result(), { outcome: "success", isOldSchema: false, isNewSchema: false }],
    ["JSON in a text", JSON.stringify(result()), { outcome: "success" }],
    ["an older one's", { job_id: "1", outcome: "failure", items: {} }, { outcome: "failure", isOldSchema: true }],
    ["a newer one's", result({ schema: 2 }), { isNewSchema: true }],
    ["one without counters", result({ items: null }), { total: 0 }],
    ["one with errors as objects", result({ errors: [{ message: "m" }] }), { errors: ["m"] }],
    ["an outcome of no kind", result({ outcome: "perhaps" }), { outcome: null }],
  ])("%s", (_name, value, expected) => expect(readHarvest(value)).toMatchObject(expected));

  it.each([["s3://bucket/key"], [null], [[1]], [7], [{ a: 1 }], [""]])("%j is none", (value) =>
    expect(readHarvest(value)).toBeNull(),
  );

  it("is the extra of an outlet's event, or the payload of a trigger's", () => {
    expect(readEvent(result())?.jobId).toBe("j1");
    expect(readEvent({ from_trigger: true, payload: result() })?.jobId).toBe("j1");
    expect(readEvent({})).toBeNull();
    expect(readEvent(null)).toBeNull();
  });
});

describe("failed items", () => {
  it("are grouped by their message without what differs from one to the next", () => {
    const item = (message: string) => ({ remoteId: "r", remoteUrl: null, datasetUrl: null, message, advice: null });
    const groups = groupFailures([
      item("Identifier 'a' already exists"),
      item("missing title"),
      item("Identifier 'b' already exists"),
    ]);
    expect(groups.map((group) => [group.items.length, group.advice])).toEqual([
      [2, "sameIdentifier"],
      [1, "noTitle"],
    ]);
  });

  it.each([
    ["Redirect (302) not allowed", "redirect"],
    ["HTTPSConnectionPool(host='x', port=443): Max retries exceeded", "unreachable"],
    ["404 Client Error: Not Found for url: http://x/", "notFound"],
    ["500 Server Error", "serverError"],
    ["502 Server Error", "unreachable"],
    ['ValidationError (issued_at.cannot parse date "x")', "unreadableDate"],
    ["ValidationError (title)", "badValue"],
    ["something new", null],
  ])("%j has the advice %j", (message, advice) => expect(adviceFor(message)).toBe(advice));
});

describe("a URI names a source", () => {
  it.each([
    [`harvest://portal.example/source/${ID}`, { place: "portal.example", id: ID }],
    [`harvest://portal.example/sub/source/${ID.toUpperCase()}`, { place: "portal.example/sub", id: ID }],
    ["harvest://portal.example", null],
    [`harvest://portal.example/organization/${ID}`, null],
    ["s3://bucket", null],
  ])("%s", (uri, source) => expect(sourceOfUri(uri)).toEqual(source));
});

describe("sources are put together", () => {
  const asset = {
    ...{ id: 1, name: "x", uri: `harvest://portal.example/source/${ID}`, producing_tasks: [{ dag_id: "run", task_id: "t" }] },
    scheduled_dags: [{ dag_id: "follow" }],
  };
  const event = (extra: unknown, more = {}) => ({ asset_id: 1, uri: asset.uri, extra, timestamp: "2026-11-26T06:00:05Z", ...more });

  it("from an asset alone: not harvested yet, with its DAGs", () => {
    const [source] = putTogether(known({ assets: [asset] }));
    expect(source).toMatchObject({ id: ID, verdict: "none", runBy: ["run"], followedBy: ["follow"], name: null });
  });

  it("with each job once, the event that leads to a task preferred", () => {
    const watched = event({ from_trigger: true, payload: result() });
    const outlet = event(result(), { source_dag_id: "run", source_run_id: "r", source_task_id: "t", source_map_index: -1 });
    const [source, ...more] = putTogether(known({ assets: [asset], events: [watched, outlet] }));
    expect(more).toEqual([]);
    expect(source?.history.map((past) => past.task?.dagId)).toEqual(["run"]);
  });

  it("with the verdict and name of the newest harvest", () => {
    const old = event(result({ job_id: "j0", ended: "2026-11-25T06:00:00Z", outcome: "failure", source_name: "Old" }));
    const [source] = putTogether(known({ events: [old, event(result())] }));
    expect(source).toMatchObject({ verdict: "success", name: "Ville" });
  });

  it("with findings, also of sources that no asset stands for", () => {
    const health = readHealth({ portal: PORTAL, findings: [{ kind: "failing", source_id: OTHER, source_name: "Ain", detail: "d" }] });
    const [source] = putTogether(known({ health: health ? [health] : [] }));
    expect(source).toMatchObject({ id: OTHER, name: "Ain", verdict: "failure" });
  });

  it("without previews, and without results that name no source", () => {
    const harvests = [result({ how: "previewed" }), result({ source_id: null })].map(readHarvest);
    const task = { dagId: "d", runId: "r", taskId: "t", mapIndex: -1 };
    const results = harvests.flatMap((harvest) => (harvest ? [{ harvest, at: "", task }] : []));
    expect(putTogether(known({ results }))).toEqual([]);
  });

  it("and searched without regard to accents and capitals, the worst first", () => {
    const names = ["Métropole de Nice", "Ain", "Forêts"];
    const events = names.map((name, index) =>
      event(result({ source_id: `${index}`.padStart(24, "0"), source_name: name, outcome: index ? "success" : "failure" })),
    );
    const sources = putTogether(known({ events }));
    const shown = (text: string, descending = false) =>
      select(sources, { ...NO_FILTER, text }, { column: "verdict", descending }, "fr").map((source) => source.name);
    expect(shown("METRO nice")).toEqual(["Métropole de Nice"]);
    expect(shown("foret")).toEqual(["Forêts"]);
    expect(shown("")).toEqual(["Métropole de Nice", "Ain", "Forêts"]);
    expect(shown("", true)).toEqual(["Ain", "Forêts", "Métropole de Nice"]);
    expect(shown("nowhere")).toEqual([]);
  });
});

describe("a guard's result", () => {
  it("is read as findings", () => {
    const row = { source_id: ID, reason: "half is gone" };
    expect(readGuard({ portal: PORTAL, held: [row], vanishing: [row] })?.findings.map((finding) => finding.kind)).toEqual([
      "held",
      "vanishing",
    ]);
    expect(readGuard("s3://x")).toBeNull();
  });
});
