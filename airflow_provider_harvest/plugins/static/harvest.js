// src/api.ts
var e = class extends Error {
	status;
	constructor(e, t) {
		super(`${e} ${t}`), this.status = e;
	}
}, t = 4;
async function n(t, n = {}, r) {
	let i = new URL(`api/v2/${t}`, document.baseURI);
	for (let [e, t] of Object.entries(n)) if (t !== void 0) for (let n of [t].flat()) i.searchParams.append(e, String(n));
	let a;
	try {
		a = await fetch(i, {
			credentials: "same-origin",
			headers: { Accept: "application/json" },
			signal: r ?? null
		});
	} catch (n) {
		throw r?.aborted ? n : new e(0, t);
	}
	if (!a.ok) throw new e(a.status, t);
	try {
		return await a.json();
	} catch {
		throw new e(0, t);
	}
}
async function r(e, t, r, a, o) {
	let s = await n(e, {
		...t,
		limit: 100,
		offset: 0
	}, o), c = r(s).length || 100, l = Math.min(a, Math.ceil(s.total_entries / c));
	return {
		entries: [s, ...await i(Array.from({ length: Math.max(0, l - 1) }, (e, t) => (t + 1) * c), (r) => n(e, {
			...t,
			limit: 100,
			offset: r
		}, o))].flatMap(r),
		total: s.total_entries
	};
}
async function i(e, n) {
	let r = Array(e.length), i = 0;
	async function a() {
		for (; i < e.length;) {
			let t = i++;
			r[t] = await n(e[t]);
		}
	}
	return await Promise.all(Array.from({ length: Math.min(t, e.length) }, a)), r;
}
function a(e) {
	let [t, n, r] = [
		e.dagId,
		e.runId,
		e.taskId
	].map(encodeURIComponent);
	return `dags/${t}/dagRuns/${n}/taskInstances/${r}`;
}
function o(e) {
	let [t, n, r] = [
		e.dagId,
		e.runId,
		e.taskId
	].map(encodeURIComponent);
	return `dags/${t}/runs/${n}/tasks/${r}${e.mapIndex >= 0 ? `/mapped/${e.mapIndex}` : ""}/plugin/harvest`;
}
var s = [
	"done",
	"failed",
	"skipped",
	"archived"
];
function c(e) {
	return [
		"done",
		"done-errors",
		"failed"
	].includes(e);
}
function l(e) {
	return typeof e == "object" && e && !Array.isArray(e) ? e : null;
}
function u(e) {
	return Array.isArray(e) ? e : [];
}
function d(e) {
	return typeof e == "string" && e !== "" ? e : null;
}
function f(e) {
	return typeof e == "number" && Number.isFinite(e) ? e : null;
}
function p(e) {
	if (typeof e != "string") return e;
	try {
		return JSON.parse(e);
	} catch {
		return e;
	}
}
function m(e) {
	let t = l(p(e));
	if (!t || !("outcome" in t || "items" in t) || !("job_id" in t || "status" in t)) return null;
	let n = l(t.items) ?? {}, r = Object.fromEntries(s.map((e) => [e, f(n[e]) ?? 0])), i = f(t.schema) ?? 0;
	return {
		portal: d(t.portal) ?? "",
		sourceId: d(t.source_id),
		sourceName: d(t.source_name),
		organization: _(t.organization),
		schedule: d(t.schedule),
		jobId: d(t.job_id),
		jobUrl: t.job_url,
		how: d(t.how),
		status: d(t.status),
		started: d(t.started) ?? d(t.created),
		ended: d(t.ended),
		duration: f(t.duration),
		items: r,
		total: f(n.total) ?? s.reduce((e, t) => e + (r[t] ?? 0), 0),
		isCounted: l(t.items) !== null,
		newlyArchived: f(n.newly_archived),
		errors: u(t.errors).map(g),
		failedItems: u(t.failed_items).map(ee),
		skipReasons: Object.entries(l(t.skip_reasons) ?? {}).map(([e, t]) => [e, f(t) ?? 0]),
		remoteIds: l(t.remote_ids),
		outcome: t.outcome === "success" || t.outcome === "failure" ? t.outcome : null,
		failureKind: d(t.failure_kind),
		reasons: u(t.reasons).map(g),
		changes: t.changes ?? null,
		isOldSchema: i < 1,
		isNewSchema: i > 1
	};
}
function h(e) {
	let t = l(e);
	return t && (m(t.payload) ?? m(t));
}
function ee(e) {
	let t = l(e) ?? { message: e };
	return {
		remoteId: d(t.remote_id),
		remoteUrl: t.remote_url,
		datasetUrl: t.dataset_url,
		message: g(t.message ?? ""),
		advice: d(t.advice) ?? d(t.hint),
		isNew: t.newly_failing === !0
	};
}
function g(e) {
	return typeof e == "string" ? e : d(l(e)?.message) ?? JSON.stringify(e);
}
function _(e) {
	return d(e) ?? d(l(e)?.name) ?? d(l(e)?.id);
}
// src/model/listing.ts
function te(e) {
	let t = l(p(e));
	if (!t || !Array.isArray(t.columns) || !Array.isArray(t.rows)) return null;
	let n = t.columns.map(String), r = d(t.portal) ?? "", i = t.rows.flatMap((e) => {
		let t = Object.fromEntries(u(e).map((e, t) => [n[t] ?? "", e])), i = d(t.id);
		if (!i) return [];
		let [a, o, s] = [
			t.name,
			t.organization,
			t.schedule
		].map(d);
		return [{
			id: i,
			name: a ?? null,
			organization: o ?? null,
			schedule: s ?? null,
			state: d(t.state),
			last: ne(r, i, t)
		}];
	});
	return {
		portal: r,
		at: d(t.at),
		total: f(t.total) ?? i.length,
		sources: i
	};
}
function ne(e, t, n) {
	let [r, i] = [d(n.job_id), d(n.status)];
	if (!r || !i || !c(i)) return null;
	let [a, o, s, l] = [
		n.done,
		n.failed,
		n.skipped,
		n.archived
	].map((e) => f(e) ?? 0);
	return {
		portal: e,
		sourceId: t,
		sourceName: d(n.name),
		organization: d(n.organization),
		schedule: d(n.schedule),
		jobId: r,
		jobUrl: null,
		how: "portal",
		status: i,
		started: d(n.started),
		ended: d(n.ended),
		duration: null,
		items: {
			done: a,
			failed: o,
			skipped: s,
			archived: l
		},
		total: f(n.total) ?? 0,
		isCounted: f(n.total) !== null,
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
];
async function ae(e) {
	let t = await n("dags/~/dagRuns/~/taskInstances", {
		state: ie,
		limit: 100,
		order_by: "start_date"
	}, e);
	return {
		tasks: t.task_instances.filter((e) => re.test(e.operator_name ?? e.operator ?? "")).map((e) => ({
			dagId: e.dag_id,
			runId: e.dag_run_id,
			taskId: e.task_id,
			mapIndex: e.map_index,
			state: e.state,
			since: e.start_date,
			sourceId: d(e.rendered_fields?.source_id)
		})),
		isPart: t.total_entries > t.task_instances.length
	};
}
// src/model/reports.ts
function oe(e) {
	let t = l(p(e));
	if (!t || !Array.isArray(t.findings)) return null;
	let n = d(t.portal) ?? "";
	return {
		portal: n,
		at: d(t.at),
		sources: f(t.sources),
		findings: t.findings.flatMap((e) => le(e, n, null)),
		incomplete: d(t.incomplete)
	};
}
function se(e) {
	let t = l(p(e));
	if (!t || !Array.isArray(t.rows)) return null;
	let n = d(t.portal) ?? "", r = d(t.at), i = t.rows.flatMap((e) => ce(e, n));
	return {
		portal: n,
		at: r,
		sources: f(t.sources),
		findings: i.map((e) => e.finding).filter((e) => e.kind !== "exposed"),
		incomplete: u(t.incomplete).map(String).join(" ") || null,
		rows: i
	};
}
function ce(e, t) {
	let n = l(e), [r] = le(e, t, null);
	if (!n || !r) return [];
	let i = n.is_held === !0, a = f(n.missing) ?? 0, o = n.must_hold === !0 || a > 0 && (f(n.will_archive) ?? 0) > 0;
	return [{
		finding: {
			...r,
			kind: i ? "held" : o ? "vanishing" : "exposed"
		},
		records: f(n.records),
		missing: a,
		willArchive: f(n.will_archive) ?? 0,
		firstArchivedAt: d(n.first_archived_at),
		mustHold: n.must_hold === !0,
		isHeld: i,
		isOverdue: n.is_overdue === !0,
		isExposed: n.is_exposed === !0,
		action: d(n.action),
		why: d(n.why),
		missingRecords: u(n.missing_records).flatMap((e) => {
			let t = l(e);
			return t ? [{
				title: d(t.title),
				url: t.url,
				remoteId: d(t.remote_id),
				archivedAt: d(t.archived_at)
			}] : [];
		})
	}];
}
function le(e, t, n) {
	let r = l(e), i = d(r?.source_id);
	return !r || !i ? [] : [{
		kind: n ?? d(r.kind) ?? "unknown",
		portal: d(r.portal) ?? t,
		sourceId: i,
		sourceName: d(r.source_name),
		organization: d(r.organization) ?? d(r.owner),
		adminUrl: r.admin_url ?? r.source_url,
		since: d(r.since),
		isNew: r.is_new === !0,
		detail: d(r.detail) ?? d(r.reason) ?? u(r.reasons).map(String).join(" ")
	}];
}
// src/model/load.ts
var ue = 10, de = 20, fe = 2, pe = {
	harvest_result: 16,
	harvest_health: 5,
	harvest_guard: 10,
	harvest_sources: 5
};
async function me(t) {
	let n = [], r = {
		entries: [],
		total: 0
	}, i = b(ae(t), {
		tasks: [],
		isPart: !1
	}), a = await b(_e(t), r, () => n.push("assets")), o = await b(ve(a.entries, t), r), [s, c, l, u] = await b(Promise.all([
		v("harvest_result", o.entries, t),
		v("harvest_health", [], t),
		v("harvest_guard", [], t),
		v("harvest_sources", [], t)
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
		results: y(s, m).map(({ value: e, ...t }) => ({
			...t,
			harvest: e
		})),
		reports: [...y(c, oe).map(({ value: e, at: t, task: n }) => ({
			...e,
			at: e.at ?? t,
			task: n
		})), ...y(l, se).map(({ value: e, at: t, task: n }) => ({
			...e,
			at: e.at ?? t,
			task: n
		}))],
		listings: y(u, te).map(({ value: e, task: t }) => ({
			...e,
			task: t
		})),
		now: d
	}, h = p.listings.map((e) => [e.sources.length, e.total]);
	return {
		known: p,
		shown: {
			assets: a.entries.length,
			allAssets: a.total,
			events: o.entries.length,
			allEvents: o.total,
			listed: he(h.map(([e]) => e)),
			allListed: he(h.map(([, e]) => e))
		},
		isNowPart: f,
		forbidden: n,
		at: /* @__PURE__ */ new Date()
	};
}
function he(e) {
	return e.reduce((e, t) => e + t, 0);
}
async function ge(e, t) {
	return (await i(e.slice(0, 4), (e) => r("assets/events", {
		asset_id: e,
		order_by: "-timestamp"
	}, (e) => e.asset_events, 1, t))).flatMap((e) => e.entries);
}
function _e(e) {
	return r("assets", {
		uri_pattern: "harvest://",
		order_by: "id"
	}, (e) => e.assets, ue, e);
}
async function ve(e, t) {
	let n = await r("assets/events", {
		order_by: "-timestamp",
		name_pattern: e.every((e) => e.name.includes("harvest://")) ? "harvest://" : void 0
	}, (e) => e.asset_events, de, t);
	return {
		...n,
		entries: n.entries.filter((e) => !e.uri || e.uri.startsWith("harvest://"))
	};
}
async function v(t, n, a) {
	let o = n.filter((e) => h(e.extra)), s = new Set(o.map((e) => `${e.source_dag_id} ${e.source_run_id} ${e.source_task_id} ${e.source_map_index}`)), { entries: c, total: l } = await d(31, fe);
	l > c.length && (c = [...c, ...(await d(2, 1)).entries]);
	let u = /* @__PURE__ */ new Map();
	for (let e of c.sort((e, t) => t.timestamp.localeCompare(e.timestamp))) {
		let t = `${e.dag_id} ${e.task_id} ${e.map_index}`;
		!u.has(t) && !s.has(`${e.dag_id} ${e.run_id} ${e.task_id} ${e.map_index}`) && u.set(t, e);
	}
	return await i([...u.values()].slice(0, pe[t]), async (n) => {
		let r = {
			dagId: n.dag_id,
			runId: n.run_id,
			taskId: n.task_id,
			mapIndex: n.map_index
		};
		try {
			return {
				value: await ye(r, t, a),
				task: r,
				at: n.timestamp
			};
		} catch (t) {
			if (t instanceof e) return {
				value: null,
				task: r,
				at: n.timestamp
			};
			throw t;
		}
	});
	function d(e, n) {
		return r("dags/~/dagRuns/~/taskInstances/~/xcomEntries", {
			xcom_key: t,
			order_by: "-timestamp",
			run_after_gte: (/* @__PURE__ */ new Date(Date.now() - e * 864e5)).toISOString()
		}, (e) => e.xcom_entries, n, a);
	}
}
async function ye(e, t, r) {
	return (await n(`${a(e)}/xcomEntries/${encodeURIComponent(t)}`, {
		map_index: e.mapIndex,
		deserialize: !0
	}, r)).value;
}
function y(e, t) {
	return e.flatMap(({ value: e, task: n, at: r }) => {
		let i = t(e);
		return i ? [{
			value: i,
			task: n,
			at: r
		}] : [];
	});
}
async function b(t, n, r = () => void 0) {
	try {
		return await t;
	} catch (t) {
		if (!(t instanceof e) || t.status !== 403) throw t;
		return r(), n;
	}
}
// src/words/en.ts
var be = {
	title: "Harvests",
	intro: "The harvests of open-data portals that this Airflow starts, waits for or watches.",
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
	itemsOf: (e) => `${e} items`,
	oneItem: "1 item",
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
	oddSchedule: (e) => `Schedule on the portal: ${e}`,
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
	noPrevious: "There is no earlier harvest of this source to compare with.",
	noChanges: "The numbers are those of the previous harvest.",
	change: {
		new: "New",
		added: "New",
		vanished: "Vanished",
		newly_archived: "Newly archived",
		still_archived: "Still archived",
		newly_failing: "Newly failing",
		still_failing: "Still failing",
		fixed: "Fixed",
		unchanged: "Unchanged"
	},
	skipped: "Skipped records",
	askedFor: "Records that were asked for",
	missing: "missing",
	kinds: {
		timeout: "The preview took too long. Try again later, or ask the catalogue’s owner why it is slow.",
		unfinished: "The job has not ended. Look at it on the portal.",
		unknown_status: "The job ended in a status that this version does not know. Look at it on the portal.",
		remote_unreachable: "The portal could not reach the catalogue. Check that its server is up and lets the portal in; then clear the task to harvest again.",
		job: "The portal could not fetch or read the catalogue. Correct the source’s URL or the catalogue; then clear the task to harvest again.",
		remote_ids: "Records that were asked for were not harvested. See below what became of them.",
		unreadable: "The portal got something that is no whole catalogue. Open the source’s URL, and check that it answers all of it.",
		skipped: "The portal skipped records, most often without a dct:identifier. Add it in the catalogue; then clear the task.",
		items: "Correct the failed records in the catalogue; then clear the task to harvest again.",
		empty: "Fewer records were harvested than required. Check that the catalogue is complete.",
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
		0: "Airflow did not answer. Check your connection, then load again.",
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
	heldBack: "Held sources",
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
		many: "This asset stands for several sources. These have told of their harvests:",
		nothingYet: "No harvest has told of itself by this asset yet. Events come once a DAG harvests with it as outlet, or watches it.",
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
}, xe = {
	title: "Moissonnages",
	intro: "Les moissonnages de portails de données ouvertes que cet Airflow lance, attend ou surveille.",
	loading: "Chargement…",
	verdict: {
		success: "Réussi",
		failure: "Échoué",
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
	itemsOf: (e) => `${e} éléments`,
	oneItem: "1 élément",
	noItems: "Aucun élément",
	itemCounts: "Éléments de ce moissonnage",
	newlyArchived: (e) => `Dont ${e} archivés par ce moissonnage.`,
	source: "Source",
	previewOfConfig: "Aperçu d’une configuration",
	unnamed: "Source sans nom",
	sourcePage: "Source sur le portail",
	jobPage: "Tâche sur le portail",
	portal: "Portail",
	started: "Début",
	ended: "Fin",
	duration: "Durée",
	nextRun: "Prochain passage du portail",
	labelled: (e) => `${e} : `,
	cron: (e) => `Cron du portail : ${e} (lu en UTC).`,
	noNextRun: "Le portail n’a pas de planification pour elle.",
	oddSchedule: (e) => `Planification sur le portail : ${e}`,
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
	whatToDo: "Que faire :",
	failedItems: "Éléments en échec",
	shownOf: (e, t) => `${e} sur ${t} sont affichés ici ; les autres sont sur le portail.`,
	openRecord: "fiche",
	openDataset: "jeu de données",
	noIdentifier: "sans identifiant",
	jobErrors: "Erreurs du moissonnage",
	changes: "Ce qui a changé",
	comparedWith: "Par rapport au moissonnage précédent",
	noPrevious: "Il n’y a pas de moissonnage précédent de cette source.",
	noChanges: "Les nombres sont ceux du moissonnage précédent.",
	change: {
		new: "Nouveaux",
		added: "Nouveaux",
		vanished: "Disparus",
		newly_archived: "Nouvellement archivés",
		still_archived: "Toujours archivés",
		newly_failing: "Nouveaux échecs",
		still_failing: "Toujours en échec",
		fixed: "Réparés",
		unchanged: "Inchangés"
	},
	skipped: "Fiches ignorées",
	askedFor: "Fiches demandées",
	missing: "absentes",
	kinds: {
		timeout: "L’aperçu a pris trop de temps. Réessayez plus tard, ou demandez pourquoi le catalogue est lent.",
		unfinished: "Le moissonnage n’est pas terminé. Consultez-le sur le portail.",
		unknown_status: "Le moissonnage s’est terminé dans un état inconnu de cette version. Consultez-le sur le portail.",
		remote_unreachable: "Le portail n’a pas pu joindre le catalogue. Vérifiez que son serveur répond et accepte le portail, puis relancez la tâche.",
		job: "Le portail n’a pas pu lire le catalogue. Corrigez l’URL de la source ou le catalogue, puis relancez la tâche.",
		remote_ids: "Des fiches demandées n’ont pas été moissonnées. Leur sort est indiqué plus bas.",
		unreadable: "Le portail n’a pas reçu un catalogue entier. Ouvrez l’URL de la source et vérifiez qu’elle le donne en entier.",
		skipped: "Le portail a ignoré des fiches, le plus souvent sans dct:identifier. Ajoutez-le dans le catalogue, puis relancez la tâche.",
		items: "Corrigez les fiches en échec dans le catalogue, puis relancez la tâche.",
		empty: "Moins de fiches que demandé ont été moissonnées. Vérifiez que le catalogue est complet.",
		job_errors: "Le moissonnage est peut-être incomplet. Lisez les erreurs plus bas."
	},
	advice: {
		redirect: "L’URL de la source redirige, ce que ce portail refuse : indiquez l’URL finale.",
		otherOwner: "Le jeu de données appartient à une autre organisation : demandez son transfert à l’équipe du portail, ou retirez la fiche.",
		sameIdentifier: "Cet identifiant figure deux fois dans le catalogue : donnez à chaque fiche son propre dct:identifier.",
		noIdentifier: "Ajoutez un dct:identifier à la fiche.",
		noTitle: "Ajoutez un titre à la fiche.",
		certificate: "Le portail refuse le certificat du serveur du catalogue : renouvelez-le, avec toute sa chaîne.",
		cutShort: "Le portail a interrompu le moissonnage à sa propre limite : demandez à son équipe de la relever.",
		unreachable: "Le portail n’a pas pu joindre le catalogue : vérifiez que son serveur répond et accepte le portail.",
		notFound: "Cette adresse n’existe pas sur le serveur du catalogue : corrigez l’URL de la source.",
		refused: "Le serveur du catalogue refuse le portail : autorisez son adresse ou son agent.",
		serverError: "Le serveur du catalogue échoue à cette adresse : ouvrez-la dans un navigateur et réparez le serveur.",
		privateAddress: "Le portail refuse les adresses de réseaux privés : donnez une URL publique à la source.",
		badValue: "La fiche contient une valeur que le portail refuse : corrigez-la dans le catalogue.",
		unreadableDate: "La fiche contient une date illisible pour le portail : écrivez-la AAAA-MM-JJ."
	},
	notOurs: "Cet onglet concerne les moissonnages. Cette tâche n’en est pas un : il n’y a rien à afficher.",
	noResultYet: "Cette tâche de moissonnage n’a pas encore de résultat.",
	noResult: "Cette tâche s’est terminée sans résultat de moissonnage. Son journal dit pourquoi.",
	waitingFor: "Cette tâche attend un moissonnage. La page s’actualise jusqu’à la fin.",
	runningNow: "Cette tâche est en cours. La page s’actualise jusqu’à la fin.",
	latestMessages: "Derniers messages de cette tâche",
	since: "Depuis",
	taskState: "État de la tâche",
	reference: "Cet Airflow garde les résultats ailleurs (XCom backend) et seule une référence est lisible ici. Le journal de la tâche contient le résultat.",
	unreadable: "La tâche a laissé un résultat illisible pour cette page. Son journal le contient.",
	oldSchema: "Une version plus ancienne du provider a écrit ce résultat : il manque des détails.",
	newSchema: "Une version plus récente du provider a écrit ce résultat : certains détails ne sont pas affichés. Mettez à jour le provider de l’api-server d’Airflow.",
	gone: "Airflow n’a plus cette exécution : elle a été supprimée ou purgée de sa base.",
	error: {
		0: "Airflow n’a pas répondu. Vérifiez votre connexion, puis rechargez.",
		401: "Votre session a expiré. Reconnectez-vous à Airflow.",
		403: "Votre compte Airflow ne peut pas lire ceci. Demandez à un administrateur d’Airflow le droit de lire les XComs du DAG.",
		404: "Airflow n’a pas cet élément.",
		other: (e) => `Airflow a répondu par une erreur (${e}). Rechargez ; si elle persiste, son journal en dit plus.`,
		script: "Cette page a rencontré une erreur et s’est arrêtée. Rechargez ; si elle persiste, signalez-la avec la console du navigateur."
	},
	partForbidden: {
		assets: "Votre compte Airflow ne peut pas lire les assets : des moissonnages manquent ici.",
		results: "Votre compte Airflow ne peut pas lire les XComs : des résultats de tâches et les bilans de santé manquent ici."
	},
	partial: {
		assets: (e, t) => `Cet Airflow connaît ${t} sources ; les ${e} premières sont affichées.`,
		events: (e, t) => `Historique : les ${e} derniers événements sur ${t} ont été lus.`,
		listed: (e, t) => `Le portail a ${t} sources ; sa surveillance en liste les ${e} premières.`
	},
	reload: "Recharger",
	empty: {
		title: "Pas encore de moissonnage",
		text: "Cette page montre chaque source d’un portail dès qu’un DAG de cet Airflow l’a moissonnée ou surveillée. Pour la remplir :",
		watch: "lancez une fois le DAG harvest_portal_watch (sans clé d’API) pour voir l’état de toutes les sources de votre portail ;",
		outlets: "ou donnez outlets=[harvest_asset(…)] à vos tâches, pour que chaque moissonnage soit gardé comme événement ;",
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
	tiles: {
		sources: "sources",
		ok: "dernier moissonnage réussi",
		failing: "dernier moissonnage échoué",
		findings: "avec des constats",
		vanishing: "retenues ou menacées",
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
		newly_archived: "jeux archivés",
		refused_scheduled: "refusée mais planifiée",
		duplicate_url: "URL en double",
		pending: "attend une validation",
		inactive: "inactive",
		skipped: "fiches ignorées",
		ownerless: "sans propriétaire",
		held: "retenue",
		vanishing: "menacée d’archivage",
		exposed: "prochain passage archive aussitôt"
	},
	isNew: "nouveau",
	foundSince: "depuis",
	healthOf: (e) => `Santé de ${e}`,
	checkedAt: "Vérifié",
	sourcesChecked: (e) => `${e} sources vérifiées`,
	noFindings: "Rien à signaler : toutes les sources vont bien.",
	allSources: "Toutes les sources, page Moissonnages",
	incomplete: "Tout n’a pas été vérifié :",
	heldBack: "Sources retenues",
	guardOf: (e) => `Garde de ${e}`,
	guardQuiet: "Rien ne manque, et rien n’est retenu.",
	guard: {
		missing: (e, t) => `${e} fiches sur ${t} manquent au dernier moissonnage.`,
		held: "L’archivage est suspendu : décidez, puis laissez la garde le libérer, ou réparez le catalogue.",
		overdue: "Cette suspension a plus de deux semaines et attend une décision.",
		mustHold: "L’archivage devrait être suspendu jusqu’à la décision d’une personne.",
		cannotHold: "Il n’a pas pu être suspendu :",
		lifted: "Les fiches sont de retour : la suspension est levée.",
		expired: "La suspension a expiré : les prochains passages archivent ce qui manque.",
		archivedFrom: "Le portail archive à partir du",
		willArchive: (e) => `${e} fiches`,
		records: (e, t) => `Fiches manquantes (${e} sur ${t})`,
		archivedOn: "archivée à partir du",
		exposed: "Le prochain passage du portail archive aussitôt ce qu’il ne trouve pas. Une perte n’y peut plus être retenue ensuite :"
	},
	back: "Toutes les sources",
	history: "Historique",
	chart: "Éléments de chaque moissonnage, le plus récent à droite",
	findings: "Constats",
	dags: "DAGs",
	producers: "La moissonnent",
	watchers: "La surveillent",
	now: "En ce moment",
	nowState: {
		running: "en cours",
		deferred: "attend",
		up_for_reschedule: "attend"
	},
	nowMore: (e) => `et ${e} de plus`,
	nowPart: "Seules les 100 premières tâches en cours de cet Airflow ont été lues.",
	wholePortal: "un portail entier",
	waitedFor: "attendue",
	asset: {
		notOurs: "Cet onglet concerne les moissonnages. Cet asset n’est pas une source de moissonnage : il n’y a rien à montrer.",
		many: "Cet asset représente plusieurs sources. Voici celles dont un moissonnage a été signalé :",
		nothingYet: "Aucun moissonnage n’a encore été signalé par cet asset. Des événements arrivent dès qu’un DAG moissonne avec lui en sortie, ou le surveille.",
		gone: "Airflow n’a plus cet asset."
	},
	noDags: "Aucun DAG n’est lié à cette source par un asset.",
	noHarvestsOfSource: "Cet Airflow n’a encore aucun moissonnage de cette source.",
	verdictColumn: "Verdict",
	viewLatest: "Dernier moissonnage",
	openTask: "tâche",
	openReport: "détails",
	sourceMissing: "Cet Airflow ne connaît pas cette source, ou plus.",
	refreshed: "État à",
	units: {
		s: "s",
		min: "min",
		h: "h",
		d: "j"
	},
	utc: "UTC"
};
// src/words/index.ts
function Se(e) {
	let t = e.find((e) => /^(fr|en)\b/i.test(e)) ?? "en";
	return /^fr/i.test(t) ? Ce(t, xe) : Ce(t, be);
}
function Ce(e, t) {
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
			let [n, r] = we((e.getTime() - t.getTime()) / 1e3);
			return a.format(n, r);
		},
		duration: (e) => Te(e, t)
	};
}
function we(e) {
	let t = Math.abs(e);
	return t < 60 ? [Math.round(e), "second"] : t < 3600 ? [Math.round(e / 60), "minute"] : t < 172800 ? [Math.round(e / 3600), "hour"] : [Math.round(e / 86400), "day"];
}
function Te(e, { units: t }) {
	let n = Math.max(0, Math.round(e));
	return n < 60 ? `${n} ${t.s}` : n < 3600 ? Ee(Math.floor(n / 60), t.min, n % 60, t.s) : n < 86400 ? Ee(Math.floor(n / 3600), t.h, Math.floor(n % 3600 / 60), t.min) : Ee(Math.floor(n / 86400), t.d, Math.floor(n % 86400 / 3600), t.h);
}
function Ee(e, t, n, r) {
	return n ? `${e} ${t} ${n} ${r}` : `${e} ${t}`;
}
function x(e) {
	if (typeof e != "string" || !e) return null;
	let t = new Date(/[zZ]|[+-]\d\d:?\d\d$/.test(e) ? e : `${e}Z`);
	return Number.isNaN(t.getTime()) ? null : t;
}
var S = Se(typeof navigator > "u" ? ["en"] : navigator.languages), De = [
	[0, 59],
	[0, 23],
	[1, 31],
	[1, 12],
	[0, 6]
], Oe = [
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
], ke = [
	"sun",
	"mon",
	"tue",
	"wed",
	"thu",
	"fri",
	"sat"
], Ae = 1830, C = 864e5;
function je(e, t) {
	let n = (e ?? "").trim().split(/\s+/);
	if (n.length !== De.length) return null;
	let r = n.map((e, t) => Ne(e, ...De[t]));
	if (r.some((e) => e === null)) return null;
	let [i, a, o, s, c] = r, l = [...a].sort(Me).flatMap((e) => [...i].sort(Me).map((t) => (e * 60 + t) * 6e4)), u = Math.floor(t.getTime() / C) * C;
	for (let e = u; e < u + Ae * C; e += C) {
		let n = new Date(e);
		if (!s.has(n.getUTCMonth() + 1) || !o.has(n.getUTCDate()) || !c.has(n.getUTCDay())) continue;
		let r = l.find((n) => e + n > t.getTime());
		if (r !== void 0) return new Date(e + r);
	}
	return null;
}
function Me(e, t) {
	return e - t;
}
function Ne(e, t, n) {
	let r = /* @__PURE__ */ new Set();
	for (let i of e.split(",")) {
		let e = /^(?:\*|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(i);
		if (!e) return null;
		let [, a, o, s] = e;
		if (s !== void 0 && (Number(s) < 1 || a !== void 0 && o === void 0)) return null;
		let c = a === void 0 ? t : Pe(a), l = a === void 0 ? n : o === void 0 ? c : Pe(o);
		if (![c, l].every((e) => e >= t && e <= n)) return null;
		(c <= l ? Fe(c, l) : [...Fe(c, n), ...Fe(t, l)]).filter((e, t) => t % Number(s ?? 1) === 0).forEach((e) => r.add(e));
	}
	return r;
}
function Pe(e) {
	if (/^\d+$/.test(e)) return Number(e);
	let t = e.slice(0, 3).toLowerCase(), n = Oe.indexOf(t);
	return n >= 0 ? n + 1 : ke.indexOf(t);
}
function Fe(e, t) {
	return Array.from({ length: t - e + 1 }, (t, n) => e + n);
}
// src/model/sources.ts
var Ie = {
	assets: [],
	events: [],
	results: [],
	reports: [],
	listings: [],
	now: []
};
function w(e) {
	return e.replace(/^[a-z]+:\/\//i, "").replace(/\/+$/, "").toLowerCase();
}
function T(e) {
	let t = /^harvest:\/\/(.+)\/source\/([0-9a-f]{24})\/?$/i.exec(e);
	return t?.[1] && t[2] ? {
		place: w(t[1]),
		id: t[2].toLowerCase()
	} : null;
}
function Le(e) {
	let t = /^harvest:\/\/(.+)$/i.exec(e);
	return t?.[1] && !/\/(source|organization)\//i.test(t[1]) ? w(t[1]) : null;
}
function E(e, t = /* @__PURE__ */ new Date()) {
	let n = /* @__PURE__ */ new Map(), r = (e, t) => {
		let r = `${w(e)}/${t}`, i = n.get(r);
		return i || (i = {
			key: r,
			portal: w(e),
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
	for (let t of e.assets) Ve(t, r);
	for (let t of e.events) He(t, r);
	for (let { harvest: t, at: n, task: i } of e.results) if (t.sourceId && t.portal && t.how !== "previewed") {
		let e = r(t.portal, t.sourceId);
		e.history.push({
			...t,
			at: x(t.ended ?? n),
			task: i
		}), O(t.how === "waited" ? e.followedBy : e.runBy, i.dagId);
	}
	for (let t of e.reports) for (let e of t.findings) {
		let n = r(e.portal, e.sourceId);
		n.findings.push({
			...e,
			task: t.task
		}), O(n.followedBy, t.task.dagId);
	}
	for (let t of e.listings) Re(t, r);
	for (let t of e.assets) ze(t, n);
	for (let e of n.values()) Ue(e, t);
	for (let t of e.now) Be(t, n);
	return [...n.values()];
}
function Re(e, t) {
	for (let n of e.sources) {
		let r = t(e.portal, n.id);
		r.name ??= n.name, r.organization ??= n.organization, r.state ??= n.state, r.schedule ??= n.schedule, O(r.followedBy, e.task.dagId), n.last && r.history.push({
			...n.last,
			at: x(n.last.ended ?? n.last.started),
			task: null
		});
	}
}
function ze(e, t) {
	let n = Le(e.uri);
	if (n !== null && e.scheduled_dags?.length) {
		for (let r of t.values()) if (r.portal === n) for (let t of e.scheduled_dags) O(r.followedBy, t.dag_id);
	}
}
function Be(e, t) {
	let n = e.sourceId?.toLowerCase();
	for (let r of t.values()) r.id === n && r.now.push(e);
}
function Ve(e, t) {
	let n = T(e.uri);
	if (!n) return;
	let r = t(n.place, n.id);
	r.assetIds.push(e.id);
	for (let t of e.producing_tasks ?? []) O(r.runBy, t.dag_id);
	for (let t of e.scheduled_dags ?? []) O(r.followedBy, t.dag_id);
	for (let t of e.consuming_tasks ?? []) O(r.followedBy, t.dag_id);
}
function He(e, t) {
	let n = h(e.extra), r = T(e.uri ?? ""), i = n?.portal || r?.place, a = n?.sourceId ?? r?.id;
	if (!n || !i || !a) return;
	let o = e.source_dag_id && e.source_run_id && e.source_task_id ? {
		dagId: e.source_dag_id,
		runId: e.source_run_id,
		taskId: e.source_task_id,
		mapIndex: e.source_map_index ?? -1
	} : null;
	t(i, a).history.push({
		...n,
		at: x(n.ended ?? e.timestamp),
		task: o
	});
}
function Ue(e, t) {
	let n = /* @__PURE__ */ new Map();
	for (let t of e.history.sort((e, t) => D(t) - D(e))) {
		let e = t.jobId ?? `${D(t)}`, r = n.get(e);
		(!r || We(t) > We(r)) && n.set(e, t);
	}
	e.history = [...n.values()].sort((e, t) => D(t) - D(e));
	let r = /* @__PURE__ */ new Set();
	e.findings = e.findings.filter((e) => {
		let t = !r.has(e.kind);
		return r.add(e.kind), t;
	});
	let i = [...e.history, ...e.findings];
	e.name = i.map((e) => e.sourceName).find(Boolean) ?? e.name, e.organization = i.map((e) => e.organization).find(Boolean) ?? e.organization, e.schedule ??= e.history.map((e) => e.schedule).find(Boolean) ?? null, e.nextRun = e.state !== null && e.state !== "accepted" ? null : je(e.schedule, t), e.adminUrl = e.findings.map((e) => e.adminUrl).find(Boolean) ?? null, e.verdict = e.history[0] ? e.history[0].outcome ?? "unknown" : "none", !e.history.length && e.findings.some((e) => e.kind === "failing") && (e.verdict = "failure");
}
function We(e) {
	return e.task ? 2 : e.how === "portal" ? 0 : 1;
}
function D(e) {
	return e.at?.getTime() ?? 0;
}
function O(e, t) {
	e.includes(t) || e.push(t);
}
var Ge = {
	text: "",
	verdict: "",
	portal: "",
	finding: "",
	attention: !1
};
function Ke(e) {
	return e.verdict === "failure" || e.findings.length > 0;
}
function qe(e, t, n, r) {
	let i = $e(t.text).split(/\s+/).filter(Boolean), a = e.filter((e) => (!t.verdict || e.verdict === t.verdict) && (!t.portal || e.portal === t.portal) && (!t.finding || e.findings.some((e) => e.kind === t.finding)) && (!t.attention || Ke(e)) && i.every((t) => $e(`${e.name ?? ""} ${e.organization ?? ""} ${e.id} ${e.portal}`).includes(t))), o = new Intl.Collator(r, {
		numeric: !0,
		sensitivity: "base"
	}), s = (e, t) => o.compare(Qe(e), Qe(t)), c = n.descending ? -1 : 1;
	return a.sort((e, t) => c * Ye(e, t, n.column, s) || s(e, t));
}
var Je = {
	failure: 0,
	unknown: 1,
	none: 2,
	success: 3
};
function Ye(e, t, n, r) {
	return n === "verdict" ? Xe(e) - Xe(t) : n === "last" ? Ze(e) - Ze(t) : n === "items" ? (e.history[0]?.total ?? -1) - (t.history[0]?.total ?? -1) : n === "next" ? (e.nextRun?.getTime() ?? Infinity) - (t.nextRun?.getTime() ?? Infinity) || 0 : n === "findings" ? e.findings.length - t.findings.length : r(e, t);
}
function Xe(e) {
	return Je[e.verdict] + (e.findings.length ? 0 : .5);
}
function Ze(e) {
	return e.history[0]?.at?.getTime() ?? 0;
}
function Qe(e) {
	return e.name ?? `\uffff${e.id}`;
}
function $e(e) {
	return e.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
// src/safe.ts
var et = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/g, tt = 500;
function k(e, t = tt) {
	if (e == null) return "";
	let n = (typeof e == "string" ? e : typeof e == "object" ? JSON.stringify(e) : String(e)).replace(et, " ").trim();
	return n.length > t ? `${n.slice(0, t - 1)}…` : n;
}
function nt(e) {
	if (typeof e != "string") return null;
	try {
		let t = new URL(e.trim());
		return (t.protocol === "https:" || t.protocol === "http:") && !t.username && !t.password ? t.href : null;
	} catch {
		return null;
	}
}
// src/style.css?inline
var rt = ".hv{--hv-bg:var(--chakra-colors-bg,Canvas);--hv-fg:var(--chakra-colors-fg,CanvasText);--hv-muted:var(--chakra-colors-fg-muted,GrayText);--hv-line:var(--chakra-colors-border,#d4d4d8);--hv-soft:color-mix(in srgb, var(--hv-fg) 5%, transparent);--hv-good:var(--chakra-colors-green-fg,#116932);--hv-good-soft:var(--chakra-colors-green-subtle,#dcfce7);--hv-good-solid:var(--chakra-colors-green-solid,#16a34a);--hv-bad:var(--chakra-colors-red-fg,#991919);--hv-bad-soft:var(--chakra-colors-red-subtle,#fee2e2);--hv-bad-solid:var(--chakra-colors-red-solid,#dc2626);--hv-warn:var(--chakra-colors-orange-fg,#92310a);--hv-warn-soft:var(--chakra-colors-orange-subtle,#ffedd5);--hv-warn-solid:var(--chakra-colors-orange-solid,#ea580c);--hv-calm-soft:color-mix(in srgb, var(--hv-fg) 10%, transparent);--hv-calm-solid:color-mix(in srgb, var(--hv-fg) 35%, transparent);--hv-busy:var(--chakra-colors-blue-fg,#173da6);--hv-busy-soft:var(--chakra-colors-blue-subtle,#dbeafe);--hv-link:var(--chakra-colors-blue-fg,#173da6);--hv-focus:var(--chakra-colors-blue-focus-ring,#3b82f6);color:var(--hv-fg);max-width:90rem;height:100%;padding:1rem;font-size:.875rem;line-height:1.5;overflow:auto;container-type:inline-size}.hv time{white-space:nowrap}.hv h1{overflow-wrap:anywhere;margin:0;font-size:1.375rem;font-weight:600;line-height:1.3}.hv h2{overflow-wrap:anywhere;min-width:0;margin:0;font-size:1.125rem;font-weight:600}.hv h3{overflow-wrap:anywhere;min-width:0;margin:0;font-size:.9375rem;font-weight:600}.hv .hv-card>h2{margin:0 0 .5rem;font-size:.9375rem}.hv p{margin:0 0 .5rem}.hv ul,.hv ol{margin:0;padding:0;list-style:none}.hv code{font-family:var(--chakra-fonts-mono,monospace);overflow-wrap:anywhere;font-size:.92em}.hv :focus-visible{outline:2px solid var(--hv-focus);outline-offset:2px;border-radius:3px}.hv h1:focus-visible{outline:none}.hv-muted,.hv .hv-sub{color:var(--hv-muted)}.hv-hidden{clip-path:inset(50%);white-space:nowrap;width:1px;height:1px;position:absolute;overflow:hidden}.hv-right{margin-inline-start:auto}.hv-text-bad{color:var(--hv-bad)}.hv-foreign{overflow-wrap:anywhere}.hv-link{color:var(--hv-link);text-underline-offset:2px;text-decoration:underline}.hv-link:hover{text-decoration-thickness:2px}.hv-head{flex-wrap:wrap;align-items:center;gap:.5rem .75rem;margin-bottom:.75rem;display:flex}.hv-links{flex-wrap:wrap;gap:.25rem 1rem;margin-inline-start:auto;display:flex}.hv-button{border:1px solid var(--hv-line);background:var(--hv-bg);color:var(--hv-fg);cursor:pointer;border-radius:6px;padding:.125rem .625rem;font-size:.8125rem}.hv-button:hover{background:var(--hv-soft)}.hv-button:disabled{opacity:.6;cursor:default}.hv-notice{border-inline-start:3px solid;border-radius:4px;margin-bottom:.75rem;padding:.5rem .75rem}.hv-info{border-color:var(--hv-busy);background:var(--hv-busy-soft)}.hv-warn{border-color:var(--hv-warn-solid);background:var(--hv-warn-soft)}.hv-bad{border-color:var(--hv-bad-solid);background:var(--hv-bad-soft)}.hv-badge{white-space:nowrap;border-radius:999px;align-items:center;gap:.3rem;margin:1px 2px 1px 0;padding:.0625rem .5rem;font-size:.8125rem;font-weight:500;display:inline-flex}.hv-mark{font-weight:700}.hv-tone-good{color:var(--hv-good);background:var(--hv-good-soft)}.hv-tone-bad{color:var(--hv-bad);background:var(--hv-bad-soft)}.hv-tone-warn{color:var(--hv-warn);background:var(--hv-warn-soft)}.hv-tone-calm{color:var(--hv-fg);background:var(--hv-calm-soft)}.hv-tone-busy{color:var(--hv-busy);background:var(--hv-busy-soft)}.hv-new{color:var(--hv-bad);font-weight:600}.hv-card{border:1px solid var(--hv-line);background:var(--hv-bg);border-radius:8px;margin-bottom:.75rem;padding:.875rem 1rem}.hv-edge-good{border-inline-start:4px solid var(--hv-good-solid)}.hv-edge-bad{border-inline-start:4px solid var(--hv-bad-solid)}.hv-edge-warn{border-inline-start:4px solid var(--hv-warn-solid)}.hv-nested{margin-top:1rem}.hv .hv-list li{overflow-wrap:anywhere;padding:.25rem 0}.hv .hv-list li+li{border-top:1px solid var(--hv-line)}.hv-facts{grid-template-columns:repeat(auto-fill,minmax(13rem,1fr));gap:.5rem 1rem;margin:.75rem 0 0;display:grid}.hv-facts dt{color:var(--hv-muted);font-size:.8125rem}.hv-facts dd{overflow-wrap:anywhere;margin:0}.hv-advice{background:var(--hv-soft);border-radius:4px;margin:.25rem 0 .5rem;padding:.375rem .625rem}.hv-group{padding:.375rem 0}.hv-group+.hv-group{border-top:1px solid var(--hv-line)}.hv-group summary{cursor:pointer;overflow-wrap:anywhere}.hv-group .hv-list{padding-inline-start:1.25rem}.hv-count{white-space:nowrap;font-weight:600}.hv .hv-log{margin-top:.75rem}.hv .hv-log li{overflow-wrap:anywhere;padding:.125rem 0}.hv .hv-log li:last-child{font-weight:600}.hv-items{margin:0}.hv-bar{background:var(--hv-calm-soft);border-radius:3px;gap:1px;height:6px;display:flex;overflow:hidden}.hv-bar span{min-width:3px}.hv-bar-large{border-radius:5px;height:18px;margin-bottom:.5rem}.hv .hv-legend{flex-wrap:wrap;gap:.25rem 1.25rem;display:flex}.hv-zero{color:var(--hv-muted)}.hv-dot{border-radius:2px;width:10px;height:10px;margin-inline-end:.25rem;display:inline-block}.hv-fill-done{background:var(--hv-good-solid)}.hv-fill-failed{background:var(--hv-bad-solid)}.hv-fill-skipped{background:var(--hv-calm-solid)}.hv-fill-archived{background:var(--hv-warn-solid)}.hv-svg-done,.hv-path-good{fill:var(--hv-good-solid)}.hv-svg-failed,.hv-path-bad{fill:var(--hv-bad-solid)}.hv-svg-skipped{fill:var(--hv-calm-solid)}.hv-svg-archived{fill:var(--hv-warn-solid)}.hv-smallbar{min-width:6rem;max-width:11rem}.hv-numbers{white-space:nowrap;font-variant-numeric:tabular-nums}.hv-spark{display:block}.hv-chart{width:100%;max-height:15rem;margin-bottom:.75rem}.hv-grid{stroke:var(--hv-line);stroke-width:1px}.hv-axis{fill:var(--hv-muted);font-size:11px}.hv-cross{fill:var(--hv-bad);font-size:11px;font-weight:700}.hv .hv-tiles{grid-template-columns:repeat(auto-fit,minmax(8rem,1fr));gap:.5rem;margin-bottom:.75rem;display:grid}.hv .hv-tiles li{border:1px solid var(--hv-line);color:var(--hv-muted);background:var(--hv-bg);border-radius:8px;padding:.5rem .75rem}.hv .hv-tiles .hv-edge-good{border-inline-start:4px solid var(--hv-good-solid)}.hv .hv-tiles .hv-edge-bad{border-inline-start:4px solid var(--hv-bad-solid)}.hv .hv-tiles .hv-edge-warn{border-inline-start:4px solid var(--hv-warn-solid)}.hv-tiles strong{color:var(--hv-fg);font-size:1.375rem;line-height:1.3;display:block}.hv-filters{flex-wrap:wrap;align-items:end;gap:.5rem .75rem;margin-bottom:.5rem;display:flex}.hv-filters label>span{color:var(--hv-muted);font-size:.8125rem;display:block}.hv-filters input[type=search],.hv-filters select{border:1px solid var(--hv-line);background:var(--hv-bg);color:var(--hv-fg);border-radius:6px;min-width:11rem;height:2.125rem;padding:.25rem .5rem}.hv-filters input[type=search]{min-width:17rem}.hv-filters .hv-check{align-items:center;gap:.375rem;padding-bottom:.3rem;display:flex}.hv-filters .hv-check span{color:var(--hv-fg);font-size:.875rem}.hv-table{border-collapse:collapse;width:100%}.hv-table th,.hv-table td{text-align:start;vertical-align:middle;border-bottom:1px solid var(--hv-line);padding:.375rem .625rem;font-weight:400}.hv-table thead th{color:var(--hv-muted);white-space:nowrap;background:var(--hv-soft);font-size:.8125rem;font-weight:600}.hv-table thead button{font:inherit;color:inherit;cursor:pointer;background:0 0;border:0;padding:0}.hv-table tbody th{min-width:13rem}.hv-table tbody tr:hover{background:var(--hv-soft)}.hv-open{color:var(--hv-link);cursor:pointer;text-align:start;overflow-wrap:anywhere;background:0 0;border:0;padding:0;font-weight:600;display:block}.hv-open:hover{text-decoration:underline}.hv-sub{font-size:.8125rem;display:block}.hv-dags{overflow-wrap:anywhere;min-width:9.5rem;font-size:.8125rem;display:block}.hv-small{font-size:.8125rem}.hv-empty{border:1px dashed var(--hv-line);border-radius:8px;max-width:42rem;padding:1.25rem 1.5rem}.hv-empty h2{margin-bottom:.5rem}.hv .hv-empty ul{margin-bottom:.5rem;padding-inline-start:1.25rem;list-style:outside}@container (width<=46rem){.hv-table thead{clip-path:inset(50%);width:1px;height:1px;position:absolute;overflow:hidden}.hv-table,.hv-table tbody,.hv-table tr,.hv-table tbody th,.hv-table td{display:block}.hv-table tr{border:1px solid var(--hv-line);border-radius:8px;margin-bottom:.5rem;padding:.375rem .25rem}.hv-table tbody th,.hv-table td{border:0;min-width:0;padding:.1875rem .5rem}.hv-table td{flex-wrap:wrap;align-items:center;gap:.5rem;display:flex}.hv-table td:before{content:attr(data-label);color:var(--hv-muted);flex:0 0 6.5rem;font-size:.8125rem}.hv-filters input[type=search],.hv-filters select{width:100%;min-width:0}.hv-filters label{flex:10rem}}", { words: A } = S;
function it({ children: e, label: t }) {
	return /* @__PURE__ */ React.createElement("section", {
		className: "hv",
		lang: S.code,
		"aria-label": t
	}, /* @__PURE__ */ React.createElement("style", null, rt), /* @__PURE__ */ React.createElement(at, null, e));
}
var at = class extends React.Component {
	state = { broken: !1 };
	static getDerivedStateFromError() {
		return { broken: !0 };
	}
	componentDidCatch(e) {
		console.error("harvest pages:", e);
	}
	render() {
		return this.state.broken ? /* @__PURE__ */ React.createElement(j, { kind: "bad" }, A.error.script) : this.props.children;
	}
};
function j({ kind: e, children: t }) {
	return /* @__PURE__ */ React.createElement("div", {
		className: `hv-notice hv-${e}`,
		role: e === "bad" ? "alert" : "status"
	}, t);
}
function M({ to: e, children: t }) {
	let n = nt(e);
	return n ? /* @__PURE__ */ React.createElement("a", {
		className: "hv-link",
		href: n,
		target: "_blank",
		rel: "noopener noreferrer"
	}, t, /* @__PURE__ */ React.createElement("span", { "aria-hidden": "true" }, " ↗")) : /* @__PURE__ */ React.createElement(React.Fragment, null, t);
}
function N({ value: e, ago: t = !1, now: n }) {
	let r = e instanceof Date ? e : x(e);
	if (!r) return /* @__PURE__ */ React.createElement(React.Fragment, null, "—");
	let i = t ? S.ago(r, n ?? /* @__PURE__ */ new Date()) : S.moment(r), a = t ? `${S.moment(r)} · ${S.utc(r)}` : S.utc(r);
	return /* @__PURE__ */ React.createElement("time", {
		dateTime: r.toISOString(),
		title: a
	}, i);
}
function ot({ schedule: e, next: t, ago: n = !1, now: r }) {
	if (!e) return /* @__PURE__ */ React.createElement("span", { title: A.noNextRun }, "—");
	if (!t) return /* @__PURE__ */ React.createElement(L, { longest: 40 }, e);
	let i = n ? S.ago(t, r ?? /* @__PURE__ */ new Date()) : S.moment(t), a = `${S.moment(t)} · ${S.utc(t)} · ${A.cron(k(e, 40))}`;
	return /* @__PURE__ */ React.createElement("time", {
		dateTime: t.toISOString(),
		title: a
	}, i);
}
function P({ path: e, children: t }) {
	return /* @__PURE__ */ React.createElement("a", {
		className: "hv-link",
		href: new URL(e, document.baseURI).href
	}, t);
}
var st = {
	good: "✓",
	bad: "✕",
	warn: "!",
	calm: "–",
	busy: "…"
};
function F({ tone: e, children: t, title: n }) {
	return /* @__PURE__ */ React.createElement("span", {
		className: `hv-badge hv-tone-${e}`,
		title: n
	}, /* @__PURE__ */ React.createElement("span", {
		className: "hv-mark",
		"aria-hidden": "true"
	}, st[e]), t);
}
function ct({ verdict: e }) {
	let t = e === "success" ? "good" : e === "failure" ? "bad" : "calm";
	return /* @__PURE__ */ React.createElement(F, { tone: t }, A.verdict[e]);
}
function I({ title: e, children: t, tone: n }) {
	return /* @__PURE__ */ React.createElement("section", { className: `hv-card ${n ? `hv-edge-${n}` : ""}` }, /* @__PURE__ */ React.createElement("h2", null, e), t);
}
function L({ children: e, longest: t }) {
	return /* @__PURE__ */ React.createElement("bdi", { className: "hv-foreign" }, k(e, t));
}
function R({ rows: e }) {
	let t = e.filter(([, e]) => e != null && e !== "");
	return /* @__PURE__ */ React.createElement("dl", { className: "hv-facts" }, t.map(([e, t]) => /* @__PURE__ */ React.createElement("div", { key: e }, /* @__PURE__ */ React.createElement("dt", null, e), /* @__PURE__ */ React.createElement("dd", null, t))));
}
// src/parts/loading.tsx
var { words: z } = S;
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
	}, z.loading) : /* @__PURE__ */ React.createElement(j, { kind: "bad" }, lt(e.error, t), " ", /* @__PURE__ */ React.createElement("button", {
		type: "button",
		className: "hv-button",
		onClick: e.again
	}, z.reload));
}
function lt(t, n) {
	return t instanceof e ? t.status === 404 && n ? n : t.status === 0 || t.status === 401 || t.status === 403 || t.status === 404 ? z.error[t.status] : z.error.other(String(t.status)) : z.error.script;
}
// src/parts/now.tsx
var { words: H } = S, ut = 8;
function dt({ tasks: e, sources: t, isPart: n }) {
	if (!e.length) return null;
	let r = /* @__PURE__ */ new Date(), i = new Map(t.map((e) => [e.id, e.name ?? e.id])), a = e.length - ut;
	return /* @__PURE__ */ React.createElement(I, { title: `${H.now} (${S.number(e.length)})` }, /* @__PURE__ */ React.createElement("ul", { className: "hv-list" }, e.slice(0, ut).map((e) => /* @__PURE__ */ React.createElement("li", { key: `${e.dagId} ${e.runId} ${e.taskId} ${e.mapIndex}` }, /* @__PURE__ */ React.createElement(F, { tone: "busy" }, H.nowState[e.state] ?? k(e.state, 40)), " ", /* @__PURE__ */ React.createElement(P, { path: o(e) }, `${k(e.dagId, 60)} · ${k(e.taskId, 60)}`), " ", /* @__PURE__ */ React.createElement(L, { longest: 90 }, e.sourceId ? i.get(e.sourceId.toLowerCase()) ?? e.sourceId : H.wholePortal), " ", /* @__PURE__ */ React.createElement("span", { className: "hv-muted" }, /* @__PURE__ */ React.createElement(N, {
		value: e.since,
		ago: !0,
		now: r
	}))))), a > 0 && /* @__PURE__ */ React.createElement("p", { className: "hv-muted" }, H.nowMore(S.number(a))), n && /* @__PURE__ */ React.createElement("p", { className: "hv-muted" }, H.nowPart));
}
// src/parts/items.tsx
var { words: U } = S;
function W(e) {
	let t = s.filter((t) => e.items[t] > 0);
	return t.length ? t.map((t) => `${S.number(e.items[t])} ${U.item[t]}`).join(", ") : U.noItems;
}
function ft({ harvest: e }) {
	let t = s.reduce((t, n) => t + e.items[n], 0);
	return /* @__PURE__ */ React.createElement("figure", { className: "hv-items" }, /* @__PURE__ */ React.createElement("div", {
		className: "hv-bar hv-bar-large",
		role: "img",
		"aria-label": W(e)
	}, t > 0 && /* @__PURE__ */ React.createElement(mt, { harvest: e })), /* @__PURE__ */ React.createElement("figcaption", null, /* @__PURE__ */ React.createElement("ul", { className: "hv-legend" }, s.map((t) => /* @__PURE__ */ React.createElement("li", {
		key: t,
		className: e.items[t] ? "" : "hv-zero"
	}, /* @__PURE__ */ React.createElement("span", {
		className: `hv-dot hv-fill-${t}`,
		"aria-hidden": "true"
	}), /* @__PURE__ */ React.createElement("strong", null, S.number(e.items[t])), " ", U.item[t])))));
}
function pt({ harvest: e }) {
	let { done: t, failed: n, archived: r } = e.items;
	return /* @__PURE__ */ React.createElement("div", {
		className: "hv-smallbar",
		title: W(e)
	}, /* @__PURE__ */ React.createElement("span", { className: "hv-numbers" }, S.number(t), n > 0 && /* @__PURE__ */ React.createElement("span", { className: "hv-text-bad" }, " · ", S.number(n), " ✕"), r > 0 && /* @__PURE__ */ React.createElement("span", { className: "hv-muted" }, " · ", S.number(r), " ⌫"), /* @__PURE__ */ React.createElement("span", { className: "hv-hidden" }, " (", W(e), ")")), /* @__PURE__ */ React.createElement("span", {
		className: "hv-bar",
		"aria-hidden": "true"
	}, /* @__PURE__ */ React.createElement(mt, { harvest: e })));
}
function mt({ harvest: e }) {
	return /* @__PURE__ */ React.createElement(React.Fragment, null, s.filter((t) => e.items[t] > 0).map((t) => /* @__PURE__ */ React.createElement("span", {
		key: t,
		className: `hv-fill-${t}`,
		style: { flexGrow: e.items[t] }
	})));
}
var ht = 30, gt = 4, _t = 20;
function vt({ history: e }) {
	let t = e.slice(0, ht).reverse();
	if (!t.length) return /* @__PURE__ */ React.createElement("span", { className: "hv-muted" }, U.noHistory);
	let n = Math.max(1, ...t.map((e) => e.total)), r = (e) => t.map((t, r) => {
		if (t.outcome === "success" !== e) return "";
		let i = Math.max(3, Math.round(t.total / n * _t));
		return `M${r * gt + 1} ${_t}v-${i}h3v${i}z`;
	}).join(""), i = t.filter((e) => e.outcome !== "success").length;
	return /* @__PURE__ */ React.createElement("svg", {
		className: "hv-spark",
		width: 121,
		height: _t,
		role: "img",
		"aria-label": U.historyOf(S.number(t.length), S.number(i))
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
function yt({ history: e }) {
	let t = e.slice(0, 60).reverse(), n = Math.max(1, ...t.map((e) => s.reduce((t, n) => t + e.items[n], 0))), r = {
		width: G.width - G.left,
		height: G.height - G.bottom - 8
	}, i = Math.min(28, r.width / Math.max(t.length, 1)), a = (e) => 8 + r.height * (1 - e / n), o = t[0]?.at, c = t[t.length - 1]?.at, l = G.width - i * t.length;
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
	}, S.number(Math.round(e))))), t.map((e, t) => {
		let n = 0;
		return /* @__PURE__ */ React.createElement("g", { key: e.jobId ?? t }, /* @__PURE__ */ React.createElement("title", null, `${e.at ? S.moment(e.at) : "—"}: ${W(e)}`), s.map((r) => {
			let o = n;
			n += e.items[r];
			let s = a(o) - a(n);
			return s > 0 ? /* @__PURE__ */ React.createElement("rect", {
				key: r,
				className: `hv-svg-${r}`,
				x: l + t * i + 1,
				width: Math.max(1, i - 2),
				y: a(n),
				height: s
			}) : null;
		}), e.outcome === "failure" && /* @__PURE__ */ React.createElement("text", {
			className: "hv-cross",
			x: l + (t + .5) * i,
			y: Math.max(8, a(n) - 3),
			textAnchor: "middle"
		}, "✕"));
	}), o && c && t.length > 1 && /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("text", {
		className: "hv-axis",
		x: Math.min(l, G.width - 230),
		y: G.height - 4
	}, S.moment(o)), /* @__PURE__ */ React.createElement("text", {
		className: "hv-axis",
		x: G.width,
		y: G.height - 4,
		textAnchor: "end"
	}, S.moment(c))));
}
// src/parts/report.tsx
var { words: K } = S, bt = /* @__PURE__ */ new Set([
	"failing",
	"stuck",
	"newly_archived",
	"vanishing"
]);
function xt(e) {
	return bt.has(e) ? "bad" : "warn";
}
function St({ finding: e }) {
	return /* @__PURE__ */ React.createElement(F, {
		tone: xt(e.kind),
		title: k(e.detail)
	}, K.finding[e.kind] ?? k(e.kind, 40));
}
function Ct({ report: e, title: t, quiet: n }) {
	return /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("header", { className: "hv-head" }, /* @__PURE__ */ React.createElement(F, { tone: e.findings.length ? "warn" : "good" }, S.number(e.findings.length)), /* @__PURE__ */ React.createElement("h2", null, t)), /* @__PURE__ */ React.createElement("p", { className: "hv-muted" }, K.checkedAt, " ", /* @__PURE__ */ React.createElement(N, { value: e.at }), e.sources !== null && /* @__PURE__ */ React.createElement(React.Fragment, null, " · ", K.sourcesChecked(S.number(e.sources)))), e.incomplete && /* @__PURE__ */ React.createElement(j, { kind: "warn" }, K.incomplete, " ", /* @__PURE__ */ React.createElement(L, null, e.incomplete)), e.findings.length ? /* @__PURE__ */ React.createElement(I, { title: K.findings }, /* @__PURE__ */ React.createElement(wt, {
		findings: e.findings,
		named: !0
	})) : /* @__PURE__ */ React.createElement(j, { kind: "info" }, n));
}
function wt({ findings: e, named: t = !1 }) {
	return /* @__PURE__ */ React.createElement("ul", { className: "hv-list" }, e.map((e, n) => /* @__PURE__ */ React.createElement("li", { key: n }, /* @__PURE__ */ React.createElement(St, { finding: e }), " ", t && /* @__PURE__ */ React.createElement(M, { to: e.adminUrl }, /* @__PURE__ */ React.createElement(L, { longest: 120 }, e.sourceName ?? e.sourceId)), " ", /* @__PURE__ */ React.createElement(L, null, e.detail), " ", e.since && /* @__PURE__ */ React.createElement("span", { className: "hv-muted" }, K.foundSince, " ", /* @__PURE__ */ React.createElement(N, { value: e.since })), " ", e.isNew && /* @__PURE__ */ React.createElement("span", { className: "hv-new" }, K.isNew), " ", e.task && /* @__PURE__ */ React.createElement(P, { path: o(e.task) }, K.openReport))));
}
// src/views/SourcesTable.tsx
var { words: q } = S;
function Tt({ sources: e, order: t, onSort: n, onOpen: r }) {
	let i = /* @__PURE__ */ new Date(), a = (e) => {
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
	return /* @__PURE__ */ React.createElement("table", { className: "hv-table" }, /* @__PURE__ */ React.createElement("caption", { className: "hv-hidden" }, q.title), /* @__PURE__ */ React.createElement("thead", null, /* @__PURE__ */ React.createElement("tr", null, a("source"), a("verdict"), a("last"), a("items"), /* @__PURE__ */ React.createElement("th", { scope: "col" }, q.columns.history), a("next"), a("findings"), /* @__PURE__ */ React.createElement("th", { scope: "col" }, q.columns.dags))), /* @__PURE__ */ React.createElement("tbody", null, e.map((e) => /* @__PURE__ */ React.createElement(Et, {
		key: e.key,
		source: e,
		now: i,
		onOpen: r
	}))));
}
var Et = React.memo(function({ source: e, now: t, onOpen: n }) {
	let r = e.history[0];
	return /* @__PURE__ */ React.createElement("tr", null, /* @__PURE__ */ React.createElement("th", { scope: "row" }, /* @__PURE__ */ React.createElement("button", {
		type: "button",
		className: "hv-open",
		onClick: () => n(e.key)
	}, e.name ? /* @__PURE__ */ React.createElement(L, { longest: 90 }, e.name) : /* @__PURE__ */ React.createElement("code", null, e.id)), /* @__PURE__ */ React.createElement("span", { className: "hv-sub" }, /* @__PURE__ */ React.createElement(L, { longest: 80 }, e.organization ?? e.portal))), /* @__PURE__ */ React.createElement("td", { "data-label": q.columns.verdict }, /* @__PURE__ */ React.createElement(ct, { verdict: e.verdict }), e.now.length > 0 && /* @__PURE__ */ React.createElement(F, { tone: "busy" }, q.waitedFor)), /* @__PURE__ */ React.createElement("td", { "data-label": q.columns.last }, r ? /* @__PURE__ */ React.createElement(N, {
		value: r.at,
		ago: !0,
		now: t
	}) : "—"), /* @__PURE__ */ React.createElement("td", { "data-label": q.columns.items }, r?.isCounted ? /* @__PURE__ */ React.createElement(pt, { harvest: r }) : "—"), /* @__PURE__ */ React.createElement("td", { "data-label": q.columns.history }, /* @__PURE__ */ React.createElement(vt, { history: e.history })), /* @__PURE__ */ React.createElement("td", { "data-label": q.columns.next }, e.state && q.states[e.state] ? /* @__PURE__ */ React.createElement("span", { className: "hv-muted" }, q.states[e.state]) : /* @__PURE__ */ React.createElement(ot, {
		schedule: e.schedule,
		next: e.nextRun,
		ago: !0,
		now: t
	})), /* @__PURE__ */ React.createElement("td", { "data-label": q.columns.findings }, e.findings.length ? e.findings.map((e) => /* @__PURE__ */ React.createElement(St, {
		key: e.kind,
		finding: e
	})) : "—"), /* @__PURE__ */ React.createElement("td", { "data-label": q.columns.dags }, /* @__PURE__ */ React.createElement(Ot, { ids: [.../* @__PURE__ */ new Set([...e.runBy, ...e.followedBy])] })));
}), Dt = 3;
function Ot({ ids: e }) {
	if (!e.length) return /* @__PURE__ */ React.createElement(React.Fragment, null, "—");
	let t = e.slice(Dt);
	return /* @__PURE__ */ React.createElement("span", { className: "hv-dags" }, e.slice(0, Dt).map((e, t) => /* @__PURE__ */ React.createElement(React.Fragment, { key: e }, t > 0 && ", ", /* @__PURE__ */ React.createElement(P, { path: `dags/${encodeURIComponent(e)}` }, k(e, 60)))), t.length > 0 && /* @__PURE__ */ React.createElement("span", { title: t.map((e) => k(e, 60)).join(", ") }, " ", q.nowMore(S.number(t.length))));
}
// src/model/failures.ts
var kt = [
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
function At(e) {
	return kt.find(([t]) => t.test(e))?.[1] ?? null;
}
function jt(e) {
	let t = /* @__PURE__ */ new Map();
	for (let n of e) {
		let e = Mt(n.message), r = t.get(e);
		r ? r.items.push(n) : t.set(e, {
			message: n.message,
			advice: At(n.message),
			items: [n]
		});
	}
	return [...t.values()].sort((e, t) => t.items.length - e.items.length);
}
function Mt(e) {
	return e.replace(/https?:\/\/\S+/g, "URL").replace(/"[^"]*"|'[^']*'|«[^»]*»/g, "…").replace(/\b[0-9a-f]{8,}\b|\d+/gi, "#").trim();
}
// src/parts/harvest.tsx
var { words: J } = S;
function Nt({ harvest: e, links: t, previous: n }) {
	let r = e.sourceName ?? (e.sourceId ? J.unnamed : J.previewOfConfig);
	return /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("header", { className: "hv-head" }, /* @__PURE__ */ React.createElement(ct, { verdict: e.outcome ?? "unknown" }), /* @__PURE__ */ React.createElement("h2", null, /* @__PURE__ */ React.createElement(L, { longest: 200 }, r)), /* @__PURE__ */ React.createElement("nav", {
		className: "hv-links",
		"aria-label": k(r, 80)
	}, /* @__PURE__ */ React.createElement(Pt, { to: t.sourceUrl }, J.sourcePage), /* @__PURE__ */ React.createElement(Pt, { to: e.jobUrl ?? t.jobUrl }, J.jobPage))), e.isOldSchema && /* @__PURE__ */ React.createElement(j, { kind: "info" }, J.oldSchema), e.isNewSchema && /* @__PURE__ */ React.createElement(j, { kind: "warn" }, J.newSchema), e.outcome === "failure" && /* @__PURE__ */ React.createElement(It, { harvest: e }), /* @__PURE__ */ React.createElement(I, { title: J.itemCounts }, /* @__PURE__ */ React.createElement(ft, { harvest: e }), e.newlyArchived !== null && e.newlyArchived > 0 && /* @__PURE__ */ React.createElement("p", null, J.newlyArchived(S.number(e.newlyArchived))), /* @__PURE__ */ React.createElement(Ft, { harvest: e })), /* @__PURE__ */ React.createElement(zt, {
		harvest: e,
		previous: n
	}), /* @__PURE__ */ React.createElement(Rt, {
		items: e.failedItems,
		all: e.items.failed
	}), e.errors.length > 0 && /* @__PURE__ */ React.createElement(I, {
		title: J.jobErrors,
		tone: "bad"
	}, /* @__PURE__ */ React.createElement("ul", { className: "hv-list" }, e.errors.map((e, t) => /* @__PURE__ */ React.createElement("li", { key: t }, /* @__PURE__ */ React.createElement(L, null, e), /* @__PURE__ */ React.createElement(Lt, { message: e }))))), e.skipReasons.length > 0 && /* @__PURE__ */ React.createElement(Vt, { reasons: e.skipReasons }), e.remoteIds && /* @__PURE__ */ React.createElement(Gt, { fates: e.remoteIds }));
}
function Pt({ to: e, children: t }) {
	return typeof e == "string" && e ? /* @__PURE__ */ React.createElement(M, { to: e }, t) : null;
}
function Ft({ harvest: e }) {
	return /* @__PURE__ */ React.createElement(R, { rows: [
		[J.started, e.started && /* @__PURE__ */ React.createElement(N, { value: e.started })],
		[J.ended, e.ended && /* @__PURE__ */ React.createElement(N, { value: e.ended })],
		[J.duration, e.duration === null ? null : S.duration(e.duration)],
		[J.nextRun, /* @__PURE__ */ React.createElement(ot, {
			key: "next",
			schedule: e.schedule,
			next: je(e.schedule, /* @__PURE__ */ new Date())
		})],
		[J.how, e.how ? J.hows[e.how] ?? k(e.how) : null],
		[J.portal, e.portal && /* @__PURE__ */ React.createElement(M, { to: e.portal }, k(e.portal.replace(/^https?:\/\//, "")))],
		[J.job, e.jobId && /* @__PURE__ */ React.createElement("code", null, k(e.jobId))]
	] });
}
function It({ harvest: e }) {
	let t = e.failureKind ? J.kinds[e.failureKind] : void 0;
	return /* @__PURE__ */ React.createElement(I, {
		title: J.why,
		tone: "bad"
	}, e.reasons.length > 0 && /* @__PURE__ */ React.createElement("ul", { className: "hv-list" }, e.reasons.map((e, t) => /* @__PURE__ */ React.createElement("li", { key: t }, /* @__PURE__ */ React.createElement(L, null, e)))), t && /* @__PURE__ */ React.createElement("p", null, /* @__PURE__ */ React.createElement("strong", null, J.whatToDo), " ", t));
}
function Lt({ message: e, given: t }) {
	let n = At(e), r = n ? J.advice[n] : t;
	return r ? /* @__PURE__ */ React.createElement("p", { className: "hv-advice" }, /* @__PURE__ */ React.createElement("strong", null, J.whatToDo), " ", n ? r : /* @__PURE__ */ React.createElement(L, null, r)) : null;
}
function Rt({ items: e, all: t }) {
	return e.length ? /* @__PURE__ */ React.createElement(I, {
		title: `${J.failedItems} (${S.number(Math.max(t, e.length))})`,
		tone: "bad"
	}, jt(e).map((e, t) => /* @__PURE__ */ React.createElement("details", {
		key: t,
		className: "hv-group",
		open: t === 0
	}, /* @__PURE__ */ React.createElement("summary", null, /* @__PURE__ */ React.createElement("span", { className: "hv-count" }, S.number(e.items.length), " ×"), " ", /* @__PURE__ */ React.createElement(L, null, e.message)), /* @__PURE__ */ React.createElement(Lt, {
		message: e.message,
		given: e.items[0]?.advice ?? null
	}), /* @__PURE__ */ React.createElement("ul", { className: "hv-list" }, e.items.map((e, t) => /* @__PURE__ */ React.createElement("li", { key: t }, /* @__PURE__ */ React.createElement("code", null, e.remoteId ? k(e.remoteId, 200) : J.noIdentifier), " ", /* @__PURE__ */ React.createElement(Pt, { to: e.remoteUrl }, J.openRecord), " ", /* @__PURE__ */ React.createElement(Pt, { to: e.datasetUrl }, J.openDataset), " ", e.isNew && /* @__PURE__ */ React.createElement("span", { className: "hv-new" }, J.isNew)))))), t > e.length && /* @__PURE__ */ React.createElement("p", { className: "hv-muted" }, J.shownOf(S.number(e.length), S.number(t)))) : null;
}
function zt({ harvest: e, previous: t }) {
	let n = l(e.changes), r = n ? Wt(n) : [];
	return !r.length && !t ? null : /* @__PURE__ */ React.createElement(I, { title: J.changes }, r.length > 0 && /* @__PURE__ */ React.createElement(R, { rows: r }), t && /* @__PURE__ */ React.createElement(Bt, {
		harvest: e,
		previous: t,
		isAll: !r.length
	}));
}
function Bt({ harvest: e, previous: t, isAll: n }) {
	let r = s.filter((n) => e.items[n] !== t.items[n]);
	return r.length ? /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("p", { className: "hv-muted" }, J.comparedWith, " (", /* @__PURE__ */ React.createElement(N, { value: t.ended ?? t.started }), ", ", W(t), "):"), /* @__PURE__ */ React.createElement("ul", { className: "hv-legend" }, r.map((n) => /* @__PURE__ */ React.createElement("li", { key: n }, /* @__PURE__ */ React.createElement("span", {
		className: `hv-dot hv-fill-${n}`,
		"aria-hidden": "true"
	}), /* @__PURE__ */ React.createElement("strong", { className: Ht(n, e, t) ? "hv-text-bad" : "" }, Ut(e.items[n] - t.items[n])), " ", J.item[n])))) : n ? /* @__PURE__ */ React.createElement("p", null, J.noChanges) : null;
}
function Vt({ reasons: e }) {
	return /* @__PURE__ */ React.createElement(I, {
		title: J.skipped,
		tone: "warn"
	}, /* @__PURE__ */ React.createElement("ul", { className: "hv-list" }, e.map(([e, t]) => /* @__PURE__ */ React.createElement("li", { key: e }, /* @__PURE__ */ React.createElement("span", { className: "hv-count" }, S.number(t), " ×"), " ", /* @__PURE__ */ React.createElement(L, null, e), /* @__PURE__ */ React.createElement(Lt, { message: e })))));
}
function Ht(e, t, n) {
	let r = t.items[e] > n.items[e];
	return e === "done" ? !r : r;
}
function Ut(e) {
	return e > 0 ? `+${S.number(e)}` : `−${S.number(-e)}`;
}
function Wt(e) {
	return Object.entries(e).flatMap(([e, t]) => {
		let n = J.change[e];
		return n ? typeof t == "number" ? t ? [[n, S.number(t)]] : [] : !Array.isArray(t) || !t.length ? [] : [[n, /* @__PURE__ */ React.createElement(L, { key: e }, `${S.number(t.length)}: ${t.slice(0, 10).map((e) => k(e, 80)).join(", ")}`)]] : [];
	});
}
function Gt({ fates: e }) {
	let t = {
		done: J.item.done,
		failed: J.item.failed,
		skipped: J.item.skipped,
		archived: J.item.archived,
		missing: J.missing
	}, n = Object.entries(t).flatMap(([t, n]) => {
		let r = e[t];
		if (typeof r == "number") return [[n, S.number(r)]];
		if (!Array.isArray(r) || !r.length) return [];
		let i = f(l(e.counts)?.[t]) ?? r.length, a = r.slice(0, 20).map((e) => k(e, 120));
		return [[`${n} (${S.number(i)})`, /* @__PURE__ */ React.createElement(L, {
			key: t,
			longest: 2e3
		}, a.join(", "))]];
	});
	return /* @__PURE__ */ React.createElement(I, { title: J.askedFor }, /* @__PURE__ */ React.createElement(R, { rows: n }));
}
// src/views/SourceView.tsx
var { words: Y } = S, Kt = 60;
function qt({ source: e, onBack: t }) {
	let n = React.useRef(null);
	return React.useEffect(() => n.current?.focus(), []), /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("p", null, /* @__PURE__ */ React.createElement("button", {
		type: "button",
		className: "hv-button",
		onClick: t
	}, "← ", Y.back)), /* @__PURE__ */ React.createElement("h1", {
		ref: n,
		tabIndex: -1
	}, e ? /* @__PURE__ */ React.createElement(L, { longest: 200 }, e.name ?? e.id) : Y.source), e ? /* @__PURE__ */ React.createElement(Jt, { source: e }) : /* @__PURE__ */ React.createElement(j, { kind: "warn" }, Y.sourceMissing));
}
function Jt({ source: e }) {
	let t = Yt(e), [n, r] = t;
	return /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("p", { className: "hv-muted" }, e.organization && /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement(L, { longest: 120 }, e.organization), " · "), /* @__PURE__ */ React.createElement(M, { to: n?.portal }, e.portal), " · ", /* @__PURE__ */ React.createElement("code", null, e.id), " ", typeof e.adminUrl == "string" && e.adminUrl && /* @__PURE__ */ React.createElement(M, { to: e.adminUrl }, Y.sourcePage)), /* @__PURE__ */ React.createElement("p", null, Y.labelled(Y.nextRun), e.state && Y.states[e.state] ? Y.states[e.state] : /* @__PURE__ */ React.createElement(ot, {
		schedule: e.schedule,
		next: e.nextRun
	})), /* @__PURE__ */ React.createElement(dt, {
		tasks: e.now,
		sources: [e],
		isPart: !1
	}), e.findings.length > 0 && /* @__PURE__ */ React.createElement(I, {
		title: Y.findings,
		tone: "warn"
	}, /* @__PURE__ */ React.createElement(wt, { findings: e.findings })), n ? /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement(I, { title: Y.history }, t.length > 1 && /* @__PURE__ */ React.createElement(yt, { history: t }), /* @__PURE__ */ React.createElement(Zt, { history: t })), /* @__PURE__ */ React.createElement("section", {
		className: "hv-nested",
		"aria-label": Y.viewLatest
	}, /* @__PURE__ */ React.createElement(Nt, {
		harvest: n,
		links: {
			sourceUrl: e.adminUrl,
			jobUrl: null
		},
		previous: r ?? null
	}))) : /* @__PURE__ */ React.createElement(j, { kind: "info" }, Y.noHarvestsOfSource), /* @__PURE__ */ React.createElement(I, { title: Y.dags }, e.runBy.length + e.followedBy.length ? /* @__PURE__ */ React.createElement("dl", { className: "hv-facts" }, /* @__PURE__ */ React.createElement(Xt, {
		title: Y.producers,
		ids: e.runBy
	}), /* @__PURE__ */ React.createElement(Xt, {
		title: Y.watchers,
		ids: e.followedBy
	})) : /* @__PURE__ */ React.createElement("p", { className: "hv-muted" }, Y.noDags)));
}
function Yt(e) {
	let t = B(e.key, (t) => e.assetIds.length ? ge(e.assetIds, t) : Promise.resolve([]), () => null);
	return React.useMemo(() => {
		if (!t.value?.length) return e.history;
		let n = E({
			...Ie,
			events: t.value
		}).find((t) => t.key === e.key)?.history ?? [], r = new Set(e.history.map((e) => e.jobId));
		return [...e.history, ...n.filter((e) => !r.has(e.jobId))].sort((e, t) => (t.at?.getTime() ?? 0) - (e.at?.getTime() ?? 0));
	}, [t.value, e]);
}
function Xt({ title: e, ids: t }) {
	return t.length ? /* @__PURE__ */ React.createElement("div", null, /* @__PURE__ */ React.createElement("dt", null, e), /* @__PURE__ */ React.createElement("dd", null, t.map((e, t) => /* @__PURE__ */ React.createElement("span", { key: e }, t > 0 && ", ", /* @__PURE__ */ React.createElement(P, { path: `dags/${encodeURIComponent(e)}` }, k(e, 80)))))) : null;
}
function Zt({ history: e }) {
	return /* @__PURE__ */ React.createElement("table", { className: "hv-table hv-small" }, /* @__PURE__ */ React.createElement("caption", { className: "hv-hidden" }, Y.history), /* @__PURE__ */ React.createElement("thead", null, /* @__PURE__ */ React.createElement("tr", null, /* @__PURE__ */ React.createElement("th", { scope: "col" }, Y.ended), /* @__PURE__ */ React.createElement("th", { scope: "col" }, Y.verdictColumn), /* @__PURE__ */ React.createElement("th", { scope: "col" }, Y.columns.items), /* @__PURE__ */ React.createElement("th", { scope: "col" }, Y.duration), /* @__PURE__ */ React.createElement("th", { scope: "col" }, Y.job))), /* @__PURE__ */ React.createElement("tbody", null, e.slice(0, Kt).map((e, t) => /* @__PURE__ */ React.createElement("tr", { key: e.jobId ?? t }, /* @__PURE__ */ React.createElement("th", { scope: "row" }, /* @__PURE__ */ React.createElement(N, { value: e.at })), /* @__PURE__ */ React.createElement("td", { "data-label": Y.verdictColumn }, /* @__PURE__ */ React.createElement(ct, { verdict: e.outcome ?? "unknown" })), /* @__PURE__ */ React.createElement("td", { "data-label": Y.columns.items }, e.isCounted ? W(e) : "—"), /* @__PURE__ */ React.createElement("td", { "data-label": Y.duration }, e.duration === null ? "—" : S.duration(e.duration)), /* @__PURE__ */ React.createElement("td", { "data-label": Y.job }, e.jobUrl ? /* @__PURE__ */ React.createElement(M, { to: e.jobUrl }, Y.portal) : "—", e.task && /* @__PURE__ */ React.createElement(React.Fragment, null, " · ", /* @__PURE__ */ React.createElement(P, { path: o(e.task) }, Y.openTask)))))));
}
// src/views/HarvestsPage.tsx
var { words: X } = S;
function Qt() {
	return /* @__PURE__ */ React.createElement(it, { label: X.title }, /* @__PURE__ */ React.createElement($t, null));
}
function $t() {
	let [e, t] = ReactRouterDOM.useSearchParams(), n = B("all", me, () => null), r = React.useMemo(() => n.value ? E(n.value.known) : [], [n.value]), i = e.get("source"), a = (n) => {
		let r = new URLSearchParams(e);
		n === null ? r.delete("source") : r.set("source", n), t(r), window.scrollTo(0, 0);
	};
	if (!n.value) return /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("h1", null, X.title), /* @__PURE__ */ React.createElement(V, { loading: n }));
	if (i !== null) {
		let e = r.find((e) => e.key === i);
		return /* @__PURE__ */ React.createElement(qt, {
			key: i,
			source: e ?? null,
			onBack: () => a(null)
		});
	}
	return /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("header", { className: "hv-head" }, /* @__PURE__ */ React.createElement("h1", null, X.title), /* @__PURE__ */ React.createElement("span", { className: "hv-muted hv-right" }, X.refreshed, " ", /* @__PURE__ */ React.createElement(N, { value: n.value.at }), " ", /* @__PURE__ */ React.createElement("button", {
		type: "button",
		className: "hv-button",
		onClick: n.again,
		disabled: n.isLoading
	}, X.reload))), n.error !== null && /* @__PURE__ */ React.createElement(V, { loading: n }), /* @__PURE__ */ React.createElement(en, { loaded: n.value }), /* @__PURE__ */ React.createElement(dt, {
		tasks: n.value.known.now,
		sources: r,
		isPart: n.value.isNowPart
	}), r.length ? /* @__PURE__ */ React.createElement(nn, {
		sources: r,
		onOpen: a
	}) : /* @__PURE__ */ React.createElement(tn, null));
}
function en({ loaded: e }) {
	let { shown: t } = e;
	return /* @__PURE__ */ React.createElement(React.Fragment, null, e.forbidden.map((e) => /* @__PURE__ */ React.createElement(j, {
		key: e,
		kind: "warn"
	}, X.partForbidden[e])), t.assets < t.allAssets && /* @__PURE__ */ React.createElement(j, { kind: "warn" }, X.partial.assets(S.number(t.assets), S.number(t.allAssets))), t.listed < t.allListed && /* @__PURE__ */ React.createElement(j, { kind: "warn" }, X.partial.listed(S.number(t.listed), S.number(t.allListed))), t.events < t.allEvents && /* @__PURE__ */ React.createElement(j, { kind: "info" }, X.partial.events(S.number(t.events), S.number(t.allEvents))));
}
function tn() {
	return /* @__PURE__ */ React.createElement("div", { className: "hv-empty" }, /* @__PURE__ */ React.createElement("h2", null, X.empty.title), /* @__PURE__ */ React.createElement("p", null, X.empty.text), /* @__PURE__ */ React.createElement("ul", null, /* @__PURE__ */ React.createElement("li", null, X.empty.watch), /* @__PURE__ */ React.createElement("li", null, X.empty.outlets), /* @__PURE__ */ React.createElement("li", null, X.empty.trigger)), /* @__PURE__ */ React.createElement("p", { className: "hv-muted" }, X.empty.examples));
}
function nn({ sources: e, onOpen: t }) {
	let [n, r] = React.useState(Ge), [i, a] = React.useState({
		column: "verdict",
		descending: !1
	}), o = React.useMemo(() => qe(e, n, i, S.code), [
		e,
		n,
		i
	]);
	return /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement(rn, { sources: e }), /* @__PURE__ */ React.createElement(an, {
		sources: e,
		filter: n,
		onChange: r
	}), /* @__PURE__ */ React.createElement("p", {
		className: "hv-muted",
		role: "status"
	}, X.shown(S.number(o.length), S.number(e.length))), o.length ? /* @__PURE__ */ React.createElement(Tt, {
		sources: o,
		order: i,
		onSort: (e) => a((t) => ({
			column: e,
			descending: t.column === e ? !t.descending : e === "last" || e === "items" || e === "findings"
		})),
		onOpen: t
	}) : /* @__PURE__ */ React.createElement(j, { kind: "info" }, X.noMatch, " ", /* @__PURE__ */ React.createElement("button", {
		type: "button",
		className: "hv-button",
		onClick: () => r(Ge)
	}, X.clearFilters)));
}
function rn({ sources: e }) {
	let t = (t) => S.number(e.filter(t).length), n = [
		[
			S.number(e.length),
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
function an({ sources: e, filter: t, onChange: n }) {
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
	}, X.finding[e] ?? k(e, 40))))), /* @__PURE__ */ React.createElement("label", { className: "hv-check" }, /* @__PURE__ */ React.createElement("input", {
		type: "checkbox",
		checked: t.attention,
		onChange: (e) => n({
			...t,
			attention: e.target.checked
		})
	}), /* @__PURE__ */ React.createElement("span", null, X.filterAttention, " (", S.number(e.filter(Ke).length), ")")));
}
// src/model/task.ts
var on = "harvest_result", sn = "harvest_health", cn = "harvest_guard", ln = /* @__PURE__ */ new Set([
	"success",
	"failed",
	"skipped",
	"upstream_failed",
	"removed"
]);
async function un(e, t) {
	let r = a(e), i = await n(e.mapIndex < 0 ? r : `${r}/${e.mapIndex}`, {}, t), o = await dn(e, t), s = ln.has(i.state ?? ""), c = i.operator_name ?? i.operator ?? "", l = re.test(c) || [
		on,
		sn,
		cn
	].some((e) => o.has(e)), [u, f, h, ee, g] = await Promise.all([
		on,
		sn,
		cn,
		"harvest_source_url",
		"harvest_job_url"
	].map(async (n) => o.has(n) ? ye(e, n, t) : void 0)), _ = {
		isOurs: l,
		state: i.state,
		startedAt: i.start_date,
		hasEnded: s,
		harvest: m(u),
		health: oe(f),
		guard: se(h),
		trouble: null,
		sourceId: d(i.rendered_fields?.source_id),
		sourceUrl: ee,
		jobUrl: g,
		messages: []
	}, te = [
		u,
		f,
		h
	].find((e) => e != null);
	return te === void 0 || _.harvest || _.health || _.guard || (_.trouble = typeof p(te) == "string" ? "reference" : "unreadable"), l && !s && i.state && (_.messages = await fn(e, i.try_number, t)), _;
}
async function dn(e, t) {
	let { entries: n } = await r(`${a(e)}/xcomEntries`, {
		map_index: e.mapIndex,
		xcom_key_pattern: "harvest"
	}, (e) => e.xcom_entries, 1, t);
	return new Set(n.map((e) => e.key));
}
async function fn(t, r, i) {
	try {
		let e = await n(`${a(t)}/logs/${r}`, {
			full_content: !0,
			map_index: t.mapIndex
		}, i);
		return (Array.isArray(e.content) ? e.content : []).filter((e) => typeof e == "object" && String(e.logger ?? "").includes("airflow_provider_harvest")).slice(-5).map((e) => ({
			at: d(e.timestamp),
			text: String(e.event ?? "")
		}));
	} catch (t) {
		if (t instanceof e) return [];
		throw t;
	}
}
async function pn(t, n, i) {
	try {
		let { entries: e } = await r("assets/events", {
			source_dag_id: t.dagId,
			source_task_id: t.taskId,
			order_by: "-timestamp"
		}, (e) => e.asset_events, 1, i);
		return e.map((e) => h(e.extra)).filter((e) => e?.sourceId === n.sourceId && e?.jobId !== n.jobId).filter((e) => (e?.ended ?? "") < (n.ended ?? ""))[0] ?? null;
	} catch (t) {
		if (t instanceof e) return null;
		throw t;
	}
}
// src/parts/guard.tsx
var { words: Z } = S;
function mn({ report: e }) {
	let t = e.rows.filter((e) => e.finding.kind !== "exposed" || e.missing > 0 || e.action), n = e.rows.filter((e) => e.isExposed);
	return /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("header", { className: "hv-head" }, /* @__PURE__ */ React.createElement(F, { tone: t.length ? "warn" : "good" }, S.number(t.length)), /* @__PURE__ */ React.createElement("h2", null, Z.guardOf(k(e.portal.replace(/^https?:\/\//, ""))))), /* @__PURE__ */ React.createElement("p", { className: "hv-muted" }, Z.checkedAt, " ", /* @__PURE__ */ React.createElement(N, { value: e.at }), e.sources !== null && /* @__PURE__ */ React.createElement(React.Fragment, null, " · ", Z.sourcesChecked(S.number(e.sources)))), e.incomplete && /* @__PURE__ */ React.createElement(j, { kind: "warn" }, Z.incomplete, " ", /* @__PURE__ */ React.createElement(L, null, e.incomplete)), t.length ? t.map((e, t) => /* @__PURE__ */ React.createElement(gn, {
		key: t,
		row: e
	})) : /* @__PURE__ */ React.createElement(j, { kind: "info" }, Z.guardQuiet), n.length > 0 && /* @__PURE__ */ React.createElement(I, { title: Z.finding.exposed ?? "" }, /* @__PURE__ */ React.createElement("p", null, Z.guard.exposed), /* @__PURE__ */ React.createElement("ul", { className: "hv-list" }, n.map((e, t) => /* @__PURE__ */ React.createElement("li", { key: t }, /* @__PURE__ */ React.createElement(hn, { row: e }))))));
}
function hn({ row: e }) {
	return /* @__PURE__ */ React.createElement(M, { to: e.finding.adminUrl }, /* @__PURE__ */ React.createElement(L, { longest: 120 }, e.finding.sourceName ?? e.finding.sourceId));
}
function gn({ row: e }) {
	let { guard: t } = Z;
	return /* @__PURE__ */ React.createElement("section", { className: `hv-card hv-edge-${e.isHeld ? "warn" : "bad"}` }, /* @__PURE__ */ React.createElement("header", { className: "hv-head" }, e.finding.kind !== "exposed" && /* @__PURE__ */ React.createElement(St, { finding: e.finding }), /* @__PURE__ */ React.createElement("h3", null, /* @__PURE__ */ React.createElement(hn, { row: e })), e.finding.organization && /* @__PURE__ */ React.createElement("span", { className: "hv-muted hv-foreign" }, k(e.finding.organization, 80))), e.missing > 0 && (S.code !== "en" || !e.finding.detail) && /* @__PURE__ */ React.createElement("p", null, t.missing(S.number(e.missing), e.records === null ? "?" : S.number(e.records))), e.finding.detail && /* @__PURE__ */ React.createElement("p", null, /* @__PURE__ */ React.createElement(L, null, e.finding.detail)), e.isHeld && /* @__PURE__ */ React.createElement("p", null, e.isOverdue ? t.overdue : t.held), !e.isHeld && e.mustHold && e.action !== "cannot_hold" && /* @__PURE__ */ React.createElement("p", null, t.mustHold), e.action === "cannot_hold" && /* @__PURE__ */ React.createElement("p", null, t.cannotHold, " ", /* @__PURE__ */ React.createElement(L, null, e.why)), e.action === "lifted" && /* @__PURE__ */ React.createElement("p", null, t.lifted), e.action === "expired" && /* @__PURE__ */ React.createElement("p", null, t.expired), !e.isHeld && e.firstArchivedAt && /* @__PURE__ */ React.createElement("p", null, t.archivedFrom, " ", /* @__PURE__ */ React.createElement(N, { value: e.firstArchivedAt }), " (", t.willArchive(S.number(e.willArchive)), ")"), e.missingRecords.length > 0 && /* @__PURE__ */ React.createElement(_n, { row: e }));
}
function _n({ row: e }) {
	return /* @__PURE__ */ React.createElement("details", { className: "hv-group" }, /* @__PURE__ */ React.createElement("summary", null, Z.guard.records(S.number(e.missingRecords.length), S.number(e.missing))), /* @__PURE__ */ React.createElement("ul", { className: "hv-list" }, e.missingRecords.map((t, n) => /* @__PURE__ */ React.createElement("li", { key: n }, /* @__PURE__ */ React.createElement(M, { to: t.url }, /* @__PURE__ */ React.createElement(L, { longest: 120 }, t.title ?? t.remoteId ?? Z.noIdentifier)), " ", t.archivedAt && !e.isHeld && /* @__PURE__ */ React.createElement("span", { className: "hv-muted" }, Z.guard.archivedOn, " ", /* @__PURE__ */ React.createElement(N, { value: t.archivedAt }))))));
}
// src/views/AssetTab.tsx
var { words: Q } = S;
function vn({ assetId: e }) {
	let t = B(e, (t) => bn(e, t), () => null);
	if (!t.value) return /* @__PURE__ */ React.createElement(V, {
		loading: t,
		notFound: Q.asset.gone
	});
	let { asset: n, sources: r } = t.value, i = T(n.uri);
	if (!n.uri.startsWith("harvest://")) return /* @__PURE__ */ React.createElement(j, { kind: "info" }, Q.asset.notOurs);
	if (i) {
		let e = r.find((e) => e.key === `${w(i.place)}/${i.id}`);
		return e ? /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("h1", null, /* @__PURE__ */ React.createElement(L, { longest: 200 }, e.name ?? e.id)), /* @__PURE__ */ React.createElement(Jt, { source: e })) : null;
	}
	return r.length ? /* @__PURE__ */ React.createElement(yn, {
		portal: Le(n.uri),
		sources: r
	}) : /* @__PURE__ */ React.createElement(j, { kind: "info" }, Q.asset.nothingYet);
}
function yn({ portal: e, sources: t }) {
	let [n, r] = React.useState(null), i = t.find((e) => e.key === n);
	return i ? /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("p", null, /* @__PURE__ */ React.createElement("button", {
		type: "button",
		className: "hv-button",
		onClick: () => r(null)
	}, "← ", Q.back)), /* @__PURE__ */ React.createElement(Jt, { source: i })) : /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("p", null, Q.asset.many, " ", e), /* @__PURE__ */ React.createElement(Tt, {
		sources: t,
		order: {
			column: "last",
			descending: !0
		},
		onOpen: r
	}));
}
async function bn(e, t) {
	let r = await n(`assets/${encodeURIComponent(e)}`, {}, t);
	if (!r.uri.startsWith("harvest://")) return {
		asset: r,
		sources: []
	};
	let [i, a] = [T(r.uri), Le(r.uri)];
	if (i || a !== null) {
		let { known: e } = await me(t), n = i && `${w(i.place)}/${i.id}`;
		return {
			asset: r,
			sources: xn(E({
				...e,
				assets: [r, ...e.assets.filter((e) => e.id !== r.id)]
			}).filter((e) => n ? e.key === n : e.portal === a))
		};
	}
	let o = await ge([r.id], t);
	return {
		asset: r,
		sources: xn(E({
			...Ie,
			assets: [r],
			events: o
		}))
	};
}
function xn(e) {
	return e.sort((e, t) => (t.history[0]?.at?.getTime() ?? 0) - (e.history[0]?.at?.getTime() ?? 0));
}
// src/views/TaskTab.tsx
var { words: $ } = S, Sn = 5e3;
function Cn({ assetId: e, ...t }) {
	return /* @__PURE__ */ React.createElement(it, { label: $.title }, e === void 0 || t.taskId ? /* @__PURE__ */ React.createElement(wn, t) : /* @__PURE__ */ React.createElement(vn, { assetId: String(e) }));
}
function wn({ dagId: e = "", runId: t = "", taskId: n = "", mapIndex: r }) {
	let i = Number(r ?? -1), a = {
		dagId: e,
		runId: t,
		taskId: n,
		mapIndex: Number.isInteger(i) ? i : -1
	}, o = B(JSON.stringify(a), (e) => un(a, e), (e) => e.isOurs && !e.hasEnded ? Sn : null), s = o.value;
	return s ? /* @__PURE__ */ React.createElement(React.Fragment, null, o.error !== null && /* @__PURE__ */ React.createElement(V, {
		loading: o,
		notFound: $.gone
	}), /* @__PURE__ */ React.createElement(Tn, {
		view: s,
		task: a
	})) : /* @__PURE__ */ React.createElement(V, {
		loading: o,
		notFound: $.gone
	});
}
function Tn({ view: e, task: t }) {
	return e.isOurs ? !e.hasEnded && e.state && !e.harvest && !e.health && !e.guard ? /* @__PURE__ */ React.createElement(Dn, { view: e }) : /* @__PURE__ */ React.createElement(React.Fragment, null, e.harvest && /* @__PURE__ */ React.createElement(En, {
		view: e,
		task: t
	}), e.health && /* @__PURE__ */ React.createElement(Ct, {
		report: e.health,
		title: $.healthOf(k(e.health.portal.replace(/^https?:\/\//, ""))),
		quiet: $.noFindings
	}), e.guard && /* @__PURE__ */ React.createElement(mn, { report: e.guard }), (e.health || e.guard) && /* @__PURE__ */ React.createElement("p", null, /* @__PURE__ */ React.createElement(P, { path: "plugin/harvests" }, $.allSources)), e.trouble && /* @__PURE__ */ React.createElement(j, { kind: "warn" }, $[e.trouble]), !e.harvest && !e.health && !e.guard && !e.trouble && /* @__PURE__ */ React.createElement(j, { kind: "info" }, e.hasEnded ? $.noResult : $.noResultYet)) : /* @__PURE__ */ React.createElement(j, { kind: "info" }, $.notOurs);
}
function En({ view: e, task: t }) {
	let { harvest: n } = e, r = B(`${n?.jobId} ${JSON.stringify(t)}`, (e) => n ? pn(t, n, e) : Promise.resolve(null), () => null);
	return n && /* @__PURE__ */ React.createElement(Nt, {
		harvest: n,
		links: e,
		previous: r.value
	});
}
function Dn({ view: e }) {
	let t = e.state === "deferred" || e.state === "up_for_reschedule";
	return /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("header", { className: "hv-head" }, /* @__PURE__ */ React.createElement(F, { tone: "busy" }, t ? $.verdict.waiting : $.verdict.running), /* @__PURE__ */ React.createElement("nav", {
		className: "hv-links",
		"aria-label": $.portal
	}, typeof e.sourceUrl == "string" && e.sourceUrl && /* @__PURE__ */ React.createElement(M, { to: e.sourceUrl }, $.sourcePage), typeof e.jobUrl == "string" && e.jobUrl && /* @__PURE__ */ React.createElement(M, { to: e.jobUrl }, $.jobPage))), /* @__PURE__ */ React.createElement(j, { kind: "info" }, t ? $.waitingFor : $.runningNow), /* @__PURE__ */ React.createElement(I, { title: $.latestMessages }, /* @__PURE__ */ React.createElement(R, { rows: [
		[$.source, e.sourceId && /* @__PURE__ */ React.createElement("code", null, k(e.sourceId))],
		[$.taskState, k(e.state)],
		[$.since, e.startedAt && /* @__PURE__ */ React.createElement(N, { value: e.startedAt })]
	] }), /* @__PURE__ */ React.createElement("ol", {
		className: "hv-log",
		"aria-live": "polite"
	}, e.messages.map((e, t) => /* @__PURE__ */ React.createElement("li", { key: t }, /* @__PURE__ */ React.createElement("span", { className: "hv-muted" }, /* @__PURE__ */ React.createElement(N, { value: e.at })), " ", /* @__PURE__ */ React.createElement(L, null, e.text))))));
}
// src/main.tsx
Object.assign(globalThis, {
	Harvest: Cn,
	Harvests: Qt
});
