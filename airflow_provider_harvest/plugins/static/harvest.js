// src/api.ts
var e = class extends Error {
	status;
	constructor(e, t) {
		super(`${e} ${t}`), this.status = e;
	}
}, t = 4;
async function n(e, t = {}, n) {
	let r = new URL(`api/v2/${e}`, document.baseURI);
	for (let [e, n] of Object.entries(t)) if (n !== void 0) for (let t of [n].flat()) r.searchParams.append(e, String(t));
	return i(r, e, {}, n);
}
async function r(e, t, n) {
	return i(new URL(`api/v2/${e}`, document.baseURI), e, {
		method: "POST",
		headers: { "Content-Type": "application/json" },
		body: JSON.stringify(t)
	}, n);
}
async function i(t, n, r, i) {
	let a = {
		Accept: "application/json",
		...r.headers
	}, o;
	try {
		o = await fetch(t, {
			...r,
			credentials: "same-origin",
			headers: a,
			signal: i ?? null
		});
	} catch (t) {
		throw i?.aborted ? t : new e(0, n);
	}
	if (!o.ok) throw new e(o.status, n);
	try {
		return await o.json();
	} catch {
		throw new e(0, n);
	}
}
async function a(e, t, r, i, a) {
	let s = await n(e, {
		...t,
		limit: 100,
		offset: 0
	}, a), c = r(s).length || 100, l = Math.min(i, Math.ceil(s.total_entries / c));
	return {
		entries: [s, ...await o(Array.from({ length: Math.max(0, l - 1) }, (e, t) => (t + 1) * c), (r) => n(e, {
			...t,
			limit: 100,
			offset: r
		}, a))].flatMap(r),
		total: s.total_entries
	};
}
async function o(e, n) {
	let r = Array(e.length), i = 0;
	async function a() {
		for (; i < e.length;) {
			let t = i++;
			r[t] = await n(e[t]);
		}
	}
	return await Promise.all(Array.from({ length: Math.min(t, e.length) }, a)), r;
}
function s(e) {
	let [t, n, r] = [
		e.dagId,
		e.runId,
		e.taskId
	].map(encodeURIComponent);
	return `dags/${t}/dagRuns/${n}/taskInstances/${r}`;
}
function c(e) {
	let [t, n, r] = [
		e.dagId,
		e.runId,
		e.taskId
	].map(encodeURIComponent);
	return `dags/${t}/runs/${n}/tasks/${r}${e.mapIndex >= 0 ? `/mapped/${e.mapIndex}` : ""}/plugin/harvest`;
}
var l = [
	"done",
	"failed",
	"skipped",
	"archived"
];
function u(e) {
	return [
		"done",
		"done-errors",
		"failed"
	].includes(e);
}
function d(e) {
	return typeof e == "object" && e && !Array.isArray(e) ? e : null;
}
function f(e) {
	return Array.isArray(e) ? e : [];
}
function p(e) {
	return typeof e == "string" && e !== "" ? e : null;
}
function m(e) {
	return typeof e == "number" && Number.isFinite(e) ? e : null;
}
function h(e) {
	if (typeof e != "string") return e;
	try {
		return JSON.parse(e);
	} catch {
		return e;
	}
}
function g(e) {
	let t = d(h(e));
	if (!t || !("outcome" in t || "items" in t) || !("job_id" in t || "status" in t)) return null;
	let n = d(t.items) ?? {}, r = Object.fromEntries(l.map((e) => [e, m(n[e]) ?? 0])), i = m(t.schema) ?? 0;
	return {
		portal: p(t.portal) ?? "",
		sourceId: p(t.source_id),
		sourceName: p(t.source_name),
		organization: ee(t.organization),
		schedule: p(t.schedule),
		jobId: p(t.job_id),
		jobUrl: t.job_url,
		how: p(t.how),
		status: p(t.status),
		started: p(t.started) ?? p(t.created),
		ended: p(t.ended),
		duration: m(t.duration),
		items: r,
		total: m(n.total) ?? l.reduce((e, t) => e + (r[t] ?? 0), 0),
		isCounted: d(t.items) !== null,
		newlyArchived: m(n.newly_archived),
		errors: f(t.errors).map(y),
		failedItems: f(t.failed_items).map(v),
		skipReasons: Object.entries(d(t.skip_reasons) ?? {}).map(([e, t]) => [e, m(t) ?? 0]),
		remoteIds: d(t.remote_ids),
		outcome: t.outcome === "success" || t.outcome === "failure" ? t.outcome : null,
		failureKind: p(t.failure_kind),
		reasons: f(t.reasons).map(y),
		changes: t.changes ?? null,
		isOldSchema: i < 1,
		isNewSchema: i > 1
	};
}
function _(e) {
	let t = d(e);
	return t && (g(t.payload) ?? g(t));
}
function v(e) {
	let t = d(e) ?? { message: e };
	return {
		remoteId: p(t.remote_id),
		remoteUrl: t.remote_url,
		datasetUrl: t.dataset_url,
		message: y(t.message ?? ""),
		advice: p(t.advice) ?? p(t.hint),
		isNew: t.newly_failing === !0
	};
}
function y(e) {
	return typeof e == "string" ? e : p(d(e)?.message) ?? JSON.stringify(e);
}
function ee(e) {
	return p(e) ?? p(d(e)?.name) ?? p(d(e)?.id);
}
// src/model/listing.ts
function te(e) {
	let t = d(h(e));
	if (!t || !Array.isArray(t.columns) || !Array.isArray(t.rows)) return null;
	let n = t.columns.map(String), r = p(t.portal) ?? "", i = t.rows.flatMap((e) => {
		let t = Object.fromEntries(f(e).map((e, t) => [n[t] ?? "", e])), i = p(t.id);
		if (!i) return [];
		let [a, o, s] = [
			t.name,
			t.organization,
			t.schedule
		].map(p);
		return [{
			id: i,
			name: a ?? null,
			organization: o ?? null,
			schedule: s ?? null,
			state: p(t.state),
			last: ne(r, i, t)
		}];
	});
	return {
		portal: r,
		at: p(t.at),
		total: m(t.total) ?? i.length,
		sources: i
	};
}
function ne(e, t, n) {
	let [r, i] = [p(n.job_id), p(n.status)];
	if (!r || !i || !u(i)) return null;
	let [a, o, s, c] = [
		n.done,
		n.failed,
		n.skipped,
		n.archived
	].map((e) => m(e) ?? 0);
	return {
		portal: e,
		sourceId: t,
		sourceName: p(n.name),
		organization: p(n.organization),
		schedule: p(n.schedule),
		jobId: r,
		jobUrl: null,
		how: "portal",
		status: i,
		started: p(n.started),
		ended: p(n.ended),
		duration: null,
		items: {
			done: a,
			failed: o,
			skipped: s,
			archived: c
		},
		total: m(n.total) ?? 0,
		isCounted: m(n.total) !== null,
		newlyArchived: null,
		errors: [],
		failedItems: [],
		skipReasons: [],
		remoteIds: null,
		changes: null,
		outcome: i === "done" && !o ? "success" : "failure",
		failureKind: null,
		reasons: [],
		isOldSchema: !1,
		isNewSchema: !1
	};
}
// src/model/now.ts
var re = /^_?Harvest/, ie = [
	"running",
	"deferred",
	"up_for_reschedule"
], ae = "dags/~/dagRuns/~/taskInstances";
async function oe(e) {
	let t = await n(ae, {
		state: ie,
		limit: 100,
		order_by: "start_date"
	}, e), r = t.task_instances.filter(se);
	return r.length && r.every((e) => !Object.keys(e.rendered_fields ?? {}).length) && (r = await ce(r, e)), {
		tasks: r.map((e) => ({
			dagId: e.dag_id,
			runId: e.dag_run_id,
			taskId: e.task_id,
			mapIndex: e.map_index,
			state: e.state,
			since: e.start_date,
			sourceId: p(e.rendered_fields?.source_id)
		})),
		isPart: t.total_entries > t.task_instances.length
	};
}
function se(e) {
	return re.test(e.operator_name ?? e.operator ?? "");
}
async function ce(t, n) {
	try {
		let e = [...new Set(t.map((e) => e.dag_id))];
		return (await r(`${ae}/list`, {
			state: ie,
			dag_ids: e,
			page_limit: 100,
			order_by: "start_date"
		}, n)).task_instances.filter(se);
	} catch (n) {
		if (n instanceof e) return t;
		throw n;
	}
}
// src/model/reports.ts
function le(e) {
	let t = d(h(e));
	if (!t || !Array.isArray(t.findings)) return null;
	let n = p(t.portal) ?? "";
	return {
		portal: n,
		at: p(t.at),
		sources: m(t.sources),
		findings: t.findings.flatMap((e) => fe(e, n, null)),
		incomplete: p(t.incomplete)
	};
}
function ue(e) {
	let t = d(h(e));
	if (!t || !Array.isArray(t.rows)) return null;
	let n = p(t.portal) ?? "", r = p(t.at), i = t.rows.flatMap((e) => de(e, n));
	return {
		portal: n,
		at: r,
		sources: m(t.sources),
		findings: i.map((e) => e.finding).filter((e) => e.kind !== "exposed"),
		incomplete: f(t.incomplete).map(String).join(" ") || null,
		rows: i
	};
}
function de(e, t) {
	let n = d(e), [r] = fe(e, t, null);
	if (!n || !r) return [];
	let i = n.is_held === !0, a = m(n.missing) ?? 0, o = n.must_hold === !0 || a > 0 && (m(n.will_archive) ?? 0) > 0;
	return [{
		finding: {
			...r,
			kind: i ? "held" : o ? "vanishing" : "exposed"
		},
		records: m(n.records),
		missing: a,
		willArchive: m(n.will_archive) ?? 0,
		firstArchivedAt: p(n.first_archived_at),
		mustHold: n.must_hold === !0,
		isHeld: i,
		isOverdue: n.is_overdue === !0,
		isExposed: n.is_exposed === !0,
		action: p(n.action),
		why: p(n.why),
		missingRecords: f(n.missing_records).flatMap((e) => {
			let t = d(e);
			return t ? [{
				title: p(t.title),
				url: t.url,
				remoteId: p(t.remote_id),
				archivedAt: p(t.archived_at)
			}] : [];
		})
	}];
}
function fe(e, t, n) {
	let r = d(e), i = p(r?.source_id);
	return !r || !i ? [] : [{
		kind: n ?? p(r.kind) ?? "unknown",
		portal: p(r.portal) ?? t,
		sourceId: i,
		sourceName: p(r.source_name),
		organization: p(r.organization) ?? p(r.owner),
		adminUrl: r.admin_url ?? r.source_url,
		since: p(r.since),
		isNew: r.is_new === !0,
		detail: p(r.detail) ?? p(r.reason) ?? f(r.reasons).map(String).join(" ")
	}];
}
// src/model/load.ts
var pe = 10, me = 20, he = 2, ge = {
	harvest_result: 16,
	harvest_health: 5,
	harvest_guard: 10,
	harvest_sources: 5
};
async function _e(t) {
	let n = [], r = {
		entries: [],
		total: 0
	}, i = S(oe(t), {
		tasks: [],
		isPart: !1
	});
	i.catch(() => void 0);
	let a = await S(be(t), r, () => n.push("assets")), o = await S(xe(a.entries, t), r), [s, c, l, u] = await S(Promise.all([
		b("harvest_result", o.entries, t),
		b("harvest_health", [], t),
		b("harvest_guard", [], t),
		b("harvest_sources", [], t)
	]), [
		[],
		[],
		[],
		[]
	], () => n.push("results"));
	if (n.length === 2) throw new e(403, "assets");
	let { tasks: d, isPart: f } = await i, p = {
		assets: a.entries,
		events: o.entries,
		results: x(s, g).map(({ value: e, ...t }) => ({
			...t,
			harvest: e
		})),
		reports: [...x(c, le).map(({ value: e, at: t, task: n }) => ({
			...e,
			at: e.at ?? t,
			task: n
		})), ...x(l, ue).map(({ value: e, at: t, task: n }) => ({
			...e,
			at: e.at ?? t,
			task: n
		}))],
		listings: x(u, te).map(({ value: e, task: t }) => ({
			...e,
			task: t
		})),
		now: d
	}, m = p.listings.map((e) => [e.sources.length, e.total]);
	return {
		known: p,
		shown: {
			assets: a.entries.length,
			allAssets: a.total,
			events: o.entries.length,
			allEvents: o.total,
			listed: ve(m.map(([e]) => e)),
			allListed: ve(m.map(([, e]) => e))
		},
		isNowPart: f,
		forbidden: n,
		at: /* @__PURE__ */ new Date()
	};
}
function ve(e) {
	return e.reduce((e, t) => e + t, 0);
}
async function ye(e, t) {
	return (await o(e.slice(0, 4), (e) => a("assets/events", {
		asset_id: e,
		order_by: "-timestamp"
	}, (e) => e.asset_events, 1, t))).flatMap((e) => e.entries);
}
function be(e) {
	return a("assets", {
		uri_pattern: "harvest://",
		order_by: "id"
	}, (e) => e.assets, pe, e);
}
async function xe(e, t) {
	let n = await a("assets/events", {
		order_by: "-timestamp",
		name_pattern: e.every((e) => e.name.includes("harvest://")) ? "harvest://" : void 0
	}, (e) => e.asset_events, me, t);
	return {
		...n,
		entries: n.entries.filter((e) => !e.uri || e.uri.startsWith("harvest://"))
	};
}
async function b(t, n, r) {
	let i = n.filter((e) => _(e.extra)), s = new Set(i.map((e) => `${e.source_dag_id} ${e.source_run_id} ${e.source_task_id} ${e.source_map_index}`)), { entries: c, total: l } = await d(31, he);
	l > c.length && (c = [...c, ...(await d(2, 1)).entries]);
	let u = /* @__PURE__ */ new Map();
	for (let e of c.sort((e, t) => t.timestamp.localeCompare(e.timestamp))) {
		let t = `${e.dag_id} ${e.task_id} ${e.map_index}`;
		!u.has(t) && !s.has(`${e.dag_id} ${e.run_id} ${e.task_id} ${e.map_index}`) && u.set(t, e);
	}
	return await o([...u.values()].slice(0, ge[t]), async (n) => {
		let i = {
			dagId: n.dag_id,
			runId: n.run_id,
			taskId: n.task_id,
			mapIndex: n.map_index
		};
		try {
			return {
				value: await Se(i, t, r),
				task: i,
				at: n.timestamp
			};
		} catch (t) {
			if (t instanceof e) return {
				value: null,
				task: i,
				at: n.timestamp
			};
			throw t;
		}
	});
	function d(e, n) {
		return a("dags/~/dagRuns/~/taskInstances/~/xcomEntries", {
			xcom_key: t,
			order_by: "-timestamp",
			run_after_gte: (/* @__PURE__ */ new Date(Date.now() - e * 864e5)).toISOString()
		}, (e) => e.xcom_entries, n, r);
	}
}
async function Se(e, t, r) {
	return (await n(`${s(e)}/xcomEntries/${encodeURIComponent(t)}`, {
		map_index: e.mapIndex,
		deserialize: !0
	}, r)).value;
}
function x(e, t) {
	return e.flatMap(({ value: e, task: n, at: r }) => {
		let i = t(e);
		return i ? [{
			value: i,
			task: n,
			at: r
		}] : [];
	});
}
async function S(t, n, r = () => void 0) {
	try {
		return await t;
	} catch (t) {
		if (!(t instanceof e) || t.status !== 403) throw t;
		return r(), n;
	}
}
// src/words/en.ts
var Ce = {
	title: "Harvests",
	loading: "Loading…",
	verdict: {
		success: "Succeeded",
		failure: "Failed",
		none: "Not harvested yet",
		unknown: "Unknown",
		running: "Running",
		waiting: "Waiting"
	},
	item: {
		done: "done",
		failed: "failed",
		skipped: "skipped",
		archived: "archived"
	},
	noItems: "No items",
	itemCounts: "Items of this harvest",
	newlyArchived: (e) => `${e} of the archived ones are newly archived.`,
	source: "Source",
	previewOfConfig: "Preview of a configuration",
	unnamed: "Unnamed source",
	sourcePage: "Source on the portal",
	jobPage: "Job on the portal",
	portal: "Portal",
	started: "Started",
	ended: "Ended",
	duration: "Duration",
	nextRun: "Portal’s next run",
	labelled: (e) => `${e}: `,
	cron: (e) => `The portal’s own cron: ${e} (read as UTC).`,
	noNextRun: "The portal has no schedule for it.",
	states: {
		pending: "waits for the portal’s team",
		refused: "refused by the portal’s team",
		inactive: "switched off on the portal"
	},
	job: "Job",
	how: "How",
	hows: {
		started: "started by this task",
		attached: "joined while it ran",
		waited: "waited for",
		watched: "watched for",
		previewed: "previewed",
		portal: "as the portal lists it"
	},
	why: "Why it failed",
	whatToDo: "What to do:",
	failedItems: "Failed items",
	shownOf: (e, t) => `${e} of ${t} are listed here; the job on the portal has the rest.`,
	openRecord: "record",
	openDataset: "dataset",
	noIdentifier: "without identifier",
	jobErrors: "Errors of the job",
	changes: "What changed",
	comparedWith: "Compared with the previous job",
	noChanges: "The numbers are those of the previous harvest.",
	change: {
		new: "New",
		vanished: "Vanished",
		newly_archived: "Newly archived",
		newly_failing: "Newly failing",
		still_failing: "Still failing",
		fixed: "Fixed"
	},
	skipped: "Skipped records",
	askedFor: "Requested records",
	missing: "missing",
	kinds: {
		timeout: "The preview took too long. Try again later, or ask the catalogue’s owner why it is slow.",
		unfinished: "The job has not ended. See it on the portal.",
		unknown_status: "The job ended in a status that this version does not know. See it on the portal.",
		remote_unreachable: "The portal could not reach the catalogue. Check that its server is up and lets the portal in; then clear the task to harvest again.",
		job: "The portal could not fetch or read the catalogue. Correct the source’s URL or the catalogue; then clear the task to harvest again.",
		remote_ids: "Requested records were not harvested. See below what happened to them.",
		unreadable: "The response was not a whole catalogue. Open the source’s URL, and check that it returns all of it.",
		skipped: "The portal skipped records, most often without a dct:identifier. Add it in the catalogue; then clear the task.",
		items: "Correct the failed records in the catalogue; then clear the task to harvest again.",
		empty: "Fewer records were harvested than required. Check that the catalogue is complete.",
		loss: "Too much is missing of what was there before. Check that the catalogue is whole; then clear the task. If the loss is right, accept it: after a guarded run with airflow-harvest guard release, else with a higher max_drop_ratio.",
		job_errors: "The harvest may be incomplete. Read the errors of the job below."
	},
	advice: {
		redirect: "The source’s URL redirects, and this portal does not follow: set the source to the final URL.",
		otherOwner: "The dataset belongs to another organization on the portal: ask the portal’s team to transfer it, or remove the record.",
		sameIdentifier: "The catalogue lists this identifier twice: give each record its own dct:identifier.",
		noIdentifier: "Add a dct:identifier to the record.",
		noTitle: "Add a title to the record.",
		certificate: "The portal does not trust the certificate of the catalogue’s server: renew it there, with its whole chain.",
		cutShort: "The portal cut the harvest short at its own limit: ask its team to raise it.",
		unreachable: "The portal could not reach the catalogue: check that its server is up and lets the portal in.",
		notFound: "The address does not exist on the catalogue’s server: correct the source’s URL.",
		refused: "The catalogue’s server refuses the portal: allow its address or user agent there.",
		serverError: "The catalogue’s server fails on this address: open it in a browser and repair the server.",
		privateAddress: "The portal refuses addresses of private networks: give the source a public URL.",
		badValue: "The record has a value that the portal refuses: correct it in the catalogue.",
		unreadableDate: "The record has a date that the portal cannot read: write it as YYYY-MM-DD."
	},
	notOurs: "This tab is about harvests. This task is not a harvest task, so there is nothing to show.",
	noResultYet: "This harvest task has no result yet.",
	noResult: "This task has ended without a harvest result. Its log says why.",
	waitingFor: "This task waits for a harvest. The page reloads itself until it ends.",
	runningNow: "This task is running. The page reloads itself until it ends.",
	latestMessages: "Latest messages of this task",
	since: "Since",
	taskState: "State of the task",
	reference: "This Airflow stores task results elsewhere (a custom XCom backend) and only a reference is readable here. The task’s log has the result.",
	unreadable: "The task pushed a result that this page cannot read. The task’s log has it.",
	oldSchema: "An older version of the provider wrote this result: some details are missing.",
	newSchema: "A newer version of the provider wrote this result: some details are not shown. Update the provider of the Airflow api-server.",
	gone: "Airflow no longer has this task run: it was deleted, or purged from its database.",
	error: {
		0: "Airflow did not respond. Check your connection, then load again.",
		401: "Your session has ended. Log in to Airflow again.",
		403: "Your Airflow account may not read this. Ask an Airflow admin for the right to read the DAG’s XComs.",
		404: "Airflow does not have this.",
		other: (e) => `Airflow answered with an error (${e}). Load again; if it stays, its log says more.`,
		script: "This page met an error of its own and stopped. Load again; if it stays, report it with the browser’s console."
	},
	partForbidden: {
		assets: "Your Airflow account may not read assets: harvests of other people’s DAGs are missing here.",
		results: "Your Airflow account may not read XComs: results of tasks without outlets, and health reports, are missing here."
	},
	partial: {
		assets: (e, t) => `This Airflow has ${t} sources; the first ${e} are shown.`,
		events: (e, t) => `History: the newest ${e} of ${t} asset events were read.`,
		listed: (e, t) => `The portal has ${t} sources; its watch lists the first ${e}.`
	},
	reload: "Load again",
	empty: {
		title: "No harvests yet",
		text: "This page shows each source of a portal once a DAG of this Airflow has harvested or watched it. To fill it:",
		watch: "run the DAG harvest_portal_watch once (it needs no API key) to see the state of all sources of your portal;",
		outlets: "or give your harvest tasks outlets=[harvest_asset(…)], so that each harvest is kept as an event;",
		trigger: "or watch a whole portal with HarvestJobEventTrigger.",
		examples: "The example DAGs of the provider show each of these."
	},
	noMatch: "No source matches these filters.",
	clearFilters: "Clear filters",
	search: "Search sources",
	searchHint: "Name, organization, identifier",
	filterVerdict: "Last verdict",
	filterPortal: "Portal",
	filterAttention: "Needs attention",
	all: "All",
	shown: (e, t) => `${e} of ${t} sources`,
	rows: {
		part: (e, t) => `The first ${e} of ${t} are shown; search, filters and order apply to all of them.`,
		more: (e) => `Show ${e} more`,
		all: (e) => `Show all ${e}`
	},
	tiles: {
		sources: "sources",
		ok: "last harvest succeeded",
		failing: "last harvest failed",
		findings: "with findings",
		vanishing: "held or vanishing",
		never: "not harvested yet"
	},
	columns: {
		source: "Source",
		verdict: "Verdict",
		last: "Last harvest",
		items: "Items",
		history: "Last 30",
		next: "Next run",
		findings: "Findings",
		dags: "DAGs"
	},
	sortBy: (e) => `Sort by ${e}`,
	historyOf: (e, t) => `${e} ${e === "1" ? "harvest" : "harvests"}, ${t} failed`,
	noHistory: "no history",
	finding: {
		failing: "failing",
		stuck: "stuck",
		silent: "silent",
		never_ran: "never harvested",
		shrunk: "lost items",
		newly_archived: "datasets archived",
		refused_scheduled: "refused, still scheduled",
		duplicate_url: "same URL twice",
		pending: "waits for review",
		inactive: "inactive",
		skipped: "items skipped",
		ownerless: "no owner",
		held: "held",
		vanishing: "vanishing",
		exposed: "next run archives at once"
	},
	isNew: "new",
	foundSince: "since",
	healthOf: (e) => `Health of ${e}`,
	checkedAt: "Checked",
	sourcesChecked: (e) => `${e} sources checked`,
	noFindings: "Nothing was found: all sources are well.",
	allSources: "All sources on the page Harvests",
	incomplete: "Not all was checked:",
	guardOf: (e) => `Guard of ${e}`,
	guardQuiet: "Nothing is missing, and nothing is held.",
	guard: {
		missing: (e, t) => `${e} of ${t} records are missing from the newest harvest.`,
		held: "Archiving is held: decide, then let the guard release it, or repair the catalogue.",
		overdue: "This hold is older than two weeks and waits for a decision.",
		mustHold: "Archiving should be held until a person has decided.",
		cannotHold: "It could not be held:",
		lifted: "The records are back: the hold was lifted.",
		expired: "The hold has expired: the next runs archive what is missing.",
		archivedFrom: "The portal archives from",
		willArchive: (e) => `${e} records`,
		records: (e, t) => `Missing records (${e} of ${t})`,
		archivedOn: "archived from",
		exposed: "The portal’s next run archives at once what it does not find. A loss there cannot be held afterwards:"
	},
	back: "All sources",
	history: "History",
	chart: "Items of each harvest, the newest on the right",
	findings: "Findings",
	dags: "DAGs",
	producers: "Run it",
	watchers: "Watch it",
	now: "Right now",
	nowState: {
		running: "runs",
		deferred: "waits",
		up_for_reschedule: "waits"
	},
	nowMore: (e) => `and ${e} more`,
	nowPart: "Only the first 100 tasks of this Airflow that run now were read.",
	wholePortal: "a whole portal",
	waitedFor: "waited for",
	asset: {
		notOurs: "This tab is about harvests. This asset is not a harvest source, so there is nothing to show.",
		many: "This asset is that of several sources. These have events of harvests:",
		nothingYet: "There is no event of a harvest on this asset yet. Events come once a DAG harvests with it as outlet, or watches it.",
		gone: "Airflow no longer has this asset."
	},
	noDags: "No DAG is tied to this source by an asset.",
	noHarvestsOfSource: "This Airflow has no harvest of this source yet.",
	verdictColumn: "Verdict",
	viewLatest: "Latest harvest",
	openTask: "task",
	openReport: "details",
	sourceMissing: "This Airflow does not know this source, or no longer.",
	refreshed: "As of",
	units: {
		s: "s",
		min: "min",
		h: "h",
		d: "d"
	},
	utc: "UTC"
}, we = {
	title: "Moissonnages",
	loading: "Chargement…",
	verdict: {
		success: "Réussi",
		failure: "En échec",
		none: "Pas encore moissonné",
		unknown: "Inconnu",
		running: "En cours",
		waiting: "En attente"
	},
	item: {
		done: "traités",
		failed: "en échec",
		skipped: "ignorés",
		archived: "archivés"
	},
	noItems: "Aucun élément",
	itemCounts: "Éléments de ce moissonnage",
	newlyArchived: (e) => `Parmi les archivés, ${e} l’ont été par ce moissonnage.`,
	source: "Source",
	previewOfConfig: "Aperçu d’une configuration",
	unnamed: "Source sans nom",
	sourcePage: "Source sur le portail",
	jobPage: "Moissonnage sur le portail",
	portal: "Portail",
	started: "Début",
	ended: "Fin",
	duration: "Durée",
	nextRun: "Prochain passage du portail",
	labelled: (e) => `${e} : `,
	cron: (e) => `Cron du portail : ${e} (lu en UTC).`,
	noNextRun: "Le portail n’a pas de planification pour cette source.",
	states: {
		pending: "attend l’équipe du portail",
		refused: "refusée par l’équipe du portail",
		inactive: "désactivée sur le portail"
	},
	job: "Moissonnage",
	how: "Origine",
	hows: {
		started: "lancé par cette tâche",
		attached: "rejoint en cours de route",
		waited: "attendu",
		watched: "surveillé",
		portal: "tel que le portail l’indique",
		previewed: "aperçu"
	},
	why: "Raison de l’échec",
	whatToDo: "Que faire\xA0:",
	failedItems: "Éléments en échec",
	shownOf: (e, t) => `${e} sur ${t} sont affichés ici ; les autres sont sur le portail.`,
	openRecord: "fiche",
	openDataset: "jeu de données",
	noIdentifier: "sans identifiant",
	jobErrors: "Erreurs du moissonnage",
	changes: "Ce qui a changé",
	comparedWith: "Par rapport au moissonnage précédent",
	noChanges: "Les nombres sont les mêmes qu’au moissonnage précédent.",
	change: {
		new: "Nouveaux",
		vanished: "Disparus",
		newly_archived: "Nouvellement archivés",
		newly_failing: "Nouveaux échecs",
		still_failing: "Toujours en échec",
		fixed: "Corrigés"
	},
	skipped: "Fiches ignorées",
	askedFor: "Fiches demandées",
	missing: "absentes",
	kinds: {
		timeout: "L’aperçu a pris trop de temps. Réessayez plus tard, ou demandez au responsable du catalogue pourquoi il est lent.",
		unfinished: "Le moissonnage n’est pas terminé. Consultez-le sur le portail.",
		unknown_status: "Le moissonnage s’est terminé dans un état inconnu de cette version. Consultez-le sur le portail.",
		remote_unreachable: "Le portail n’a pas pu joindre le catalogue. Vérifiez que son serveur fonctionne et accepte les requêtes du portail, puis relancez la tâche.",
		job: "Le portail n’a pas pu récupérer ou lire le catalogue. Corrigez l’URL de la source ou le catalogue, puis relancez la tâche.",
		remote_ids: "Des fiches demandées n’ont pas été moissonnées. Leur sort est indiqué plus bas.",
		unreadable: "La réponse n’était pas un catalogue complet. Ouvrez l’URL de la source et vérifiez qu’elle le renvoie en entier.",
		skipped: "Le portail a ignoré des fiches, le plus souvent sans dct:identifier. Ajoutez-le au catalogue, puis relancez la tâche.",
		items: "Corrigez les fiches en échec dans le catalogue, puis relancez la tâche.",
		empty: "Moins de fiches que demandé ont été moissonnées. Vérifiez que le catalogue est complet.",
		loss: "Il manque trop de ce qui était là auparavant. Vérifiez que le catalogue est complet, puis relancez la tâche. Si la perte est voulue, acceptez-la : après un moissonnage avec la garde par airflow-harvest guard release, sinon avec un max_drop_ratio plus élevé.",
		job_errors: "Le moissonnage est peut-être incomplet. Lisez les erreurs plus bas."
	},
	advice: {
		redirect: "L’URL de la source redirige, ce que ce portail refuse\xA0: indiquez l’URL finale.",
		otherOwner: "Le jeu de données appartient à une autre organisation\xA0: demandez son transfert à l’équipe du portail, ou retirez la fiche.",
		sameIdentifier: "Cet identifiant figure deux fois dans le catalogue\xA0: donnez à chaque fiche son propre dct:identifier.",
		noIdentifier: "Ajoutez un dct:identifier à la fiche.",
		noTitle: "Ajoutez un titre à la fiche.",
		certificate: "Le portail refuse le certificat du serveur du catalogue\xA0: renouvelez-le, avec toute sa chaîne de certification.",
		cutShort: "Le portail a interrompu le moissonnage à sa propre limite\xA0: demandez à son équipe de la relever.",
		unreachable: "Le portail n’a pas pu joindre le catalogue\xA0: vérifiez que son serveur fonctionne et accepte les requêtes du portail.",
		notFound: "Cette adresse n’existe pas sur le serveur du catalogue\xA0: corrigez l’URL de la source.",
		refused: "Le serveur du catalogue refuse le portail\xA0: autorisez-y son adresse IP ou son agent utilisateur.",
		serverError: "Le serveur du catalogue renvoie une erreur à cette adresse\xA0: ouvrez-la dans un navigateur et réparez le serveur.",
		privateAddress: "Le portail refuse les adresses de réseaux privés\xA0: donnez une URL publique à la source.",
		badValue: "La fiche contient une valeur que le portail refuse\xA0: corrigez-la dans le catalogue.",
		unreadableDate: "La fiche contient une date illisible pour le portail\xA0: écrivez-la sous la forme AAAA-MM-JJ."
	},
	notOurs: "Cet onglet concerne les moissonnages. Cette tâche n’en lance ni n’en attend aucun\xA0: il n’y a rien à afficher.",
	noResultYet: "Cette tâche de moissonnage n’a pas encore de résultat.",
	noResult: "Cette tâche s’est terminée sans résultat de moissonnage. Son journal dit pourquoi.",
	waitingFor: "Cette tâche attend un moissonnage. La page s’actualise automatiquement jusqu’à la fin.",
	runningNow: "Cette tâche est en cours. La page s’actualise automatiquement jusqu’à la fin.",
	latestMessages: "Derniers messages de cette tâche",
	since: "Depuis",
	taskState: "État de la tâche",
	reference: "Cet Airflow conserve les résultats ailleurs (XCom backend personnalisé) et seule une référence est lisible ici. Le journal de la tâche contient le résultat.",
	unreadable: "La tâche a laissé un résultat que cette page ne peut pas lire. Son journal le contient.",
	oldSchema: "Une version plus ancienne du provider a écrit ce résultat\xA0: certains détails manquent.",
	newSchema: "Une version plus récente du provider a écrit ce résultat\xA0: certains détails ne sont pas affichés. Mettez à jour le provider de l’api-server d’Airflow.",
	gone: "Airflow n’a plus cette exécution\xA0: elle a été supprimée ou purgée de sa base.",
	error: {
		0: "Airflow n’a pas répondu. Vérifiez votre connexion, puis rechargez.",
		401: "Votre session a expiré. Reconnectez-vous à Airflow.",
		403: "Votre compte Airflow n’a pas le droit de lire ceci. Demandez à un administrateur d’Airflow le droit de lire les XComs du DAG.",
		404: "Airflow ne trouve pas cet élément.",
		other: (e) => `Airflow a répondu par une erreur (${e}). Rechargez ; si l’erreur persiste, le journal d’Airflow en dit plus.`,
		script: "Cette page a rencontré une erreur et s’est arrêtée. Rechargez ; si l’erreur persiste, signalez-la avec le contenu de la console du navigateur."
	},
	partForbidden: {
		assets: "Votre compte Airflow n’a pas le droit de lire les assets\xA0: les moissonnages des DAGs d’autres personnes manquent ici.",
		results: "Votre compte Airflow n’a pas le droit de lire les XComs\xA0: les résultats des tâches sans outlets et les bilans de santé manquent ici."
	},
	partial: {
		assets: (e, t) => `Cet Airflow connaît ${t} sources ; les ${e} premières sont affichées.`,
		events: (e, t) => `Historique : les ${e} derniers événements sur ${t} ont été lus.`,
		listed: (e, t) => `Le portail a ${t} sources ; sa surveillance en liste les ${e} premières.`
	},
	reload: "Recharger",
	empty: {
		title: "Aucun moissonnage pour l’instant",
		text: "Cette page montre chaque source d’un portail dès qu’un DAG de cet Airflow l’a moissonnée ou surveillée. Pour la remplir\xA0:",
		watch: "lancez une fois le DAG harvest_portal_watch (sans clé d’API) pour voir l’état de toutes les sources de votre portail ;",
		outlets: "ou donnez outlets=[harvest_asset(…)] à vos tâches, pour que chaque moissonnage soit conservé comme événement ;",
		trigger: "ou surveillez tout un portail avec HarvestJobEventTrigger.",
		examples: "Les DAGs d’exemple du provider montrent chacun de ces cas."
	},
	noMatch: "Aucune source ne correspond à ces filtres.",
	clearFilters: "Effacer les filtres",
	search: "Chercher une source",
	searchHint: "Nom, organisation, identifiant",
	filterVerdict: "Dernier verdict",
	filterPortal: "Portail",
	filterAttention: "À surveiller",
	all: "Tous",
	shown: (e, t) => `${e} sources sur ${t}`,
	rows: {
		part: (e, t) => `Les ${e} premières sur ${t} sont affichées ; la recherche, les filtres et le tri portent sur toutes.`,
		more: (e) => `Afficher ${e} de plus`,
		all: (e) => `Afficher les ${e}`
	},
	tiles: {
		sources: "sources",
		ok: "dernier moissonnage réussi",
		failing: "dernier moissonnage en échec",
		findings: "avec des constats",
		vanishing: "archivage suspendu ou imminent",
		never: "pas encore moissonnées"
	},
	columns: {
		source: "Source",
		verdict: "Verdict",
		last: "Dernier moissonnage",
		items: "Éléments",
		history: "30 derniers",
		next: "Prochain",
		findings: "Constats",
		dags: "DAGs"
	},
	sortBy: (e) => `Trier par ${e}`,
	historyOf: (e, t) => `${e} ${e === "1" ? "moissonnage" : "moissonnages"}, dont ${t} en échec`,
	noHistory: "pas d’historique",
	finding: {
		failing: "en échec",
		stuck: "bloquée",
		silent: "silencieuse",
		never_ran: "jamais moissonnée",
		shrunk: "éléments perdus",
		newly_archived: "jeux de données archivés",
		refused_scheduled: "refusée, mais planifiée",
		duplicate_url: "URL en double",
		pending: "en attente de validation",
		inactive: "inactive",
		skipped: "fiches ignorées",
		ownerless: "sans propriétaire",
		held: "archivage suspendu",
		vanishing: "menacée d’archivage",
		exposed: "archivage immédiat au prochain passage"
	},
	isNew: "nouveau",
	foundSince: "depuis le",
	healthOf: (e) => `Santé de ${e}`,
	checkedAt: "Vérifié le",
	sourcesChecked: (e) => `${e} sources vérifiées`,
	noFindings: "Rien à signaler\xA0: toutes les sources vont bien.",
	allSources: "Toutes les sources, page Moissonnages",
	incomplete: "Tout n’a pas été vérifié\xA0:",
	guardOf: (e) => `Garde de ${e}`,
	guardQuiet: "Rien ne manque, et aucun archivage n’est suspendu.",
	guard: {
		missing: (e, t) => `${e} fiches sur ${t} sont absentes du dernier moissonnage.`,
		held: "L’archivage est suspendu\xA0: décidez, puis faites lever la suspension par la garde, ou réparez le catalogue.",
		overdue: "Cette suspension a plus de deux semaines et attend une décision.",
		mustHold: "L’archivage devrait être suspendu jusqu’à la décision d’une personne.",
		cannotHold: "Il n’a pas pu être suspendu\xA0:",
		lifted: "Les fiches sont de retour\xA0: la suspension est levée.",
		expired: "La suspension a expiré\xA0: les prochains passages archiveront ce qui manque.",
		archivedFrom: "Le portail archive à partir du",
		willArchive: (e) => `${e} fiches`,
		records: (e, t) => `Fiches manquantes (${e} sur ${t})`,
		archivedOn: "archivée à partir du",
		exposed: "Le prochain passage du portail archivera aussitôt ce qu’il ne trouve pas, et il sera trop tard pour suspendre l’archivage\xA0:"
	},
	back: "Toutes les sources",
	history: "Historique",
	chart: "Éléments de chaque moissonnage, le plus récent à droite",
	findings: "Constats",
	dags: "DAGs",
	producers: "DAGs qui la moissonnent",
	watchers: "DAGs qui la surveillent",
	now: "En ce moment",
	nowState: {
		running: "en cours",
		deferred: "en attente",
		up_for_reschedule: "en attente"
	},
	nowMore: (e) => `et ${e} de plus`,
	nowPart: "Seules les 100 premières tâches en cours de cet Airflow ont été lues.",
	wholePortal: "un portail entier",
	waitedFor: "attendue",
	asset: {
		notOurs: "Cet onglet concerne les moissonnages. Cet asset n’est pas une source de moissonnage\xA0: il n’y a rien à afficher.",
		many: "Cet asset représente plusieurs sources. Voici celles dont un moissonnage a été signalé\xA0:",
		nothingYet: "Aucun moissonnage n’a encore été signalé par cet asset. Les événements arrivent dès qu’un DAG moissonne en l’ayant pour outlet, ou le surveille.",
		gone: "Airflow ne connaît plus cet asset."
	},
	noDags: "Aucun DAG n’est lié à cette source par un asset.",
	noHarvestsOfSource: "Cet Airflow n’a encore aucun moissonnage de cette source.",
	verdictColumn: "Verdict",
	viewLatest: "Dernier moissonnage",
	openTask: "tâche",
	openReport: "détails",
	sourceMissing: "Cet Airflow ne connaît pas, ou plus, cette source.",
	refreshed: "Actualisé le",
	units: {
		s: "s",
		min: "min",
		h: "h",
		d: "j"
	},
	utc: "UTC"
};
// src/words/index.ts
function Te(e) {
	let t = e.find((e) => /^(fr|en)\b/i.test(e)) ?? "en";
	return /^fr/i.test(t) ? Ee(t, we) : Ee(t, Ce);
}
function Ee(e, t) {
	let n = new Intl.NumberFormat(e), r = new Intl.DateTimeFormat(e, {
		dateStyle: "medium",
		timeStyle: "short"
	}), i = new Intl.DateTimeFormat(e, {
		dateStyle: "medium",
		timeStyle: "medium",
		timeZone: "UTC"
	}), a = new Intl.RelativeTimeFormat(e, {
		numeric: "auto",
		style: "short"
	});
	return {
		code: e.slice(0, 2).toLowerCase(),
		words: t,
		number: (e) => n.format(e),
		moment: (e) => r.format(e),
		utc: (e) => `${i.format(e)} ${t.utc}`,
		ago: (e, t) => {
			let [n, r] = De((e.getTime() - t.getTime()) / 1e3);
			return a.format(n, r);
		},
		duration: (e) => Oe(e, t)
	};
}
function De(e) {
	let t = Math.abs(e);
	return t < 60 ? [Math.round(e), "second"] : t < 3600 ? [Math.round(e / 60), "minute"] : t < 172800 ? [Math.round(e / 3600), "hour"] : [Math.round(e / 86400), "day"];
}
function Oe(e, { units: t }) {
	let n = Math.max(0, Math.round(e));
	return n < 60 ? `${n} ${t.s}` : n < 3600 ? ke(Math.floor(n / 60), t.min, n % 60, t.s) : n < 86400 ? ke(Math.floor(n / 3600), t.h, Math.floor(n % 3600 / 60), t.min) : ke(Math.floor(n / 86400), t.d, Math.floor(n % 86400 / 3600), t.h);
}
function ke(e, t, n, r) {
	return n ? `${e} ${t} ${n} ${r}` : `${e} ${t}`;
}
function C(e) {
	if (typeof e != "string" || !e) return null;
	let t = new Date(/[zZ]|[+-]\d\d:?\d\d$/.test(e) ? e : `${e}Z`);
	return Number.isNaN(t.getTime()) ? null : t;
}
var w = Te(typeof navigator > "u" ? ["en"] : navigator.languages), Ae = [
	[0, 59],
	[0, 23],
	[1, 31],
	[1, 12],
	[0, 6]
], je = [
	"jan",
	"feb",
	"mar",
	"apr",
	"may",
	"jun",
	"jul",
	"aug",
	"sep",
	"oct",
	"nov",
	"dec"
], Me = [
	"sun",
	"mon",
	"tue",
	"wed",
	"thu",
	"fri",
	"sat"
], Ne = 1830, T = 864e5;
function Pe(e, t) {
	let n = (e ?? "").trim().split(/\s+/);
	if (n.length !== Ae.length) return null;
	let r = n.map((e, t) => Ie(e, ...Ae[t]));
	if (r.some((e) => e === null)) return null;
	let [i, a, o, s, c] = r, l = [...a].sort(Fe).flatMap((e) => [...i].sort(Fe).map((t) => (e * 60 + t) * 6e4)), u = Math.floor(t.getTime() / T) * T;
	for (let e = u; e < u + Ne * T; e += T) {
		let n = new Date(e);
		if (!s.has(n.getUTCMonth() + 1) || !o.has(n.getUTCDate()) || !c.has(n.getUTCDay())) continue;
		let r = l.find((n) => e + n > t.getTime());
		if (r !== void 0) return new Date(e + r);
	}
	return null;
}
function Fe(e, t) {
	return e - t;
}
function Ie(e, t, n) {
	let r = /* @__PURE__ */ new Set();
	for (let i of e.split(",")) {
		let e = /^(?:\*|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(i);
		if (!e) return null;
		let [, a, o, s] = e;
		if (s !== void 0 && (Number(s) < 1 || a !== void 0 && o === void 0)) return null;
		let c = a === void 0 ? t : Le(a), l = a === void 0 ? n : o === void 0 ? c : Le(o);
		if (![c, l].every((e) => e >= t && e <= n)) return null;
		(c <= l ? Re(c, l) : [...Re(c, n), ...Re(t, l)]).filter((e, t) => t % Number(s ?? 1) === 0).forEach((e) => r.add(e));
	}
	return r;
}
function Le(e) {
	if (/^\d+$/.test(e)) return Number(e);
	let t = e.slice(0, 3).toLowerCase(), n = je.indexOf(t);
	return n >= 0 ? n + 1 : Me.indexOf(t);
}
function Re(e, t) {
	return Array.from({ length: t - e + 1 }, (t, n) => e + n);
}
// src/model/sources.ts
var ze = {
	assets: [],
	events: [],
	results: [],
	reports: [],
	listings: [],
	now: []
};
function E(e) {
	return e.replace(/^[a-z]+:\/\//i, "").replace(/\/+$/, "").toLowerCase();
}
function D(e) {
	let t = /^harvest:\/\/(.+)\/source\/([0-9a-f]{24})\/?$/i.exec(e);
	return t?.[1] && t[2] ? {
		place: E(t[1]),
		id: t[2].toLowerCase()
	} : null;
}
function Be(e) {
	let t = /^harvest:\/\/(.+)$/i.exec(e);
	return t?.[1] && !/\/(source|organization)\//i.test(t[1]) ? E(t[1]) : null;
}
function O(e, t = /* @__PURE__ */ new Date()) {
	let n = /* @__PURE__ */ new Map(), r = (e, t) => {
		let r = `${E(e)}/${t}`, i = n.get(r);
		return i || (i = {
			key: r,
			portal: E(e),
			id: t,
			name: null,
			organization: null,
			adminUrl: null,
			assetIds: [],
			history: [],
			verdict: "none",
			findings: [],
			state: null,
			schedule: null,
			nextRun: null,
			runBy: [],
			followedBy: [],
			now: []
		}, n.set(r, i)), i;
	};
	for (let t of e.assets) We(t, r);
	for (let t of e.events) Ge(t, r);
	for (let { harvest: t, at: n, task: i } of e.results) if (t.sourceId && t.portal && t.how !== "previewed") {
		let e = r(t.portal, t.sourceId);
		e.history.push({
			...t,
			at: C(t.ended ?? n),
			task: i
		}), A(t.how === "waited" ? e.followedBy : e.runBy, i.dagId);
	}
	for (let t of e.reports) for (let e of t.findings) {
		let n = r(e.portal, e.sourceId);
		n.findings.push({
			...e,
			task: t.task
		}), A(n.followedBy, t.task.dagId);
	}
	for (let t of e.listings) Ve(t, r);
	for (let t of e.assets) He(t, n);
	for (let e of n.values()) Ke(e, t);
	for (let t of e.now) Ue(t, n);
	return [...n.values()];
}
function Ve(e, t) {
	for (let n of e.sources) {
		let r = t(e.portal, n.id);
		r.name ??= n.name, r.organization ??= n.organization, r.state ??= n.state, r.schedule ??= n.schedule, A(r.followedBy, e.task.dagId), n.last && r.history.push({
			...n.last,
			at: C(n.last.ended ?? n.last.started),
			task: null
		});
	}
}
function He(e, t) {
	let n = Be(e.uri);
	if (n !== null && e.scheduled_dags?.length) {
		for (let r of t.values()) if (r.portal === n) for (let t of e.scheduled_dags) A(r.followedBy, t.dag_id);
	}
}
function Ue(e, t) {
	let n = e.sourceId?.toLowerCase();
	for (let r of t.values()) r.id === n && r.now.push(e);
}
function We(e, t) {
	let n = D(e.uri);
	if (!n) return;
	let r = t(n.place, n.id);
	r.assetIds.push(e.id);
	for (let t of e.producing_tasks ?? []) A(r.runBy, t.dag_id);
	for (let t of e.scheduled_dags ?? []) A(r.followedBy, t.dag_id);
	for (let t of e.consuming_tasks ?? []) A(r.followedBy, t.dag_id);
}
function Ge(e, t) {
	let n = _(e.extra), r = D(e.uri ?? ""), i = n?.portal || r?.place, a = n?.sourceId ?? r?.id;
	if (!n || !i || !a) return;
	let o = e.source_dag_id && e.source_run_id && e.source_task_id ? {
		dagId: e.source_dag_id,
		runId: e.source_run_id,
		taskId: e.source_task_id,
		mapIndex: e.source_map_index ?? -1
	} : null;
	t(i, a).history.push({
		...n,
		at: C(n.ended ?? e.timestamp),
		task: o
	});
}
function Ke(e, t) {
	let n = /* @__PURE__ */ new Map();
	for (let t of e.history.sort((e, t) => k(t) - k(e))) {
		let e = t.jobId ?? `${k(t)}`, r = n.get(e);
		(!r || qe(t) > qe(r)) && n.set(e, t);
	}
	e.history = [...n.values()].sort((e, t) => k(t) - k(e));
	let r = /* @__PURE__ */ new Set();
	e.findings = e.findings.filter((e) => {
		let t = !r.has(e.kind);
		return r.add(e.kind), t;
	});
	let i = [...e.history, ...e.findings];
	e.name = i.map((e) => e.sourceName).find(Boolean) ?? e.name, e.organization = i.map((e) => e.organization).find(Boolean) ?? e.organization, e.schedule ??= e.history.map((e) => e.schedule).find(Boolean) ?? null, e.nextRun = e.state !== null && e.state !== "accepted" ? null : Pe(e.schedule, t), e.adminUrl = e.findings.map((e) => e.adminUrl).find(Boolean) ?? null, e.verdict = e.history[0] ? e.history[0].outcome ?? "unknown" : "none", !e.history.length && e.findings.some((e) => e.kind === "failing") && (e.verdict = "failure");
}
function qe(e) {
	return e.task ? 2 : e.how === "portal" ? 0 : 1;
}
function k(e) {
	return e.at?.getTime() ?? 0;
}
function A(e, t) {
	e.includes(t) || e.push(t);
}
var Je = {
	text: "",
	verdict: "",
	portal: "",
	finding: "",
	attention: !1
};
function Ye(e) {
	return e.verdict === "failure" || e.findings.length > 0;
}
function Xe(e, t, n, r) {
	let i = nt(t.text).split(/\s+/).filter(Boolean), a = e.filter((e) => (!t.verdict || e.verdict === t.verdict) && (!t.portal || e.portal === t.portal) && (!t.finding || e.findings.some((e) => e.kind === t.finding)) && (!t.attention || Ye(e)) && i.every((t) => nt(`${e.name ?? ""} ${e.organization ?? ""} ${e.id} ${e.portal}`).includes(t))), o = new Intl.Collator(r, {
		numeric: !0,
		sensitivity: "base"
	}), s = (e, t) => o.compare(tt(e), tt(t)), c = n.descending ? -1 : 1;
	return a.sort((e, t) => c * Qe(e, t, n.column, s) || s(e, t));
}
var Ze = {
	failure: 0,
	unknown: 1,
	none: 2,
	success: 3
};
function Qe(e, t, n, r) {
	return n === "verdict" ? $e(e) - $e(t) : n === "last" ? et(e) - et(t) : n === "items" ? (e.history[0]?.total ?? -1) - (t.history[0]?.total ?? -1) : n === "next" ? (e.nextRun?.getTime() ?? Infinity) - (t.nextRun?.getTime() ?? Infinity) || 0 : n === "findings" ? e.findings.length - t.findings.length : r(e, t);
}
function $e(e) {
	return Ze[e.verdict] + (e.findings.length ? 0 : .5);
}
function et(e) {
	return e.history[0]?.at?.getTime() ?? 0;
}
function tt(e) {
	return e.name ?? `\uffff${e.id}`;
}
function nt(e) {
	return e.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
// src/safe.ts
var rt = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/g, it = 500;
function j(e, t = it) {
	if (e == null) return "";
	let n = (typeof e == "string" ? e : typeof e == "object" ? JSON.stringify(e) : String(e)).replace(rt, " ").trim();
	return n.length > t ? `${n.slice(0, t - 1)}…` : n;
}
function at(e) {
	if (typeof e != "string") return null;
	try {
		let t = new URL(e.trim());
		return (t.protocol === "https:" || t.protocol === "http:") && !t.username && !t.password ? t.href : null;
	} catch {
		return null;
	}
}
// src/style.css?inline
var ot = ".hv{--hv-bg:var(--chakra-colors-bg,Canvas);--hv-fg:var(--chakra-colors-fg,CanvasText);--hv-muted:var(--chakra-colors-fg-muted,GrayText);--hv-line:var(--chakra-colors-border,#d4d4d8);--hv-soft:color-mix(in srgb, var(--hv-fg) 5%, transparent);--hv-good:var(--chakra-colors-green-fg,#116932);--hv-good-soft:var(--chakra-colors-green-subtle,#dcfce7);--hv-good-solid:var(--chakra-colors-green-solid,#16a34a);--hv-bad:var(--chakra-colors-red-fg,#991919);--hv-bad-soft:var(--chakra-colors-red-subtle,#fee2e2);--hv-bad-solid:var(--chakra-colors-red-solid,#dc2626);--hv-warn:var(--chakra-colors-orange-fg,#92310a);--hv-warn-soft:var(--chakra-colors-orange-subtle,#ffedd5);--hv-warn-solid:var(--chakra-colors-orange-solid,#ea580c);--hv-calm-soft:color-mix(in srgb, var(--hv-fg) 10%, transparent);--hv-calm-solid:color-mix(in srgb, var(--hv-fg) 35%, transparent);--hv-busy:var(--chakra-colors-blue-fg,#173da6);--hv-busy-soft:var(--chakra-colors-blue-subtle,#dbeafe);--hv-link:var(--chakra-colors-blue-fg,#173da6);--hv-focus:var(--chakra-colors-blue-focus-ring,#3b82f6);color:var(--hv-fg);max-width:90rem;height:100%;padding:1rem;font-size:.875rem;line-height:1.5;overflow:auto;container-type:inline-size}.hv time{white-space:nowrap}.hv h1{overflow-wrap:anywhere;margin:0;font-size:1.375rem;font-weight:600;line-height:1.3}.hv h2{overflow-wrap:anywhere;min-width:0;margin:0;font-size:1.125rem;font-weight:600}.hv h3{overflow-wrap:anywhere;min-width:0;margin:0;font-size:.9375rem;font-weight:600}.hv .hv-card>h2{margin:0 0 .5rem;font-size:.9375rem}.hv p{margin:0 0 .5rem}.hv ul,.hv ol{margin:0;padding:0;list-style:none}.hv code{font-family:var(--chakra-fonts-mono,monospace);overflow-wrap:anywhere;font-size:.92em}.hv :focus-visible{outline:2px solid var(--hv-focus);outline-offset:2px;border-radius:3px}.hv h1:focus-visible{outline:none}.hv-muted,.hv .hv-sub{color:var(--hv-muted)}.hv-hidden{clip-path:inset(50%);white-space:nowrap;width:1px;height:1px;position:absolute;overflow:hidden}.hv-right{margin-inline-start:auto}.hv-text-bad{color:var(--hv-bad)}.hv-foreign{overflow-wrap:anywhere}.hv-link{color:var(--hv-link);text-underline-offset:.25em;text-decoration:underline}.hv-link:hover{text-decoration-thickness:2px}.hv-head{flex-wrap:wrap;align-items:center;gap:.5rem .75rem;margin-bottom:.75rem;display:flex}.hv-links{flex-wrap:wrap;gap:.25rem 1rem;margin-inline-start:auto;display:flex}.hv-button{border:1px solid var(--hv-line);background:var(--hv-bg);color:var(--hv-fg);cursor:pointer;border-radius:6px;padding:.125rem .625rem;font-size:.8125rem}.hv-button:hover{background:var(--hv-soft)}.hv-button:disabled{opacity:.6;cursor:default}.hv-notice{border-inline-start:3px solid;border-radius:4px;margin-bottom:.75rem;padding:.5rem .75rem}.hv-info{border-color:var(--hv-busy);background:var(--hv-busy-soft)}.hv-warn{border-color:var(--hv-warn-solid);background:var(--hv-warn-soft)}.hv-bad{border-color:var(--hv-bad-solid);background:var(--hv-bad-soft)}.hv-badge{white-space:nowrap;border-radius:999px;align-items:center;gap:.3rem;margin:1px 2px 1px 0;padding:.0625rem .5rem;font-size:.8125rem;font-weight:500;display:inline-flex}.hv-mark{font-weight:700}.hv-tone-good{color:var(--hv-good);background:var(--hv-good-soft)}.hv-tone-bad{color:var(--hv-bad);background:var(--hv-bad-soft)}.hv-tone-warn{color:var(--hv-warn);background:var(--hv-warn-soft)}.hv-tone-calm{color:var(--hv-fg);background:var(--hv-calm-soft)}.hv-tone-busy{color:var(--hv-busy);background:var(--hv-busy-soft)}.hv-new{color:var(--hv-bad);font-weight:600}.hv-card{border:1px solid var(--hv-line);background:var(--hv-bg);border-radius:8px;margin-bottom:.75rem;padding:.875rem 1rem}.hv-edge-good{border-inline-start:4px solid var(--hv-good-solid)}.hv-edge-bad{border-inline-start:4px solid var(--hv-bad-solid)}.hv-edge-warn{border-inline-start:4px solid var(--hv-warn-solid)}.hv-nested{margin-top:1rem}.hv .hv-list li{overflow-wrap:anywhere;padding:.25rem 0}.hv .hv-list li+li{border-top:1px solid var(--hv-line)}.hv-facts{grid-template-columns:repeat(auto-fill,minmax(13rem,1fr));gap:.5rem 1rem;margin:.75rem 0 0;display:grid}.hv-facts dt{color:var(--hv-muted);font-size:.8125rem}.hv-facts dd{overflow-wrap:anywhere;margin:0}.hv-advice{background:var(--hv-soft);border-radius:4px;margin:.25rem 0 .5rem;padding:.375rem .625rem}.hv-group{padding:.375rem 0}.hv-group+.hv-group{border-top:1px solid var(--hv-line)}.hv-group summary{cursor:pointer;overflow-wrap:anywhere}.hv-group .hv-list{padding-inline-start:1.25rem}.hv-count{white-space:nowrap;font-weight:600}.hv .hv-log{margin-top:.75rem}.hv .hv-log li{overflow-wrap:anywhere;padding:.125rem 0}.hv .hv-log li:last-child{font-weight:600}.hv-items{margin:0}.hv-bar{background:var(--hv-calm-soft);border-radius:3px;gap:1px;height:6px;display:flex;overflow:hidden}.hv-bar span{min-width:3px}.hv-bar-large{border-radius:5px;height:18px;margin-bottom:.5rem}.hv .hv-legend{flex-wrap:wrap;gap:.25rem 1.25rem;display:flex}.hv-zero{color:var(--hv-muted)}.hv-dot{border-radius:2px;width:10px;height:10px;margin-inline-end:.25rem;display:inline-block}.hv-fill-done{background:var(--hv-good-solid)}.hv-fill-failed{background:var(--hv-bad-solid)}.hv-fill-skipped{background:var(--hv-calm-solid)}.hv-fill-archived{background:var(--hv-warn-solid)}.hv-svg-done,.hv-path-good{fill:var(--hv-good-solid)}.hv-svg-failed,.hv-path-bad{fill:var(--hv-bad-solid)}.hv-svg-skipped{fill:var(--hv-calm-solid)}.hv-svg-archived{fill:var(--hv-warn-solid)}.hv-smallbar{min-width:6rem;max-width:11rem}.hv-numbers{white-space:nowrap;font-variant-numeric:tabular-nums}.hv-spark{display:block}.hv-chart{width:100%;max-height:15rem;margin-bottom:.75rem}.hv-grid{stroke:var(--hv-line);stroke-width:1px}.hv-axis{fill:var(--hv-muted);font-size:11px}.hv-cross{fill:var(--hv-bad);font-size:11px;font-weight:700}.hv .hv-tiles{grid-template-columns:repeat(auto-fit,minmax(8rem,1fr));gap:.5rem;margin-bottom:.75rem;display:grid}.hv .hv-tiles li{border:1px solid var(--hv-line);color:var(--hv-muted);background:var(--hv-bg);border-radius:8px;padding:.5rem .75rem}.hv .hv-tiles .hv-edge-good{border-inline-start:4px solid var(--hv-good-solid)}.hv .hv-tiles .hv-edge-bad{border-inline-start:4px solid var(--hv-bad-solid)}.hv .hv-tiles .hv-edge-warn{border-inline-start:4px solid var(--hv-warn-solid)}.hv-tiles strong{color:var(--hv-fg);font-size:1.375rem;line-height:1.3;display:block}.hv-filters{flex-wrap:wrap;align-items:end;gap:.5rem .75rem;margin-bottom:.5rem;display:flex}.hv-filters label>span{color:var(--hv-muted);font-size:.8125rem;display:block}.hv-filters input[type=search],.hv-filters select{border:1px solid var(--hv-line);background:var(--hv-bg);color:var(--hv-fg);border-radius:6px;min-width:11rem;height:2.125rem;padding:.25rem .5rem}.hv-filters input[type=search]{min-width:17rem}.hv-filters .hv-check{align-items:center;gap:.375rem;padding-bottom:.3rem;display:flex}.hv-filters .hv-check span{color:var(--hv-fg);font-size:.875rem}.hv-table{border-collapse:collapse;width:100%}.hv-table th,.hv-table td{text-align:start;vertical-align:middle;border-bottom:1px solid var(--hv-line);padding:.375rem .625rem;font-weight:400}.hv-table thead th{color:var(--hv-muted);white-space:nowrap;background:var(--hv-soft);font-size:.8125rem;font-weight:600}.hv-table thead button{font:inherit;color:inherit;cursor:pointer;background:0 0;border:0;padding:0}.hv-table tbody th{min-width:13rem}.hv-table tbody tr:hover{background:var(--hv-soft)}.hv .hv-more{color:var(--hv-muted);margin:.75rem 0}.hv-open{color:var(--hv-link);cursor:pointer;text-align:start;overflow-wrap:anywhere;background:0 0;border:0;padding:0;font-weight:600;display:block}.hv-open:hover{text-decoration:underline}.hv-sub{font-size:.8125rem;display:block}.hv-dags{overflow-wrap:anywhere;min-width:9.5rem;font-size:.8125rem;display:block}.hv-small{font-size:.8125rem}.hv-empty{border:1px dashed var(--hv-line);border-radius:8px;max-width:42rem;padding:1.25rem 1.5rem}.hv-empty h2{margin-bottom:.5rem}.hv .hv-empty ul{margin-bottom:.5rem;padding-inline-start:1.25rem;list-style:outside}@container (width<=46rem){.hv-table thead{clip-path:inset(50%);width:1px;height:1px;position:absolute;overflow:hidden}.hv-table,.hv-table tbody,.hv-table tr,.hv-table tbody th,.hv-table td{display:block}.hv-table tr{border:1px solid var(--hv-line);border-radius:8px;margin-bottom:.5rem;padding:.375rem .25rem}.hv-table tbody th,.hv-table td{border:0;min-width:0;padding:.1875rem .5rem}.hv-table td{flex-wrap:wrap;align-items:center;gap:.5rem;display:flex}.hv-table td:before{content:attr(data-label);color:var(--hv-muted);flex:0 0 6.5rem;font-size:.8125rem}.hv-filters input[type=search],.hv-filters select{width:100%;min-width:0}.hv-filters label{flex:10rem}}", { words: st } = w;
function ct({ children: e, label: t }) {
	return /* @__PURE__ */ React.createElement("section", {
		className: "hv",
		lang: w.code,
		"aria-label": t
	}, /* @__PURE__ */ React.createElement("style", null, ot), /* @__PURE__ */ React.createElement(lt, null, e));
}
var lt = class extends React.Component {
	state = { broken: !1 };
	static getDerivedStateFromError() {
		return { broken: !0 };
	}
	componentDidCatch(e) {
		console.error("harvest pages:", e);
	}
	render() {
		return this.state.broken ? /* @__PURE__ */ React.createElement(M, { kind: "bad" }, st.error.script) : this.props.children;
	}
};
function M({ kind: e, children: t }) {
	return /* @__PURE__ */ React.createElement("div", {
		className: `hv-notice hv-${e}`,
		role: e === "bad" ? "alert" : "status"
	}, t);
}
function N({ to: e, children: t }) {
	let n = at(e);
	return n ? /* @__PURE__ */ React.createElement("a", {
		className: "hv-link",
		href: n,
		target: "_blank",
		rel: "noopener noreferrer"
	}, t, /* @__PURE__ */ React.createElement("span", { "aria-hidden": "true" }, " ↗")) : /* @__PURE__ */ React.createElement(React.Fragment, null, t);
}
function P({ value: e, ago: t = !1, now: n }) {
	let r = e instanceof Date ? e : C(e);
	if (!r) return /* @__PURE__ */ React.createElement(React.Fragment, null, "—");
	let i = t ? w.ago(r, n ?? /* @__PURE__ */ new Date()) : w.moment(r), a = t ? `${w.moment(r)} · ${w.utc(r)}` : w.utc(r);
	return /* @__PURE__ */ React.createElement("time", {
		dateTime: r.toISOString(),
		title: a
	}, i);
}
function ut({ schedule: e, next: t, ago: n = !1, now: r }) {
	if (!e) return /* @__PURE__ */ React.createElement("span", { title: st.noNextRun }, "—");
	if (!t) return /* @__PURE__ */ React.createElement(R, { longest: 40 }, e);
	let i = n ? w.ago(t, r ?? /* @__PURE__ */ new Date()) : w.moment(t), a = `${w.moment(t)} · ${w.utc(t)} · ${st.cron(j(e, 40))}`;
	return /* @__PURE__ */ React.createElement("time", {
		dateTime: t.toISOString(),
		title: a
	}, i);
}
function F({ path: e, children: t }) {
	return /* @__PURE__ */ React.createElement("a", {
		className: "hv-link",
		href: new URL(e, document.baseURI).href
	}, t);
}
var dt = {
	good: "✓",
	bad: "✕",
	warn: "!",
	calm: "–",
	busy: "…"
};
function I({ tone: e, children: t, title: n }) {
	return /* @__PURE__ */ React.createElement("span", {
		className: `hv-badge hv-tone-${e}`,
		title: n
	}, /* @__PURE__ */ React.createElement("span", {
		className: "hv-mark",
		"aria-hidden": "true"
	}, dt[e]), t);
}
function ft({ verdict: e }) {
	let t = e === "success" ? "good" : e === "failure" ? "bad" : "calm";
	return /* @__PURE__ */ React.createElement(I, { tone: t }, st.verdict[e]);
}
function L({ title: e, children: t, tone: n }) {
	return /* @__PURE__ */ React.createElement("section", { className: `hv-card ${n ? `hv-edge-${n}` : ""}` }, /* @__PURE__ */ React.createElement("h2", null, e), t);
}
function R({ children: e, longest: t }) {
	return /* @__PURE__ */ React.createElement("bdi", { className: "hv-foreign" }, j(e, t));
}
function pt({ rows: e }) {
	let t = e.filter(([, e]) => e != null && e !== "");
	return /* @__PURE__ */ React.createElement("dl", { className: "hv-facts" }, t.map(([e, t]) => /* @__PURE__ */ React.createElement("div", { key: e }, /* @__PURE__ */ React.createElement("dt", null, e), /* @__PURE__ */ React.createElement("dd", null, t))));
}
// src/parts/loading.tsx
var { words: z } = w;
function B(t, n, r) {
	let [i, a] = React.useState({
		key: t,
		value: null,
		error: null,
		isLoading: !0
	}), [o, s] = React.useState(0);
	React.useEffect(() => {
		let i = new AbortController(), o = 0;
		return a((e) => ({
			...e.key === t ? e : {
				key: t,
				value: null,
				error: null
			},
			isLoading: !0
		})), n(i.signal).then((e) => {
			if (i.signal.aborted) return;
			a({
				key: t,
				value: e,
				error: null,
				isLoading: !1
			});
			let n = r(e);
			n !== null && (o = window.setTimeout(() => s((e) => e + 1), n));
		}, (t) => {
			i.signal.aborted || (a((e) => ({
				...e,
				error: t,
				isLoading: !1
			})), t instanceof e || console.error("harvest pages:", t));
		}), () => {
			i.abort(), window.clearTimeout(o);
		};
	}, [t, o]);
	let c = i.key !== t;
	return {
		value: c ? null : i.value,
		error: c ? null : i.error,
		isLoading: c || i.isLoading,
		again: () => s((e) => e + 1)
	};
}
function V({ loading: e, notFound: t }) {
	return e.error === null ? /* @__PURE__ */ React.createElement("p", {
		className: "hv-muted",
		role: "status"
	}, z.loading) : /* @__PURE__ */ React.createElement(M, { kind: "bad" }, mt(e.error, t), " ", /* @__PURE__ */ React.createElement("button", {
		type: "button",
		className: "hv-button",
		onClick: e.again
	}, z.reload));
}
function mt(t, n) {
	return t instanceof e ? t.status === 404 && n ? n : t.status === 0 || t.status === 401 || t.status === 403 || t.status === 404 ? z.error[t.status] : z.error.other(String(t.status)) : z.error.script;
}
// src/parts/now.tsx
var { words: H } = w, ht = 8;
function gt({ tasks: e, sources: t, isPart: n }) {
	if (!e.length) return null;
	let r = /* @__PURE__ */ new Date(), i = new Map(t.map((e) => [e.id, e.name ?? e.id])), a = e.length - ht;
	return /* @__PURE__ */ React.createElement(L, { title: `${H.now} (${w.number(e.length)})` }, /* @__PURE__ */ React.createElement("ul", { className: "hv-list" }, e.slice(0, ht).map((e) => /* @__PURE__ */ React.createElement("li", { key: `${e.dagId} ${e.runId} ${e.taskId} ${e.mapIndex}` }, /* @__PURE__ */ React.createElement(I, { tone: "busy" }, H.nowState[e.state] ?? j(e.state, 40)), " ", /* @__PURE__ */ React.createElement(F, { path: c(e) }, `${j(e.dagId, 60)} · ${j(e.taskId, 60)}`), " ", /* @__PURE__ */ React.createElement(R, { longest: 90 }, e.sourceId ? i.get(e.sourceId.toLowerCase()) ?? e.sourceId : H.wholePortal), " ", /* @__PURE__ */ React.createElement("span", { className: "hv-muted" }, /* @__PURE__ */ React.createElement(P, {
		value: e.since,
		ago: !0,
		now: r
	}))))), a > 0 && /* @__PURE__ */ React.createElement("p", { className: "hv-muted" }, H.nowMore(w.number(a))), n && /* @__PURE__ */ React.createElement("p", { className: "hv-muted" }, H.nowPart));
}
// src/parts/items.tsx
var { words: U } = w;
function W(e) {
	let t = l.filter((t) => e.items[t] > 0);
	return t.length ? t.map((t) => `${w.number(e.items[t])} ${U.item[t]}`).join(", ") : U.noItems;
}
function _t({ harvest: e }) {
	let t = l.reduce((t, n) => t + e.items[n], 0);
	return /* @__PURE__ */ React.createElement("figure", { className: "hv-items" }, /* @__PURE__ */ React.createElement("div", {
		className: "hv-bar hv-bar-large",
		role: "img",
		"aria-label": W(e)
	}, t > 0 && /* @__PURE__ */ React.createElement(yt, { harvest: e })), /* @__PURE__ */ React.createElement("figcaption", null, /* @__PURE__ */ React.createElement("ul", { className: "hv-legend" }, l.map((t) => /* @__PURE__ */ React.createElement("li", {
		key: t,
		className: e.items[t] ? "" : "hv-zero"
	}, /* @__PURE__ */ React.createElement("span", {
		className: `hv-dot hv-fill-${t}`,
		"aria-hidden": "true"
	}), /* @__PURE__ */ React.createElement("strong", null, w.number(e.items[t])), " ", U.item[t])))));
}
function vt({ harvest: e }) {
	let { done: t, failed: n, archived: r } = e.items;
	return /* @__PURE__ */ React.createElement("div", {
		className: "hv-smallbar",
		title: W(e)
	}, /* @__PURE__ */ React.createElement("span", { className: "hv-numbers" }, w.number(t), n > 0 && /* @__PURE__ */ React.createElement("span", { className: "hv-text-bad" }, " · ", w.number(n), " ✕"), r > 0 && /* @__PURE__ */ React.createElement("span", { className: "hv-muted" }, " · ", w.number(r), " ⌫"), /* @__PURE__ */ React.createElement("span", { className: "hv-hidden" }, " (", W(e), ")")), /* @__PURE__ */ React.createElement("span", {
		className: "hv-bar",
		"aria-hidden": "true"
	}, /* @__PURE__ */ React.createElement(yt, { harvest: e })));
}
function yt({ harvest: e }) {
	return /* @__PURE__ */ React.createElement(React.Fragment, null, l.filter((t) => e.items[t] > 0).map((t) => /* @__PURE__ */ React.createElement("span", {
		key: t,
		className: `hv-fill-${t}`,
		style: { flexGrow: e.items[t] }
	})));
}
var bt = 30, xt = 4, St = 20;
function Ct({ history: e }) {
	let t = e.slice(0, bt).reverse();
	if (!t.length) return /* @__PURE__ */ React.createElement("span", { className: "hv-muted" }, U.noHistory);
	let n = Math.max(1, ...t.map((e) => e.total)), r = (e) => t.map((t, r) => {
		if (t.outcome === "success" !== e) return "";
		let i = Math.max(3, Math.round(t.total / n * St));
		return `M${r * xt + 1} ${St}v-${i}h3v${i}z`;
	}).join(""), i = t.filter((e) => e.outcome !== "success").length;
	return /* @__PURE__ */ React.createElement("svg", {
		className: "hv-spark",
		width: 121,
		height: St,
		role: "img",
		"aria-label": U.historyOf(w.number(t.length), w.number(i))
	}, /* @__PURE__ */ React.createElement("path", {
		className: "hv-path-good",
		d: r(!0)
	}), /* @__PURE__ */ React.createElement("path", {
		className: "hv-path-bad",
		d: r(!1)
	}));
}
var G = {
	width: 720,
	height: 160,
	left: 44,
	bottom: 22
};
function wt({ history: e }) {
	let t = e.slice(0, 60).reverse(), n = Math.max(1, ...t.map((e) => l.reduce((t, n) => t + e.items[n], 0))), r = {
		width: G.width - G.left,
		height: G.height - G.bottom - 8
	}, i = Math.min(28, r.width / Math.max(t.length, 1)), a = (e) => 8 + r.height * (1 - e / n), o = t[0]?.at, s = t[t.length - 1]?.at, c = G.width - i * t.length;
	return /* @__PURE__ */ React.createElement("svg", {
		className: "hv-chart",
		viewBox: `0 0 ${G.width} ${G.height}`,
		role: "img",
		"aria-label": U.chart
	}, [
		0,
		n / 2,
		n
	].map((e) => /* @__PURE__ */ React.createElement("g", { key: e }, /* @__PURE__ */ React.createElement("line", {
		className: "hv-grid",
		x1: G.left,
		x2: G.width,
		y1: a(e),
		y2: a(e)
	}), (e === n || e === 0 || n > 1) && /* @__PURE__ */ React.createElement("text", {
		className: "hv-axis",
		x: G.left - 6,
		y: a(e) + 4,
		textAnchor: "end"
	}, w.number(Math.round(e))))), t.map((e, t) => {
		let n = 0;
		return /* @__PURE__ */ React.createElement("g", { key: e.jobId ?? t }, /* @__PURE__ */ React.createElement("title", null, `${e.at ? w.moment(e.at) : "—"}: ${W(e)}`), l.map((r) => {
			let o = n;
			n += e.items[r];
			let s = a(o) - a(n);
			return s > 0 ? /* @__PURE__ */ React.createElement("rect", {
				key: r,
				className: `hv-svg-${r}`,
				x: c + t * i + 1,
				width: Math.max(1, i - 2),
				y: a(n),
				height: s
			}) : null;
		}), e.outcome === "failure" && /* @__PURE__ */ React.createElement("text", {
			className: "hv-cross",
			x: c + (t + .5) * i,
			y: Math.max(8, a(n) - 3),
			textAnchor: "middle"
		}, "✕"));
	}), o && s && t.length > 1 && /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("text", {
		className: "hv-axis",
		x: Math.min(c, G.width - 230),
		y: G.height - 4
	}, w.moment(o)), /* @__PURE__ */ React.createElement("text", {
		className: "hv-axis",
		x: G.width,
		y: G.height - 4,
		textAnchor: "end"
	}, w.moment(s))));
}
// src/parts/report.tsx
var { words: K } = w, Tt = /* @__PURE__ */ new Set([
	"failing",
	"stuck",
	"newly_archived",
	"vanishing"
]);
function Et(e) {
	return Tt.has(e) ? "bad" : "warn";
}
function Dt({ finding: e }) {
	return /* @__PURE__ */ React.createElement(I, {
		tone: Et(e.kind),
		title: j(e.detail)
	}, K.finding[e.kind] ?? j(e.kind, 40));
}
function Ot({ report: e, title: t, troubles: n }) {
	return /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("header", { className: "hv-head" }, /* @__PURE__ */ React.createElement(I, { tone: n ? "warn" : "good" }, w.number(n)), /* @__PURE__ */ React.createElement("h2", null, t)), /* @__PURE__ */ React.createElement("p", { className: "hv-muted" }, K.checkedAt, " ", /* @__PURE__ */ React.createElement(P, { value: e.at }), e.sources !== null && /* @__PURE__ */ React.createElement(React.Fragment, null, " · ", K.sourcesChecked(w.number(e.sources)))), e.incomplete && /* @__PURE__ */ React.createElement(M, { kind: "warn" }, K.incomplete, " ", /* @__PURE__ */ React.createElement(R, null, e.incomplete)));
}
function kt({ report: e, title: t, quiet: n }) {
	return /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement(Ot, {
		report: e,
		title: t,
		troubles: e.findings.length
	}), e.findings.length ? /* @__PURE__ */ React.createElement(L, { title: K.findings }, /* @__PURE__ */ React.createElement(At, {
		findings: e.findings,
		named: !0
	})) : /* @__PURE__ */ React.createElement(M, { kind: "info" }, n));
}
function At({ findings: e, named: t = !1 }) {
	return /* @__PURE__ */ React.createElement("ul", { className: "hv-list" }, e.map((e, n) => /* @__PURE__ */ React.createElement("li", { key: n }, /* @__PURE__ */ React.createElement(Dt, { finding: e }), " ", t && /* @__PURE__ */ React.createElement(N, { to: e.adminUrl }, /* @__PURE__ */ React.createElement(R, { longest: 120 }, e.sourceName ?? e.sourceId)), " ", /* @__PURE__ */ React.createElement(R, null, e.detail), " ", e.since && /* @__PURE__ */ React.createElement("span", { className: "hv-muted" }, K.foundSince, " ", /* @__PURE__ */ React.createElement(P, { value: e.since })), " ", e.isNew && /* @__PURE__ */ React.createElement("span", { className: "hv-new" }, K.isNew), " ", e.task && /* @__PURE__ */ React.createElement(F, { path: c(e.task) }, K.openReport))));
}
// src/views/SourcesTable.tsx
var { words: q } = w;
function jt({ sources: e, order: t, onSort: n, onOpen: r }) {
	let i = React.useMemo(() => /* @__PURE__ */ new Date(), [e]), [a, o] = React.useState(100), s = React.useRef(null);
	React.useEffect(() => o(100), [e]);
	let c = (t) => {
		let n = Math.min(a, e.length);
		o(t), requestAnimationFrame(() => s.current?.rows[n]?.querySelector("button")?.focus());
	}, l = (e) => {
		let r = t.column === e;
		return /* @__PURE__ */ React.createElement("th", {
			scope: "col",
			"aria-sort": r ? t.descending ? "descending" : "ascending" : void 0
		}, n ? /* @__PURE__ */ React.createElement("button", {
			type: "button",
			onClick: () => n(e),
			title: q.sortBy(q.columns[e])
		}, q.columns[e], /* @__PURE__ */ React.createElement("span", { "aria-hidden": "true" }, r ? t.descending ? " ↓" : " ↑" : "")) : q.columns[e]);
	};
	return /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("table", { className: "hv-table" }, /* @__PURE__ */ React.createElement("caption", { className: "hv-hidden" }, q.title), /* @__PURE__ */ React.createElement("thead", null, /* @__PURE__ */ React.createElement("tr", null, l("source"), l("verdict"), l("last"), l("items"), /* @__PURE__ */ React.createElement("th", { scope: "col" }, q.columns.history), l("next"), l("findings"), /* @__PURE__ */ React.createElement("th", { scope: "col" }, q.columns.dags))), /* @__PURE__ */ React.createElement("tbody", { ref: s }, e.slice(0, a).map((e) => /* @__PURE__ */ React.createElement(Nt, {
		key: e.key,
		source: e,
		now: i,
		onOpen: r
	})))), a < e.length && /* @__PURE__ */ React.createElement(Mt, {
		shown: a,
		all: e.length,
		onShow: c
	}));
}
function Mt({ shown: e, all: t, onShow: n }) {
	return /* @__PURE__ */ React.createElement("p", { className: "hv-more" }, /* @__PURE__ */ React.createElement("span", { role: "status" }, q.rows.part(w.number(e), w.number(t))), " ", t > e + 100 && /* @__PURE__ */ React.createElement("button", {
		type: "button",
		className: "hv-button",
		onClick: () => n(e + 100)
	}, q.rows.more(w.number(100))), " ", /* @__PURE__ */ React.createElement("button", {
		type: "button",
		className: "hv-button",
		onClick: () => n(t)
	}, q.rows.all(w.number(t))));
}
var Nt = React.memo(function({ source: e, now: t, onOpen: n }) {
	let r = e.history[0];
	return /* @__PURE__ */ React.createElement("tr", null, /* @__PURE__ */ React.createElement("th", { scope: "row" }, /* @__PURE__ */ React.createElement("button", {
		type: "button",
		className: "hv-open",
		onClick: () => n(e.key)
	}, e.name ? /* @__PURE__ */ React.createElement(R, { longest: 90 }, e.name) : /* @__PURE__ */ React.createElement("code", null, e.id)), /* @__PURE__ */ React.createElement("span", { className: "hv-sub" }, /* @__PURE__ */ React.createElement(R, { longest: 80 }, e.organization ?? e.portal))), /* @__PURE__ */ React.createElement("td", { "data-label": q.columns.verdict }, /* @__PURE__ */ React.createElement(ft, { verdict: e.verdict }), e.now.length > 0 && /* @__PURE__ */ React.createElement(I, { tone: "busy" }, q.waitedFor)), /* @__PURE__ */ React.createElement("td", { "data-label": q.columns.last }, r ? /* @__PURE__ */ React.createElement(P, {
		value: r.at,
		ago: !0,
		now: t
	}) : "—"), /* @__PURE__ */ React.createElement("td", { "data-label": q.columns.items }, r?.isCounted ? /* @__PURE__ */ React.createElement(vt, { harvest: r }) : "—"), /* @__PURE__ */ React.createElement("td", { "data-label": q.columns.history }, /* @__PURE__ */ React.createElement(Ct, { history: e.history })), /* @__PURE__ */ React.createElement("td", { "data-label": q.columns.next }, e.state && q.states[e.state] ? /* @__PURE__ */ React.createElement("span", { className: "hv-muted" }, q.states[e.state]) : /* @__PURE__ */ React.createElement(ut, {
		schedule: e.schedule,
		next: e.nextRun,
		ago: !0,
		now: t
	})), /* @__PURE__ */ React.createElement("td", { "data-label": q.columns.findings }, e.findings.length ? e.findings.map((e) => /* @__PURE__ */ React.createElement(Dt, {
		key: e.kind,
		finding: e
	})) : "—"), /* @__PURE__ */ React.createElement("td", { "data-label": q.columns.dags }, /* @__PURE__ */ React.createElement(Ft, { ids: [.../* @__PURE__ */ new Set([...e.runBy, ...e.followedBy])] })));
}), Pt = 3;
function Ft({ ids: e }) {
	if (!e.length) return /* @__PURE__ */ React.createElement(React.Fragment, null, "—");
	let t = e.slice(Pt);
	return /* @__PURE__ */ React.createElement("span", { className: "hv-dags" }, e.slice(0, Pt).map((e, t) => /* @__PURE__ */ React.createElement(React.Fragment, { key: e }, t > 0 && ", ", /* @__PURE__ */ React.createElement(F, { path: `dags/${encodeURIComponent(e)}` }, j(e, 60)))), t.length > 0 && /* @__PURE__ */ React.createElement("span", { title: t.map((e) => j(e, 60)).join(", ") }, " ", q.nowMore(w.number(t.length))));
}
// src/model/failures.ts
var It = [
	[/Redirect \(\d+\) not allowed/i, "redirect"],
	[/Item has another owner/i, "otherOwner"],
	[/Identifier .* already exists/i, "sameIdentifier"],
	[/missing identifier/i, "noIdentifier"],
	[/missing title/i, "noTitle"],
	[/certificate verify failed/i, "certificate"],
	[/max items reached/i, "cutShort"],
	[/\b50[234] Server Error|\b429 Client Error|Max retries exceeded|Connection (refused|aborted|reset)|RemoteDisconnected|timed out|ConnectTimeout|name resolution|Name or service not known|Failed to resolve|No route to host/i, "unreachable"],
	[/\b404 Client Error/i, "notFound"],
	[/\b40[13] Client Error/i, "refused"],
	[/\b500 Server Error|\bServer Error: /i, "serverError"],
	[/URL not allowed|is private|is local|SSRF|not a public/i, "privateAddress"],
	[/cannot parse date|unknown string format|month must be in|day is out of range|Invalid isoformat|ParserError/i, "unreadableDate"],
	[/ValidationError/i, "badValue"]
];
function Lt(e) {
	return It.find(([t]) => t.test(e))?.[1] ?? null;
}
function Rt(e) {
	let t = /* @__PURE__ */ new Map();
	for (let n of e) {
		let e = zt(n.message), r = t.get(e);
		r ? r.items.push(n) : t.set(e, {
			message: n.message,
			advice: Lt(n.message),
			items: [n]
		});
	}
	return [...t.values()].sort((e, t) => t.items.length - e.items.length);
}
function zt(e) {
	return e.replace(/https?:\/\/\S+/g, "URL").replace(/"[^"]*"|'[^']*'|«[^»]*»/g, "…").replace(/\b[0-9a-f]{8,}\b|\d+/gi, "#").trim();
}
// src/parts/harvest.tsx
var { words: J } = w;
function Bt({ harvest: e, links: t, previous: n }) {
	let r = e.sourceName ?? (e.sourceId ? J.unnamed : J.previewOfConfig);
	return /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("header", { className: "hv-head" }, /* @__PURE__ */ React.createElement(ft, { verdict: e.outcome ?? "unknown" }), /* @__PURE__ */ React.createElement("h2", null, /* @__PURE__ */ React.createElement(R, { longest: 200 }, r)), /* @__PURE__ */ React.createElement("nav", {
		className: "hv-links",
		"aria-label": j(r, 80)
	}, /* @__PURE__ */ React.createElement(Vt, { to: t.sourceUrl }, J.sourcePage), /* @__PURE__ */ React.createElement(Vt, { to: e.jobUrl ?? t.jobUrl }, J.jobPage))), e.isOldSchema && /* @__PURE__ */ React.createElement(M, { kind: "info" }, J.oldSchema), e.isNewSchema && /* @__PURE__ */ React.createElement(M, { kind: "warn" }, J.newSchema), e.outcome === "failure" && /* @__PURE__ */ React.createElement(Ut, { harvest: e }), /* @__PURE__ */ React.createElement(L, { title: J.itemCounts }, /* @__PURE__ */ React.createElement(_t, { harvest: e }), e.newlyArchived !== null && e.newlyArchived > 0 && /* @__PURE__ */ React.createElement("p", null, J.newlyArchived(w.number(e.newlyArchived))), /* @__PURE__ */ React.createElement(Ht, { harvest: e })), /* @__PURE__ */ React.createElement(Kt, {
		harvest: e,
		previous: n
	}), /* @__PURE__ */ React.createElement(Gt, {
		items: e.failedItems,
		all: e.items.failed
	}), e.errors.length > 0 && /* @__PURE__ */ React.createElement(L, {
		title: J.jobErrors,
		tone: "bad"
	}, /* @__PURE__ */ React.createElement("ul", { className: "hv-list" }, e.errors.map((e, t) => /* @__PURE__ */ React.createElement("li", { key: t }, /* @__PURE__ */ React.createElement(R, null, e), /* @__PURE__ */ React.createElement(Wt, { message: e }))))), e.skipReasons.length > 0 && /* @__PURE__ */ React.createElement(Jt, { reasons: e.skipReasons }), e.remoteIds && /* @__PURE__ */ React.createElement(Qt, { fates: e.remoteIds }));
}
function Vt({ to: e, children: t }) {
	return typeof e == "string" && e ? /* @__PURE__ */ React.createElement(N, { to: e }, t) : null;
}
function Ht({ harvest: e }) {
	return /* @__PURE__ */ React.createElement(pt, { rows: [
		[J.started, e.started && /* @__PURE__ */ React.createElement(P, { value: e.started })],
		[J.ended, e.ended && /* @__PURE__ */ React.createElement(P, { value: e.ended })],
		[J.duration, e.duration === null ? null : w.duration(e.duration)],
		[J.nextRun, /* @__PURE__ */ React.createElement(ut, {
			key: "next",
			schedule: e.schedule,
			next: Pe(e.schedule, /* @__PURE__ */ new Date())
		})],
		[J.how, e.how ? J.hows[e.how] ?? j(e.how) : null],
		[J.portal, e.portal && /* @__PURE__ */ React.createElement(N, { to: e.portal }, j(e.portal.replace(/^https?:\/\//, "")))],
		[J.job, e.jobId && /* @__PURE__ */ React.createElement("code", null, j(e.jobId))]
	] });
}
function Ut({ harvest: e }) {
	let t = e.failureKind ? J.kinds[e.failureKind] : void 0;
	return /* @__PURE__ */ React.createElement(L, {
		title: J.why,
		tone: "bad"
	}, e.reasons.length > 0 && /* @__PURE__ */ React.createElement("ul", { className: "hv-list" }, e.reasons.map((e, t) => /* @__PURE__ */ React.createElement("li", { key: t }, /* @__PURE__ */ React.createElement(R, null, e)))), t && /* @__PURE__ */ React.createElement("p", null, /* @__PURE__ */ React.createElement("strong", null, J.whatToDo), " ", t));
}
function Wt({ message: e, given: t }) {
	let n = Lt(e), r = n ? J.advice[n] : t;
	return r ? /* @__PURE__ */ React.createElement("p", { className: "hv-advice" }, /* @__PURE__ */ React.createElement("strong", null, J.whatToDo), " ", n ? r : /* @__PURE__ */ React.createElement(R, null, r)) : null;
}
function Gt({ items: e, all: t }) {
	return e.length ? /* @__PURE__ */ React.createElement(L, {
		title: `${J.failedItems} (${w.number(Math.max(t, e.length))})`,
		tone: "bad"
	}, Rt(e).map((e, t) => /* @__PURE__ */ React.createElement("details", {
		key: t,
		className: "hv-group",
		open: t === 0
	}, /* @__PURE__ */ React.createElement("summary", null, /* @__PURE__ */ React.createElement("span", { className: "hv-count" }, w.number(e.items.length), " ×"), " ", /* @__PURE__ */ React.createElement(R, null, e.message)), /* @__PURE__ */ React.createElement(Wt, {
		message: e.message,
		given: e.items[0]?.advice ?? null
	}), /* @__PURE__ */ React.createElement("ul", { className: "hv-list" }, e.items.map((e, t) => /* @__PURE__ */ React.createElement("li", { key: t }, /* @__PURE__ */ React.createElement("code", null, e.remoteId ? j(e.remoteId, 200) : J.noIdentifier), " ", /* @__PURE__ */ React.createElement(Vt, { to: e.remoteUrl }, J.openRecord), " ", /* @__PURE__ */ React.createElement(Vt, { to: e.datasetUrl }, J.openDataset), " ", e.isNew && /* @__PURE__ */ React.createElement("span", { className: "hv-new" }, J.isNew)))))), t > e.length && /* @__PURE__ */ React.createElement("p", { className: "hv-muted" }, J.shownOf(w.number(e.length), w.number(t)))) : null;
}
function Kt({ harvest: e, previous: t }) {
	let n = d(e.changes), r = n ? Zt(n) : [];
	return !r.length && !t ? null : /* @__PURE__ */ React.createElement(L, { title: J.changes }, r.length > 0 && /* @__PURE__ */ React.createElement(pt, { rows: r }), t && /* @__PURE__ */ React.createElement(qt, {
		harvest: e,
		previous: t,
		isAll: !r.length
	}));
}
function qt({ harvest: e, previous: t, isAll: n }) {
	let r = l.filter((n) => e.items[n] !== t.items[n]);
	return r.length ? /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("p", { className: "hv-muted" }, J.comparedWith, " (", /* @__PURE__ */ React.createElement(P, { value: t.ended ?? t.started }), ", ", W(t), "):"), /* @__PURE__ */ React.createElement("ul", { className: "hv-legend" }, r.map((n) => /* @__PURE__ */ React.createElement("li", { key: n }, /* @__PURE__ */ React.createElement("span", {
		className: `hv-dot hv-fill-${n}`,
		"aria-hidden": "true"
	}), /* @__PURE__ */ React.createElement("strong", { className: Yt(n, e, t) ? "hv-text-bad" : "" }, Xt(e.items[n] - t.items[n])), " ", J.item[n])))) : n ? /* @__PURE__ */ React.createElement("p", null, J.noChanges) : null;
}
function Jt({ reasons: e }) {
	return /* @__PURE__ */ React.createElement(L, {
		title: J.skipped,
		tone: "warn"
	}, /* @__PURE__ */ React.createElement("ul", { className: "hv-list" }, e.map(([e, t]) => /* @__PURE__ */ React.createElement("li", { key: e }, /* @__PURE__ */ React.createElement("span", { className: "hv-count" }, w.number(t), " ×"), " ", /* @__PURE__ */ React.createElement(R, null, e), /* @__PURE__ */ React.createElement(Wt, { message: e })))));
}
function Yt(e, t, n) {
	let r = t.items[e] > n.items[e];
	return e === "done" ? !r : r;
}
function Xt(e) {
	return e > 0 ? `+${w.number(e)}` : `−${w.number(-e)}`;
}
function Zt(e) {
	return Object.entries(e).flatMap(([e, t]) => {
		let n = J.change[e];
		return n ? typeof t == "number" ? t ? [[n, w.number(t)]] : [] : !Array.isArray(t) || !t.length ? [] : [[n, /* @__PURE__ */ React.createElement(R, { key: e }, `${w.number(t.length)}: ${t.slice(0, 10).map((e) => j(e, 80)).join(", ")}`)]] : [];
	});
}
function Qt({ fates: e }) {
	let t = {
		done: J.item.done,
		failed: J.item.failed,
		skipped: J.item.skipped,
		archived: J.item.archived,
		missing: J.missing
	}, n = Object.entries(t).flatMap(([t, n]) => {
		let r = e[t];
		if (typeof r == "number") return [[n, w.number(r)]];
		if (!Array.isArray(r) || !r.length) return [];
		let i = m(d(e.counts)?.[t]) ?? r.length, a = r.slice(0, 20).map((e) => j(e, 120));
		return [[`${n} (${w.number(i)})`, /* @__PURE__ */ React.createElement(R, {
			key: t,
			longest: 2e3
		}, a.join(", "))]];
	});
	return /* @__PURE__ */ React.createElement(L, { title: J.askedFor }, /* @__PURE__ */ React.createElement(pt, { rows: n }));
}
// src/views/SourceView.tsx
var { words: Y } = w, $t = 60;
function en({ source: e, onBack: t }) {
	let n = React.useRef(null);
	return React.useEffect(() => n.current?.focus(), []), /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("p", null, /* @__PURE__ */ React.createElement("button", {
		type: "button",
		className: "hv-button",
		onClick: t
	}, "← ", Y.back)), /* @__PURE__ */ React.createElement("h1", {
		ref: n,
		tabIndex: -1
	}, e ? /* @__PURE__ */ React.createElement(R, { longest: 200 }, e.name ?? e.id) : Y.source), e ? /* @__PURE__ */ React.createElement(tn, { source: e }) : /* @__PURE__ */ React.createElement(M, { kind: "warn" }, Y.sourceMissing));
}
function tn({ source: e }) {
	let t = nn(e), [n, r] = t;
	return /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("p", { className: "hv-muted" }, e.organization && /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement(R, { longest: 120 }, e.organization), " · "), /* @__PURE__ */ React.createElement(N, { to: n?.portal }, e.portal), " · ", /* @__PURE__ */ React.createElement("code", null, e.id), " ", typeof e.adminUrl == "string" && e.adminUrl && /* @__PURE__ */ React.createElement(N, { to: e.adminUrl }, Y.sourcePage)), /* @__PURE__ */ React.createElement("p", null, Y.labelled(Y.nextRun), e.state && Y.states[e.state] ? Y.states[e.state] : /* @__PURE__ */ React.createElement(ut, {
		schedule: e.schedule,
		next: e.nextRun
	})), /* @__PURE__ */ React.createElement(gt, {
		tasks: e.now,
		sources: [e],
		isPart: !1
	}), e.findings.length > 0 && /* @__PURE__ */ React.createElement(L, {
		title: Y.findings,
		tone: "warn"
	}, /* @__PURE__ */ React.createElement(At, { findings: e.findings })), n ? /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement(L, { title: Y.history }, t.length > 1 && /* @__PURE__ */ React.createElement(wt, { history: t }), /* @__PURE__ */ React.createElement(an, { history: t })), /* @__PURE__ */ React.createElement("section", {
		className: "hv-nested",
		"aria-label": Y.viewLatest
	}, /* @__PURE__ */ React.createElement(Bt, {
		harvest: n,
		links: {
			sourceUrl: e.adminUrl,
			jobUrl: null
		},
		previous: r ?? null
	}))) : /* @__PURE__ */ React.createElement(M, { kind: "info" }, Y.noHarvestsOfSource), /* @__PURE__ */ React.createElement(L, { title: Y.dags }, e.runBy.length + e.followedBy.length ? /* @__PURE__ */ React.createElement("dl", { className: "hv-facts" }, /* @__PURE__ */ React.createElement(rn, {
		title: Y.producers,
		ids: e.runBy
	}), /* @__PURE__ */ React.createElement(rn, {
		title: Y.watchers,
		ids: e.followedBy
	})) : /* @__PURE__ */ React.createElement("p", { className: "hv-muted" }, Y.noDags)));
}
function nn(e) {
	let t = B(e.key, (t) => e.assetIds.length ? ye(e.assetIds, t) : Promise.resolve([]), () => null);
	return React.useMemo(() => {
		if (!t.value?.length) return e.history;
		let n = O({
			...ze,
			events: t.value
		}).find((t) => t.key === e.key)?.history ?? [], r = new Set(e.history.map((e) => e.jobId));
		return [...e.history, ...n.filter((e) => !r.has(e.jobId))].sort((e, t) => (t.at?.getTime() ?? 0) - (e.at?.getTime() ?? 0));
	}, [t.value, e]);
}
function rn({ title: e, ids: t }) {
	return t.length ? /* @__PURE__ */ React.createElement("div", null, /* @__PURE__ */ React.createElement("dt", null, e), /* @__PURE__ */ React.createElement("dd", null, t.map((e, t) => /* @__PURE__ */ React.createElement("span", { key: e }, t > 0 && ", ", /* @__PURE__ */ React.createElement(F, { path: `dags/${encodeURIComponent(e)}` }, j(e, 80)))))) : null;
}
function an({ history: e }) {
	return /* @__PURE__ */ React.createElement("table", { className: "hv-table hv-small" }, /* @__PURE__ */ React.createElement("caption", { className: "hv-hidden" }, Y.history), /* @__PURE__ */ React.createElement("thead", null, /* @__PURE__ */ React.createElement("tr", null, /* @__PURE__ */ React.createElement("th", { scope: "col" }, Y.ended), /* @__PURE__ */ React.createElement("th", { scope: "col" }, Y.verdictColumn), /* @__PURE__ */ React.createElement("th", { scope: "col" }, Y.columns.items), /* @__PURE__ */ React.createElement("th", { scope: "col" }, Y.duration), /* @__PURE__ */ React.createElement("th", { scope: "col" }, Y.job))), /* @__PURE__ */ React.createElement("tbody", null, e.slice(0, $t).map((e, t) => /* @__PURE__ */ React.createElement("tr", { key: e.jobId ?? t }, /* @__PURE__ */ React.createElement("th", { scope: "row" }, /* @__PURE__ */ React.createElement(P, { value: e.at })), /* @__PURE__ */ React.createElement("td", { "data-label": Y.verdictColumn }, /* @__PURE__ */ React.createElement(ft, { verdict: e.outcome ?? "unknown" })), /* @__PURE__ */ React.createElement("td", { "data-label": Y.columns.items }, e.isCounted ? W(e) : "—"), /* @__PURE__ */ React.createElement("td", { "data-label": Y.duration }, e.duration === null ? "—" : w.duration(e.duration)), /* @__PURE__ */ React.createElement("td", { "data-label": Y.job }, e.jobUrl ? /* @__PURE__ */ React.createElement(N, { to: e.jobUrl }, Y.portal) : "—", e.task && /* @__PURE__ */ React.createElement(React.Fragment, null, " · ", /* @__PURE__ */ React.createElement(F, { path: c(e.task) }, Y.openTask)))))));
}
// src/views/HarvestsPage.tsx
var { words: X } = w;
function on() {
	return /* @__PURE__ */ React.createElement(ct, { label: X.title }, /* @__PURE__ */ React.createElement(sn, null));
}
function sn() {
	let [e, t] = ReactRouterDOM.useSearchParams(), n = B("all", _e, () => null), r = React.useMemo(() => n.value ? O(n.value.known) : [], [n.value]), i = e.get("source"), a = (n) => {
		let r = new URLSearchParams(e);
		n === null ? r.delete("source") : r.set("source", n), t(r), window.scrollTo(0, 0);
	};
	if (!n.value) return /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("h1", null, X.title), /* @__PURE__ */ React.createElement(V, { loading: n }));
	if (i !== null) {
		let e = r.find((e) => e.key === i);
		return /* @__PURE__ */ React.createElement(en, {
			key: i,
			source: e ?? null,
			onBack: () => a(null)
		});
	}
	return /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("header", { className: "hv-head" }, /* @__PURE__ */ React.createElement("h1", null, X.title), /* @__PURE__ */ React.createElement("span", { className: "hv-muted hv-right" }, X.refreshed, " ", /* @__PURE__ */ React.createElement(P, { value: n.value.at }), " ", /* @__PURE__ */ React.createElement("button", {
		type: "button",
		className: "hv-button",
		onClick: n.again,
		disabled: n.isLoading
	}, X.reload))), n.error !== null && /* @__PURE__ */ React.createElement(V, { loading: n }), /* @__PURE__ */ React.createElement(cn, { loaded: n.value }), /* @__PURE__ */ React.createElement(gt, {
		tasks: n.value.known.now,
		sources: r,
		isPart: n.value.isNowPart
	}), r.length ? /* @__PURE__ */ React.createElement(un, {
		sources: r,
		onOpen: a
	}) : /* @__PURE__ */ React.createElement(ln, null));
}
function cn({ loaded: e }) {
	let { shown: t } = e;
	return /* @__PURE__ */ React.createElement(React.Fragment, null, e.forbidden.map((e) => /* @__PURE__ */ React.createElement(M, {
		key: e,
		kind: "warn"
	}, X.partForbidden[e])), t.assets < t.allAssets && /* @__PURE__ */ React.createElement(M, { kind: "warn" }, X.partial.assets(w.number(t.assets), w.number(t.allAssets))), t.listed < t.allListed && /* @__PURE__ */ React.createElement(M, { kind: "warn" }, X.partial.listed(w.number(t.listed), w.number(t.allListed))), t.events < t.allEvents && /* @__PURE__ */ React.createElement(M, { kind: "info" }, X.partial.events(w.number(t.events), w.number(t.allEvents))));
}
function ln() {
	return /* @__PURE__ */ React.createElement("div", { className: "hv-empty" }, /* @__PURE__ */ React.createElement("h2", null, X.empty.title), /* @__PURE__ */ React.createElement("p", null, X.empty.text), /* @__PURE__ */ React.createElement("ul", null, /* @__PURE__ */ React.createElement("li", null, X.empty.watch), /* @__PURE__ */ React.createElement("li", null, X.empty.outlets), /* @__PURE__ */ React.createElement("li", null, X.empty.trigger)), /* @__PURE__ */ React.createElement("p", { className: "hv-muted" }, X.empty.examples));
}
function un({ sources: e, onOpen: t }) {
	let [n, r] = React.useState(Je), [i, a] = React.useState({
		column: "verdict",
		descending: !1
	}), o = React.useMemo(() => Xe(e, n, i, w.code), [
		e,
		n,
		i
	]);
	return /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement(dn, { sources: e }), /* @__PURE__ */ React.createElement(fn, {
		sources: e,
		filter: n,
		onChange: r
	}), /* @__PURE__ */ React.createElement("p", {
		className: "hv-muted",
		role: "status"
	}, X.shown(w.number(o.length), w.number(e.length))), o.length ? /* @__PURE__ */ React.createElement(jt, {
		sources: o,
		order: i,
		onSort: (e) => a((t) => ({
			column: e,
			descending: t.column === e ? !t.descending : e === "last" || e === "items" || e === "findings"
		})),
		onOpen: t
	}) : /* @__PURE__ */ React.createElement(M, { kind: "info" }, X.noMatch, " ", /* @__PURE__ */ React.createElement("button", {
		type: "button",
		className: "hv-button",
		onClick: () => r(Je)
	}, X.clearFilters)));
}
function dn({ sources: e }) {
	let t = (t) => w.number(e.filter(t).length), n = [
		[
			w.number(e.length),
			X.tiles.sources,
			""
		],
		[
			t((e) => e.verdict === "success"),
			X.tiles.ok,
			"good"
		],
		[
			t((e) => e.verdict === "failure"),
			X.tiles.failing,
			"bad"
		],
		[
			t((e) => e.findings.length > 0),
			X.tiles.findings,
			"warn"
		],
		[
			t((e) => e.findings.some(({ kind: e }) => ["held", "vanishing"].includes(e))),
			X.tiles.vanishing,
			"bad"
		],
		[
			t((e) => e.verdict === "none"),
			X.tiles.never,
			""
		]
	];
	return /* @__PURE__ */ React.createElement("ul", { className: "hv-tiles" }, n.map(([e, t, n]) => /* @__PURE__ */ React.createElement("li", {
		key: t,
		className: n && e !== "0" ? `hv-edge-${n}` : ""
	}, /* @__PURE__ */ React.createElement("strong", null, e), " ", t)));
}
function fn({ sources: e, filter: t, onChange: n }) {
	let r = [...new Set(e.map((e) => e.portal))].sort(), i = [...new Set(e.flatMap((e) => e.findings.map((e) => e.kind)))].sort();
	return /* @__PURE__ */ React.createElement("form", {
		className: "hv-filters",
		role: "search",
		onSubmit: (e) => e.preventDefault()
	}, /* @__PURE__ */ React.createElement("label", null, /* @__PURE__ */ React.createElement("span", null, X.search), /* @__PURE__ */ React.createElement("input", {
		type: "search",
		value: t.text,
		placeholder: X.searchHint,
		onChange: (e) => n({
			...t,
			text: e.target.value
		})
	})), /* @__PURE__ */ React.createElement("label", null, /* @__PURE__ */ React.createElement("span", null, X.filterVerdict), /* @__PURE__ */ React.createElement("select", {
		value: t.verdict,
		onChange: (e) => n({
			...t,
			verdict: e.target.value
		})
	}, /* @__PURE__ */ React.createElement("option", { value: "" }, X.all), [
		"success",
		"failure",
		"unknown",
		"none"
	].map((e) => /* @__PURE__ */ React.createElement("option", {
		key: e,
		value: e
	}, X.verdict[e])))), r.length > 1 && /* @__PURE__ */ React.createElement("label", null, /* @__PURE__ */ React.createElement("span", null, X.filterPortal), /* @__PURE__ */ React.createElement("select", {
		value: t.portal,
		onChange: (e) => n({
			...t,
			portal: e.target.value
		})
	}, /* @__PURE__ */ React.createElement("option", { value: "" }, X.all), r.map((e) => /* @__PURE__ */ React.createElement("option", { key: e }, e)))), i.length > 0 && /* @__PURE__ */ React.createElement("label", null, /* @__PURE__ */ React.createElement("span", null, X.findings), /* @__PURE__ */ React.createElement("select", {
		value: t.finding,
		onChange: (e) => n({
			...t,
			finding: e.target.value
		})
	}, /* @__PURE__ */ React.createElement("option", { value: "" }, X.all), i.map((e) => /* @__PURE__ */ React.createElement("option", {
		key: e,
		value: e
	}, X.finding[e] ?? j(e, 40))))), /* @__PURE__ */ React.createElement("label", { className: "hv-check" }, /* @__PURE__ */ React.createElement("input", {
		type: "checkbox",
		checked: t.attention,
		onChange: (e) => n({
			...t,
			attention: e.target.checked
		})
	}), /* @__PURE__ */ React.createElement("span", null, X.filterAttention, " (", w.number(e.filter(Ye).length), ")")));
}
// src/model/task.ts
var pn = "harvest_result", mn = "harvest_health", hn = "harvest_guard", gn = /* @__PURE__ */ new Set([
	"success",
	"failed",
	"skipped",
	"upstream_failed",
	"removed"
]);
async function _n(e, t) {
	let r = s(e), i = await n(e.mapIndex < 0 ? r : `${r}/${e.mapIndex}`, {}, t), a = await vn(e, t), o = gn.has(i.state ?? ""), c = i.operator_name ?? i.operator ?? "", l = re.test(c) || [
		pn,
		mn,
		hn
	].some((e) => a.has(e)), [u, d, f, m, _] = await Promise.all([
		pn,
		mn,
		hn,
		"harvest_source_url",
		"harvest_job_url"
	].map(async (n) => a.has(n) ? Se(e, n, t) : void 0)), v = {
		isOurs: l,
		state: i.state,
		startedAt: i.start_date,
		hasEnded: o,
		harvest: g(u),
		health: le(d),
		guard: ue(f),
		trouble: null,
		sourceId: p(i.rendered_fields?.source_id),
		sourceUrl: m,
		jobUrl: _,
		messages: []
	}, y = [
		u,
		d,
		f
	].find((e) => e != null);
	return y === void 0 || v.harvest || v.health || v.guard || (v.trouble = typeof h(y) == "string" ? "reference" : "unreadable"), l && !o && i.state && (v.messages = await yn(e, i.try_number, t)), v;
}
async function vn(e, t) {
	let { entries: n } = await a(`${s(e)}/xcomEntries`, {
		map_index: e.mapIndex,
		xcom_key_pattern: "harvest"
	}, (e) => e.xcom_entries, 1, t);
	return new Set(n.map((e) => e.key));
}
async function yn(t, r, i) {
	try {
		let e = await n(`${s(t)}/logs/${r}`, {
			full_content: !0,
			map_index: t.mapIndex
		}, i);
		return (Array.isArray(e.content) ? e.content : []).filter((e) => typeof e == "object" && String(e.logger ?? "").includes("airflow_provider_harvest")).slice(-5).map((e) => ({
			at: p(e.timestamp),
			text: String(e.event ?? "")
		}));
	} catch (t) {
		if (t instanceof e) return [];
		throw t;
	}
}
async function bn(t, n, r) {
	try {
		let { entries: e } = await a("assets/events", {
			source_dag_id: t.dagId,
			source_task_id: t.taskId,
			order_by: "-timestamp"
		}, (e) => e.asset_events, 1, r);
		return e.map((e) => _(e.extra)).filter((e) => e?.sourceId === n.sourceId && e?.jobId !== n.jobId).filter((e) => (e?.ended ?? "") < (n.ended ?? ""))[0] ?? null;
	} catch (t) {
		if (t instanceof e) return null;
		throw t;
	}
}
// src/parts/guard.tsx
var { words: Z } = w;
function xn({ report: e }) {
	let t = e.rows.filter((e) => e.finding.kind !== "exposed" || e.missing > 0 || e.action), n = e.rows.filter((e) => e.isExposed);
	return /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement(Ot, {
		report: e,
		title: Z.guardOf(j(e.portal.replace(/^https?:\/\//, ""))),
		troubles: t.length
	}), t.length ? t.map((e, t) => /* @__PURE__ */ React.createElement(Cn, {
		key: t,
		row: e
	})) : /* @__PURE__ */ React.createElement(M, { kind: "info" }, Z.guardQuiet), n.length > 0 && /* @__PURE__ */ React.createElement(L, { title: Z.finding.exposed ?? "" }, /* @__PURE__ */ React.createElement("p", null, Z.guard.exposed), /* @__PURE__ */ React.createElement("ul", { className: "hv-list" }, n.map((e, t) => /* @__PURE__ */ React.createElement("li", { key: t }, /* @__PURE__ */ React.createElement(Sn, { row: e }))))));
}
function Sn({ row: e }) {
	return /* @__PURE__ */ React.createElement(N, { to: e.finding.adminUrl }, /* @__PURE__ */ React.createElement(R, { longest: 120 }, e.finding.sourceName ?? e.finding.sourceId));
}
function Cn({ row: e }) {
	let { guard: t } = Z;
	return /* @__PURE__ */ React.createElement("section", { className: `hv-card hv-edge-${e.isHeld ? "warn" : "bad"}` }, /* @__PURE__ */ React.createElement("header", { className: "hv-head" }, e.finding.kind !== "exposed" && /* @__PURE__ */ React.createElement(Dt, { finding: e.finding }), /* @__PURE__ */ React.createElement("h3", null, /* @__PURE__ */ React.createElement(Sn, { row: e })), e.finding.organization && /* @__PURE__ */ React.createElement("span", { className: "hv-muted hv-foreign" }, j(e.finding.organization, 80))), e.missing > 0 && (w.code !== "en" || !e.finding.detail) && /* @__PURE__ */ React.createElement("p", null, t.missing(w.number(e.missing), e.records === null ? "?" : w.number(e.records))), e.finding.detail && /* @__PURE__ */ React.createElement("p", null, /* @__PURE__ */ React.createElement(R, null, e.finding.detail)), e.isHeld && /* @__PURE__ */ React.createElement("p", null, e.isOverdue ? t.overdue : t.held), !e.isHeld && e.mustHold && e.action !== "cannot_hold" && /* @__PURE__ */ React.createElement("p", null, t.mustHold), e.action === "cannot_hold" && /* @__PURE__ */ React.createElement("p", null, t.cannotHold, " ", /* @__PURE__ */ React.createElement(R, null, e.why)), e.action === "lifted" && /* @__PURE__ */ React.createElement("p", null, t.lifted), e.action === "expired" && /* @__PURE__ */ React.createElement("p", null, t.expired), !e.isHeld && e.firstArchivedAt && /* @__PURE__ */ React.createElement("p", null, t.archivedFrom, " ", /* @__PURE__ */ React.createElement(P, { value: e.firstArchivedAt }), " (", t.willArchive(w.number(e.willArchive)), ")"), e.missingRecords.length > 0 && /* @__PURE__ */ React.createElement(wn, { row: e }));
}
function wn({ row: e }) {
	return /* @__PURE__ */ React.createElement("details", { className: "hv-group" }, /* @__PURE__ */ React.createElement("summary", null, Z.guard.records(w.number(e.missingRecords.length), w.number(e.missing))), /* @__PURE__ */ React.createElement("ul", { className: "hv-list" }, e.missingRecords.map((t, n) => /* @__PURE__ */ React.createElement("li", { key: n }, /* @__PURE__ */ React.createElement(N, { to: t.url }, /* @__PURE__ */ React.createElement(R, { longest: 120 }, t.title ?? t.remoteId ?? Z.noIdentifier)), " ", t.archivedAt && !e.isHeld && /* @__PURE__ */ React.createElement("span", { className: "hv-muted" }, Z.guard.archivedOn, " ", /* @__PURE__ */ React.createElement(P, { value: t.archivedAt }))))));
}
// src/views/AssetTab.tsx
var { words: Q } = w;
function Tn({ assetId: e }) {
	let t = B(e, (t) => Dn(e, t), () => null);
	if (!t.value) return /* @__PURE__ */ React.createElement(V, {
		loading: t,
		notFound: Q.asset.gone
	});
	let { asset: n, sources: r } = t.value, i = D(n.uri);
	if (!n.uri.startsWith("harvest://")) return /* @__PURE__ */ React.createElement(M, { kind: "info" }, Q.asset.notOurs);
	if (i) {
		let e = r.find((e) => e.key === `${E(i.place)}/${i.id}`);
		return e ? /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("h1", null, /* @__PURE__ */ React.createElement(R, { longest: 200 }, e.name ?? e.id)), /* @__PURE__ */ React.createElement(tn, { source: e })) : null;
	}
	return r.length ? /* @__PURE__ */ React.createElement(En, {
		portal: Be(n.uri),
		sources: r
	}) : /* @__PURE__ */ React.createElement(M, { kind: "info" }, Q.asset.nothingYet);
}
function En({ portal: e, sources: t }) {
	let [n, r] = React.useState(null), i = t.find((e) => e.key === n);
	return i ? /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("p", null, /* @__PURE__ */ React.createElement("button", {
		type: "button",
		className: "hv-button",
		onClick: () => r(null)
	}, "← ", Q.back)), /* @__PURE__ */ React.createElement(tn, { source: i })) : /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("p", null, Q.asset.many, " ", e), /* @__PURE__ */ React.createElement(jt, {
		sources: t,
		order: {
			column: "last",
			descending: !0
		},
		onOpen: r
	}));
}
async function Dn(e, t) {
	let r = await n(`assets/${encodeURIComponent(e)}`, {}, t);
	if (!r.uri.startsWith("harvest://")) return {
		asset: r,
		sources: []
	};
	let [i, a] = [D(r.uri), Be(r.uri)];
	if (i || a !== null) {
		let { known: e } = await _e(t), n = i && `${E(i.place)}/${i.id}`;
		return {
			asset: r,
			sources: On(O({
				...e,
				assets: [r, ...e.assets.filter((e) => e.id !== r.id)]
			}).filter((e) => n ? e.key === n : e.portal === a))
		};
	}
	let o = await ye([r.id], t);
	return {
		asset: r,
		sources: On(O({
			...ze,
			assets: [r],
			events: o
		}))
	};
}
function On(e) {
	return e.sort((e, t) => (t.history[0]?.at?.getTime() ?? 0) - (e.history[0]?.at?.getTime() ?? 0));
}
// src/views/TaskTab.tsx
var { words: $ } = w, kn = 5e3;
function An({ assetId: e, ...t }) {
	return /* @__PURE__ */ React.createElement(ct, { label: $.title }, e === void 0 || t.taskId ? /* @__PURE__ */ React.createElement(jn, t) : /* @__PURE__ */ React.createElement(Tn, { assetId: String(e) }));
}
function jn({ dagId: e = "", runId: t = "", taskId: n = "", mapIndex: r }) {
	let i = Number(r ?? -1), a = {
		dagId: e,
		runId: t,
		taskId: n,
		mapIndex: Number.isInteger(i) ? i : -1
	}, o = B(JSON.stringify(a), (e) => _n(a, e), (e) => e.isOurs && !e.hasEnded ? kn : null), s = o.value;
	return s ? /* @__PURE__ */ React.createElement(React.Fragment, null, o.error !== null && /* @__PURE__ */ React.createElement(V, {
		loading: o,
		notFound: $.gone
	}), /* @__PURE__ */ React.createElement(Mn, {
		view: s,
		task: a
	})) : /* @__PURE__ */ React.createElement(V, {
		loading: o,
		notFound: $.gone
	});
}
function Mn({ view: e, task: t }) {
	return e.isOurs ? !e.hasEnded && e.state && !e.harvest && !e.health && !e.guard ? /* @__PURE__ */ React.createElement(Pn, { view: e }) : /* @__PURE__ */ React.createElement(React.Fragment, null, e.harvest && /* @__PURE__ */ React.createElement(Nn, {
		view: e,
		task: t
	}), e.health && /* @__PURE__ */ React.createElement(kt, {
		report: e.health,
		title: $.healthOf(j(e.health.portal.replace(/^https?:\/\//, ""))),
		quiet: $.noFindings
	}), e.guard && /* @__PURE__ */ React.createElement(xn, { report: e.guard }), (e.health || e.guard) && /* @__PURE__ */ React.createElement("p", null, /* @__PURE__ */ React.createElement(F, { path: "plugin/harvests" }, $.allSources)), e.trouble && /* @__PURE__ */ React.createElement(M, { kind: "warn" }, $[e.trouble]), !e.harvest && !e.health && !e.guard && !e.trouble && /* @__PURE__ */ React.createElement(M, { kind: "info" }, e.hasEnded ? $.noResult : $.noResultYet)) : /* @__PURE__ */ React.createElement(M, { kind: "info" }, $.notOurs);
}
function Nn({ view: e, task: t }) {
	let { harvest: n } = e, r = B(`${n?.jobId} ${JSON.stringify(t)}`, (e) => n ? bn(t, n, e) : Promise.resolve(null), () => null);
	return n && /* @__PURE__ */ React.createElement(Bt, {
		harvest: n,
		links: e,
		previous: r.value
	});
}
function Pn({ view: e }) {
	let t = e.state === "deferred" || e.state === "up_for_reschedule";
	return /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("header", { className: "hv-head" }, /* @__PURE__ */ React.createElement(I, { tone: "busy" }, t ? $.verdict.waiting : $.verdict.running), /* @__PURE__ */ React.createElement("nav", {
		className: "hv-links",
		"aria-label": $.portal
	}, typeof e.sourceUrl == "string" && e.sourceUrl && /* @__PURE__ */ React.createElement(N, { to: e.sourceUrl }, $.sourcePage), typeof e.jobUrl == "string" && e.jobUrl && /* @__PURE__ */ React.createElement(N, { to: e.jobUrl }, $.jobPage))), /* @__PURE__ */ React.createElement(M, { kind: "info" }, t ? $.waitingFor : $.runningNow), /* @__PURE__ */ React.createElement(L, { title: $.latestMessages }, /* @__PURE__ */ React.createElement(pt, { rows: [
		[$.source, e.sourceId && /* @__PURE__ */ React.createElement("code", null, j(e.sourceId))],
		[$.taskState, j(e.state)],
		[$.since, e.startedAt && /* @__PURE__ */ React.createElement(P, { value: e.startedAt })]
	] }), /* @__PURE__ */ React.createElement("ol", {
		className: "hv-log",
		"aria-live": "polite"
	}, e.messages.map((e, t) => /* @__PURE__ */ React.createElement("li", { key: t }, /* @__PURE__ */ React.createElement("span", { className: "hv-muted" }, /* @__PURE__ */ React.createElement(P, { value: e.at })), " ", /* @__PURE__ */ React.createElement(R, null, e.text))))));
}
// src/main.tsx
Object.assign(globalThis, {
	Harvest: An,
	Harvests: on
});
