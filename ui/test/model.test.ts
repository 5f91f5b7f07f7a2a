import { describe, expect, it } from "vitest";
import { adviceFor, groupFailures } from "../src/model/failures";
import { readGuard, readHealth } from "../src/model/reports";
import { readEvent, readHarvest } from "../src/model/result";
import { readListing } from "../src/model/listing";
import { nextRun } from "../src/model/cron";
import { NO_FILTER, NOTHING, portalOfUri, putTogether, select, sourceOfUri, type Knowledge } from "../src/model/sources";

const ID = "6b03fbe5f66a892d7cfe18b4";
const OTHER = "6b03fbe5f66a892d7cfe18b5";
const TASK = { dagId: "d", runId: "r", taskId: "t", mapIndex: -1 };
const PORTAL = "https://portal.example";

function result(more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    ...{ schema: 1, portal: PORTAL, source_id: ID, source_name: "Ville", job_id: "j1", how: "started", status: "done" },
    ...{ ended: "2026-11-26T06:00:00+00:00", items: { total: 3, done: 3 }, outcome: "success", ...more },
  };
}

function known(more: Partial<Knowledge> = {}): Knowledge {
  return { ...NOTHING, ...more };
}

describe("a result is read whatever wrote it", () => {
  it.each([
    ["this version's", result(), { outcome: "success", isOldSchema: false, isNewSchema: false }],
    ["JSON in a text", JSON.stringify(result()), { outcome: "success" }],
    ["an older one's", { job_id: "1", outcome: "failure", items: {} }, { outcome: "failure", isOldSchema: true }],
    ["a newer one's", result({ schema: 2 }), { isNewSchema: true }],
    ["one without counters", result({ items: null }), { total: 0 }],
    ["one with errors as objects", result({ errors: [{ message: "m" }] }), { errors: ["m"] }],
    ["one with reasons for skips", result({ skip_reasons: { "missing identifier": 2 } }), { skipReasons: [["missing identifier", 2]] }],
    ["one with reasons of no kind", result({ skip_reasons: [1], failed_items: [{ newly_failing: true }] }), { skipReasons: [] }],
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
    const item = (message: string) => ({ remoteId: "r", remoteUrl: null, datasetUrl: null, message, advice: null, isNew: false });
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
    const [source] = putTogether(known({ reports: health ? [{ ...health, task: TASK }] : [] }));
    expect(source).toMatchObject({ id: OTHER, name: "Ain", verdict: "failure", followedBy: ["d"] });
  });

  it("without previews, and without results that name no source", () => {
    const harvests = [result({ how: "previewed" }), result({ source_id: null })].map(readHarvest);
    const results = harvests.flatMap((harvest) => (harvest ? [{ harvest, at: "", task: TASK }] : []));
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
  const row = (more: Record<string, unknown>) => ({
    ...{ source_id: ID, source_name: "Ville", records: 25, missing: 15, will_archive: 15, reasons: ["15 of 25 are missing."] },
    ...{ must_hold: false, is_held: false, is_exposed: false, first_archived_at: "2026-12-03T00:00:00+00:00", ...more },
  });
  it.each([
    ["a hold", row({ is_held: true, must_hold: true }), ["held"]],
    ["a loss that must be held", row({ must_hold: true, will_archive: 0 }), ["vanishing"]],
    ["a small loss that will be archived", row({ missing: 1, will_archive: 1 }), ["vanishing"]],
    ["a source that archives at once, and lost nothing", row({ missing: 0, will_archive: 0, is_exposed: true }), []],
    ["no row of a source", { reasons: ["?"] }, []],
  ])("%s", (_name, one, kinds) => {
    const report = readGuard({ schema: 1, portal: PORTAL, rows: [one] });
    expect(report?.findings.map((finding) => finding.kind)).toEqual(kinds);
  });

  it("keeps the days and the records", () => {
    const records = [{ title: "<b>t</b>", url: "javascript:1", remote_id: "r1", archived_at: "2026-12-03T00:00:00Z" }, "odd"];
    const [read] = readGuard({ portal: PORTAL, rows: [row({ missing_records: records })] })?.rows ?? [];
    expect(read).toMatchObject({ missing: 15, records: 25, firstArchivedAt: "2026-12-03T00:00:00+00:00" });
    expect(read?.missingRecords).toEqual([
      { title: "<b>t</b>", url: "javascript:1", remoteId: "r1", archivedAt: "2026-12-03T00:00:00Z" },
    ]);
  });

  it.each([["s3://x"], [null], [{ portal: PORTAL }], [{ rows: "many" }]])("%j is none", (value) => expect(readGuard(value)).toBeNull());
});

describe("a listing of all sources", () => {
  const columns = [
    ...["id", "name", "organization", "state", "schedule", "job_id", "status", "started", "ended"],
    ...["total", "done", "failed", "skipped", "archived"],
  ];
  const ended = "2026-11-26T06:00:00Z";
  const rows = [
    [ID, "Ville", "Mairie", "accepted", "0 3 * * *", "j1", "done", ended, ended, 3, 3, 0, 0, 0],
    [OTHER, "Ain", null, "pending", "0 3 * * *", "j2", "done-errors", ended, ended, null, null, null, null, null],
  ];
  const listing = { ...readListing({ schema: 1, portal: PORTAL, total: 900, columns, rows })!, task: TASK };
  const now = new Date("2026-11-26T12:00:00Z");

  it("shows sources that no task has harvested, with the next run of those that are accepted", () => {
    const [ville, ain] = putTogether(known({ listings: [listing] }), now);
    expect(ville).toMatchObject({ name: "Ville", organization: "Mairie", verdict: "success", followedBy: ["d"] });
    expect(ville?.nextRun?.toISOString()).toBe("2026-11-27T03:00:00.000Z");
    expect(ain).toMatchObject({ verdict: "failure", state: "pending", nextRun: null });
    expect(ain?.history[0]?.isCounted).toBe(false);
  });

  it("gives way to what a task knows of the same job", () => {
    const results = [{ harvest: readHarvest(result({ job_id: "j1", source_name: "Newer" }))!, at: "", task: TASK }];
    const [source] = putTogether(known({ listings: [listing], results }), now);
    expect(source?.history.map((past) => past.how)).toEqual(["started"]);
    expect(source).toMatchObject({ name: "Newer", runBy: ["d"] });
  });

  it("is counted in full where it shows a part", () => expect(listing.total).toBe(900));
  it.each([["s3://x"], [{}], [{ columns: [], rows: 7 }]])("%j is none", (value) => expect(readListing(value)).toBeNull());
});

describe("who watches a source", () => {
  it.each([
    ["harvest://portal.example", "portal.example"],
    ["harvest://portal.example/sub/", "portal.example/sub"],
    [`harvest://portal.example/source/${ID}`, null],
    [`harvest://portal.example/organization/${ID}`, null],
    ["s3://bucket", null],
  ])("%s stands for %s as a whole", (uri, portal) => expect(portalOfUri(uri)).toBe(portal));

  it("are also the DAGs on its portal's asset", () => {
    const portal = { id: 2, name: "p", uri: "harvest://portal.example", scheduled_dags: [{ dag_id: "all" }] };
    const one = { id: 1, name: "x", uri: `harvest://portal.example/source/${ID}` };
    const elsewhere = { id: 3, name: "y", uri: `harvest://other.example/source/${ID}` };
    const sources = putTogether(known({ assets: [one, portal, elsewhere] }));
    expect(sources.map((source) => source.followedBy)).toEqual([["all"], []]);
  });

  it("are also the tasks that wait for it now", () => {
    const task = { ...TASK, state: "deferred", since: null, sourceId: ID.toUpperCase() };
    const one = { id: 1, name: "x", uri: `harvest://portal.example/source/${ID}` };
    expect(putTogether(known({ assets: [one], now: [task] }))[0]?.now).toHaveLength(1);
  });
});

describe("the portal's next run follows Celery's rules", () => {
  const now = new Date("2026-11-26T12:30:10Z"); // a Thursday
  it.each([
    ["0 3 * * *", "2026-11-27T03:00:00.000Z"],
    ["31 12 * * *", "2026-11-26T12:31:00.000Z"],
    ["30 12 * * *", "2026-11-27T12:30:00.000Z"],
    ["*/15 * * * *", "2026-11-26T12:45:00.000Z"],
    ["0 22-3/2 * * *", "2026-11-26T22:00:00.000Z"],
    ["0 0 * * 0", "2026-11-29T00:00:00.000Z"],
    ["0 0 * * mon,wed", "2026-11-30T00:00:00.000Z"],
    ["0 0 1 * 1", "2027-02-01T00:00:00.000Z"],
    ["0 0 29 feb *", "2028-02-29T00:00:00.000Z"],
  ])("%s fires at %s", (cron, iso) => expect(nextRun(cron, now)?.toISOString()).toBe(iso));

  it.each([[null], [""], ["every 6 hours"], ["0 0 31 2 *"], ["60 * * * *"], ["5/10 * * * *"], ["0 0 * * 7"], ["*/0 * * * *"], ["0 0 * *"]])(
    "%j never does",
    (cron) => expect(nextRun(cron, now)).toBeNull(),
  );
});
