// src/api.ts
var e = class extends Error {
	status;
	constructor(e, t) {
		super(`${e} ${t}`), this.status = e;
	}
}, t = 4;
async function n(t, n = {}, r) {
	let i = new URL(`api/v2/${t}`, document.baseURI);
	for (let [e, t] of Object.entries(n)) t !== void 0 && i.searchParams.set(e, String(t));
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
var o = [
	"done",
	"failed",
	"skipped",
	"archived"
];
function s(e) {
	return typeof e == "object" && e && !Array.isArray(e) ? e : null;
}
function c(e) {
	return Array.isArray(e) ? e : [];
}
function l(e) {
	return typeof e == "string" && e !== "" ? e : null;
}
function u(e) {
	return typeof e == "number" && Number.isFinite(e) ? e : null;
}
function d(e) {
	if (typeof e != "string") return e;
	try {
		return JSON.parse(e);
	} catch {
		return e;
	}
}
function f(e) {
	let t = s(d(e));
	if (!t || !("outcome" in t || "items" in t) || !("job_id" in t || "status" in t)) return null;
	let n = s(t.items) ?? {}, r = Object.fromEntries(o.map((e) => [e, u(n[e]) ?? 0])), i = u(t.schema) ?? 0;
	return {
		portal: l(t.portal) ?? "",
		sourceId: l(t.source_id),
		sourceName: l(t.source_name),
		organization: ee(t.organization),
		jobId: l(t.job_id),
		jobUrl: t.job_url,
		how: l(t.how),
		status: l(t.status),
		started: l(t.started) ?? l(t.created),
		ended: l(t.ended),
		duration: u(t.duration),
		items: r,
		total: u(n.total) ?? o.reduce((e, t) => e + (r[t] ?? 0), 0),
		newlyArchived: u(n.newly_archived),
		errors: c(t.errors).map(h),
		failedItems: c(t.failed_items).map(m),
		remoteIds: s(t.remote_ids),
		outcome: t.outcome === "success" || t.outcome === "failure" ? t.outcome : null,
		failureKind: l(t.failure_kind),
		reasons: c(t.reasons).map(h),
		changes: t.changes ?? null,
		nextRun: l(t.next_run),
		isOldSchema: i < 1,
		isNewSchema: i > 1
	};
}
function p(e) {
	let t = s(e);
	return t && (f(t.payload) ?? f(t));
}
function m(e) {
	let t = s(e) ?? { message: e };
	return {
		remoteId: l(t.remote_id),
		remoteUrl: t.remote_url,
		datasetUrl: t.dataset_url,
		message: h(t.message ?? ""),
		advice: l(t.advice) ?? l(t.hint)
	};
}
function h(e) {
	return typeof e == "string" ? e : l(s(e)?.message) ?? JSON.stringify(e);
}
function ee(e) {
	return l(e) ?? l(s(e)?.name) ?? l(s(e)?.id);
}
// src/model/reports.ts
function te(e) {
	let t = s(d(e));
	if (!t || !Array.isArray(t.findings)) return null;
	let n = l(t.portal) ?? "";
	return {
		portal: n,
		at: l(t.at),
		sources: u(t.sources),
		findings: t.findings.flatMap((e) => g(e, n, null)),
		incomplete: l(t.incomplete)
	};
}
function ne(e) {
	let t = s(d(e));
	if (!t) return null;
	let n = l(t.portal) ?? "", r = [...c(t.holds), ...c(t.held)].flatMap((e) => g(e, n, "held")), i = c(t.vanishing).flatMap((e) => g(e, n, "vanishing")), a = t.is_held === !0 || t.held === !0 || t.verdict === "hold" ? g(t, n, "held") : [];
	return {
		portal: n,
		at: l(t.at),
		sources: u(t.sources),
		findings: [
			...r,
			...i,
			...a
		],
		incomplete: l(t.incomplete)
	};
}
function g(e, t, n) {
	let r = s(e), i = l(r?.source_id);
	return !r || !i ? [] : [{
		kind: n ?? l(r.kind) ?? "unknown",
		portal: l(r.portal) ?? t,
		sourceId: i,
		sourceName: l(r.source_name),
		organization: l(r.organization) ?? l(r.owner),
		adminUrl: r.admin_url ?? r.source_url,
		since: l(r.since),
		isNew: r.is_new === !0,
		detail: l(r.detail) ?? l(r.reason) ?? c(r.reasons).map(String).join(" ")
	}];
}
// src/model/load.ts
var _ = 10, v = 20, re = 3, ie = {
	harvest_result: 20,
	harvest_health: 5,
	harvest_guard: 20
};
async function ae(t) {
	let n = [], [r, i] = await Promise.all([x(se(t), {
		entries: [],
		total: 0
	}, () => n.push("assets")), x(ce(t), {
		entries: [],
		total: 0
	}, () => void 0)]), [a, o, s] = await x(Promise.all([
		y("harvest_result", i.entries, t),
		y("harvest_health", [], t),
		y("harvest_guard", [], t)
	]), [
		[],
		[],
		[]
	], () => n.push("results"));
	if (n.length === 2) throw new e(403, "assets");
	return {
		known: {
			assets: r.entries,
			events: i.entries,
			results: a.flatMap(({ value: e, task: t, at: n }) => {
				let r = f(e);
				return r ? [{
					harvest: r,
					task: t,
					at: n
				}] : [];
			}),
			health: le(o, te),
			guards: le(s, ne)
		},
		shown: {
			assets: r.entries.length,
			allAssets: r.total,
			events: i.entries.length,
			allEvents: i.total
		},
		forbidden: n,
		at: /* @__PURE__ */ new Date()
	};
}
async function oe(e, t) {
	return (await i(e.slice(0, 4), (e) => r("assets/events", {
		asset_id: e,
		order_by: "-timestamp"
	}, (e) => e.asset_events, 1, t))).flatMap((e) => e.entries);
}
function se(e) {
	return r("assets", {
		uri_pattern: "harvest://",
		order_by: "id"
	}, (e) => e.assets, _, e);
}
function ce(e) {
	return r("assets/events", { order_by: "-timestamp" }, (e) => e.asset_events, v, e);
}
async function y(t, n, a) {
	let o = new Set(n.map((e) => `${e.source_dag_id} ${e.source_run_id} ${e.source_task_id} ${e.source_map_index}`)), { entries: s } = await r("dags/~/dagRuns/~/taskInstances/~/xcomEntries", {
		xcom_key: t,
		order_by: "-timestamp",
		run_after_gte: (/* @__PURE__ */ new Date(Date.now() - 26784e5)).toISOString()
	}, (e) => e.xcom_entries, re, a), c = /* @__PURE__ */ new Map();
	for (let e of s.sort((e, t) => t.timestamp.localeCompare(e.timestamp))) {
		let t = `${e.dag_id} ${e.task_id} ${e.map_index}`;
		!c.has(t) && !o.has(`${e.dag_id} ${e.run_id} ${e.task_id} ${e.map_index}`) && c.set(t, e);
	}
	return await i([...c.values()].slice(0, ie[t]), async (n) => {
		let r = {
			dagId: n.dag_id,
			runId: n.run_id,
			taskId: n.task_id,
			mapIndex: n.map_index
		};
		try {
			return {
				value: await b(r, t, a),
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
}
async function b(e, t, r) {
	return (await n(`${a(e)}/xcomEntries/${encodeURIComponent(t)}`, {
		map_index: e.mapIndex,
		deserialize: !0
	}, r)).value;
}
function le(e, t) {
	return e.flatMap(({ value: e, at: n }) => {
		let r = t(e);
		return r ? [{
			...r,
			at: r.at ?? n
		}] : [];
	});
}
async function x(t, n, r) {
	try {
		return await t;
	} catch (t) {
		if (!(t instanceof e) || t.status !== 403) throw t;
		return r(), n;
	}
}
// src/words/en.ts
var ue = {
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
	job: "Job",
	how: "How",
	hows: {
		started: "started by this task",
		attached: "joined while it ran",
		waited: "waited for",
		watched: "watched for",
		previewed: "previewed"
	},
	why: "Why it failed",
	whatToDo: "What to do",
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
	askedFor: "Records that were asked for",
	missing: "missing",
	kinds: {
		timeout: "The preview took too long. Try again later, or ask the catalogue’s owner why it is slow.",
		unfinished: "The job has not ended. Look at it on the portal.",
		unknown_status: "The job ended in a status that this version does not know. Look at it on the portal.",
		remote_unreachable: "The portal could not reach the catalogue. Check that its server is up and lets the portal in; then clear the task to harvest again.",
		job: "The portal could not fetch or read the catalogue. Correct the source’s URL or the catalogue; then clear the task to harvest again.",
		remote_ids: "Records that were asked for were not harvested. See below what became of them.",
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
		events: (e, t) => `History: the newest ${e} of ${t} asset events were read.`
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
		never: "not harvested yet"
	},
	columns: {
		source: "Source",
		verdict: "Verdict",
		last: "Last harvest",
		items: "Items",
		history: "Last 30",
		findings: "Findings",
		dags: "DAGs"
	},
	sortBy: (e) => `Sort by ${e}`,
	historyOf: (e, t) => `${e} harvests, ${t} failed`,
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
		held: "held",
		vanishing: "vanishing"
	},
	isNew: "new",
	foundSince: "since",
	healthOf: (e) => `Health of ${e}`,
	checkedAt: "Checked",
	sourcesChecked: (e) => `${e} sources checked`,
	noFindings: "Nothing was found: all sources are well.",
	incomplete: "Not all was checked:",
	heldBack: "Held sources",
	guardOf: (e) => `Guard of ${e}`,
	guardQuiet: "Nothing is held.",
	back: "All sources",
	history: "History",
	chart: "Items of each harvest, the newest on the right",
	findings: "Findings",
	dags: "DAGs",
	producers: "Run it",
	watchers: "Follow it",
	noDags: "No DAG is tied to this source by an asset.",
	noHarvestsOfSource: "This Airflow has no harvest of this source yet.",
	verdictColumn: "Verdict",
	viewLatest: "Latest harvest",
	openTask: "task",
	sourceMissing: "This Airflow does not know this source, or no longer.",
	refreshed: "As of",
	units: {
		s: "s",
		min: "min",
		h: "h",
		d: "d"
	},
	utc: "UTC"
}, de = {
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
	job: "Moissonnage",
	how: "Origine",
	hows: {
		started: "lancé par cette tâche",
		attached: "rejoint en cours de route",
		waited: "attendu",
		watched: "surveillé",
		previewed: "aperçu"
	},
	why: "Raison de l’échec",
	whatToDo: "Que faire",
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
	askedFor: "Fiches demandées",
	missing: "absentes",
	kinds: {
		timeout: "L’aperçu a pris trop de temps. Réessayez plus tard, ou demandez pourquoi le catalogue est lent.",
		unfinished: "Le moissonnage n’est pas terminé. Consultez-le sur le portail.",
		unknown_status: "Le moissonnage s’est terminé dans un état inconnu de cette version. Consultez-le sur le portail.",
		remote_unreachable: "Le portail n’a pas pu joindre le catalogue. Vérifiez que son serveur répond et accepte le portail, puis relancez la tâche.",
		job: "Le portail n’a pas pu lire le catalogue. Corrigez l’URL de la source ou le catalogue, puis relancez la tâche.",
		remote_ids: "Des fiches demandées n’ont pas été moissonnées. Leur sort est indiqué plus bas.",
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
		events: (e, t) => `Historique : les ${e} derniers événements sur ${t} ont été lus.`
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
		never: "pas encore moissonnées"
	},
	columns: {
		source: "Source",
		verdict: "Verdict",
		last: "Dernier moissonnage",
		items: "Éléments",
		history: "30 derniers",
		findings: "Constats",
		dags: "DAGs"
	},
	sortBy: (e) => `Trier par ${e}`,
	historyOf: (e, t) => `${e} moissonnages, dont ${t} en échec`,
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
		held: "retenue",
		vanishing: "en voie de disparition"
	},
	isNew: "nouveau",
	foundSince: "depuis",
	healthOf: (e) => `Santé de ${e}`,
	checkedAt: "Vérifié",
	sourcesChecked: (e) => `${e} sources vérifiées`,
	noFindings: "Rien à signaler : toutes les sources vont bien.",
	incomplete: "Tout n’a pas été vérifié :",
	heldBack: "Sources retenues",
	guardOf: (e) => `Garde de ${e}`,
	guardQuiet: "Rien n’est retenu.",
	back: "Toutes les sources",
	history: "Historique",
	chart: "Éléments de chaque moissonnage, le plus récent à droite",
	findings: "Constats",
	dags: "DAGs",
	producers: "La moissonnent",
	watchers: "La suivent",
	noDags: "Aucun DAG n’est lié à cette source par un asset.",
	noHarvestsOfSource: "Cet Airflow n’a encore aucun moissonnage de cette source.",
	verdictColumn: "Verdict",
	viewLatest: "Dernier moissonnage",
	openTask: "tâche",
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
function fe(e) {
	let t = e.find((e) => /^(fr|en)\b/i.test(e)) ?? "en";
	return /^fr/i.test(t) ? S(t, de) : S(t, ue);
}
function S(e, t) {
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
			let [n, r] = pe((e.getTime() - t.getTime()) / 1e3);
			return a.format(n, r);
		},
		duration: (e) => me(e, t)
	};
}
function pe(e) {
	let t = Math.abs(e);
	return t < 60 ? [Math.round(e), "second"] : t < 3600 ? [Math.round(e / 60), "minute"] : t < 172800 ? [Math.round(e / 3600), "hour"] : [Math.round(e / 86400), "day"];
}
function me(e, { units: t }) {
	let n = Math.max(0, Math.round(e));
	return n < 60 ? `${n} ${t.s}` : n < 3600 ? C(Math.floor(n / 60), t.min, n % 60, t.s) : n < 86400 ? C(Math.floor(n / 3600), t.h, Math.floor(n % 3600 / 60), t.min) : C(Math.floor(n / 86400), t.d, Math.floor(n % 86400 / 3600), t.h);
}
function C(e, t, n, r) {
	return n ? `${e} ${t} ${n} ${r}` : `${e} ${t}`;
}
function w(e) {
	if (typeof e != "string" || !e) return null;
	let t = new Date(/[zZ]|[+-]\d\d:?\d\d$/.test(e) ? e : `${e}Z`);
	return Number.isNaN(t.getTime()) ? null : t;
}
var T = fe(typeof navigator > "u" ? ["en"] : navigator.languages);
// src/model/sources.ts
function E(e) {
	return e.replace(/^[a-z]+:\/\//i, "").replace(/\/+$/, "").toLowerCase();
}
function he(e) {
	let t = /^harvest:\/\/(.+)\/source\/([0-9a-f]{24})\/?$/i.exec(e);
	return t?.[1] && t[2] ? {
		place: E(t[1]),
		id: t[2].toLowerCase()
	} : null;
}
function ge(e) {
	let t = /* @__PURE__ */ new Map(), n = (e, n) => {
		let r = `${E(e)}/${n}`, i = t.get(r);
		return i || (i = {
			key: r,
			portal: E(e),
			id: n,
			name: null,
			organization: null,
			adminUrl: null,
			assetIds: [],
			history: [],
			verdict: "none",
			findings: [],
			runBy: [],
			followedBy: []
		}, t.set(r, i)), i;
	};
	for (let t of e.assets) _e(t, n);
	for (let t of e.events) ve(t, n);
	for (let { harvest: t, at: r, task: i } of e.results) if (t.sourceId && t.portal && t.how !== "previewed") {
		let e = n(t.portal, t.sourceId);
		e.history.push({
			...t,
			at: w(t.ended ?? r),
			task: i
		}), O(e.runBy, i.dagId);
	}
	for (let t of [...e.health, ...e.guards]) for (let e of t.findings) n(e.portal, e.sourceId).findings.push(e);
	for (let e of t.values()) ye(e);
	return [...t.values()];
}
function _e(e, t) {
	let n = he(e.uri);
	if (!n) return;
	let r = t(n.place, n.id);
	r.assetIds.push(e.id);
	for (let t of e.producing_tasks ?? []) O(r.runBy, t.dag_id);
	for (let t of e.scheduled_dags ?? []) O(r.followedBy, t.dag_id);
	for (let t of e.consuming_tasks ?? []) O(r.followedBy, t.dag_id);
}
function ve(e, t) {
	let n = p(e.extra), r = he(e.uri ?? ""), i = n?.portal || r?.place, a = n?.sourceId ?? r?.id;
	if (!n || !i || !a) return;
	let o = e.source_dag_id && e.source_run_id && e.source_task_id ? {
		dagId: e.source_dag_id,
		runId: e.source_run_id,
		taskId: e.source_task_id,
		mapIndex: e.source_map_index ?? -1
	} : null;
	t(i, a).history.push({
		...n,
		at: w(n.ended ?? e.timestamp),
		task: o
	});
}
function ye(e) {
	let t = /* @__PURE__ */ new Map();
	for (let n of e.history.sort((e, t) => D(t) - D(e))) {
		let e = n.jobId ?? `${D(n)}`, r = t.get(e);
		(!r || !r.task && n.task) && t.set(e, n);
	}
	e.history = [...t.values()].sort((e, t) => D(t) - D(e));
	let n = /* @__PURE__ */ new Set();
	e.findings = e.findings.filter((e) => {
		let t = !n.has(e.kind);
		return n.add(e.kind), t;
	});
	let r = [...e.history, ...e.findings];
	e.name = r.map((e) => e.sourceName).find(Boolean) ?? null, e.organization = r.map((e) => e.organization).find(Boolean) ?? null, e.adminUrl = e.findings.map((e) => e.adminUrl).find(Boolean) ?? null, e.verdict = e.history[0] ? e.history[0].outcome ?? "unknown" : "none", !e.history.length && e.findings.some((e) => e.kind === "failing") && (e.verdict = "failure");
}
function D(e) {
	return e.at?.getTime() ?? 0;
}
function O(e, t) {
	e.includes(t) || e.push(t);
}
var k = {
	text: "",
	verdict: "",
	portal: "",
	attention: !1
};
function be(e) {
	return e.verdict === "failure" || e.findings.length > 0;
}
function xe(e, t, n, r) {
	let i = De(t.text).split(/\s+/).filter(Boolean), a = e.filter((e) => (!t.verdict || e.verdict === t.verdict) && (!t.portal || e.portal === t.portal) && (!t.attention || be(e)) && i.every((t) => De(`${e.name ?? ""} ${e.organization ?? ""} ${e.id} ${e.portal}`).includes(t))), o = new Intl.Collator(r, {
		numeric: !0,
		sensitivity: "base"
	}), s = (e, t) => o.compare(Ee(e), Ee(t)), c = n.descending ? -1 : 1;
	return a.sort((e, t) => c * Ce(e, t, n.column, s) || s(e, t));
}
var Se = {
	failure: 0,
	unknown: 1,
	none: 2,
	success: 3
};
function Ce(e, t, n, r) {
	return n === "verdict" ? we(e) - we(t) : n === "last" ? Te(e) - Te(t) : n === "items" ? (e.history[0]?.total ?? -1) - (t.history[0]?.total ?? -1) : n === "findings" ? e.findings.length - t.findings.length : r(e, t);
}
function we(e) {
	return Se[e.verdict] + (e.findings.length ? 0 : .5);
}
function Te(e) {
	return e.history[0]?.at?.getTime() ?? 0;
}
function Ee(e) {
	return e.name ?? `\uffff${e.id}`;
}
function De(e) {
	return e.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
// src/safe.ts
var Oe = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/g, ke = 500;
function A(e, t = ke) {
	if (e == null) return "";
	let n = (typeof e == "string" ? e : typeof e == "object" ? JSON.stringify(e) : String(e)).replace(Oe, " ").trim();
	return n.length > t ? `${n.slice(0, t - 1)}…` : n;
}
function Ae(e) {
	if (typeof e != "string") return null;
	try {
		let t = new URL(e.trim());
		return (t.protocol === "https:" || t.protocol === "http:") && !t.username && !t.password ? t.href : null;
	} catch {
		return null;
	}
}
// src/style.css?inline
var je = ".hv{--hv-bg:var(--chakra-colors-bg,Canvas);--hv-fg:var(--chakra-colors-fg,CanvasText);--hv-muted:var(--chakra-colors-fg-muted,GrayText);--hv-line:var(--chakra-colors-border,#d4d4d8);--hv-soft:var(--chakra-colors-bg-subtle,#7f7f7f14);--hv-good:var(--chakra-colors-green-fg,#116932);--hv-good-soft:var(--chakra-colors-green-subtle,#dcfce7);--hv-good-solid:var(--chakra-colors-green-solid,#16a34a);--hv-bad:var(--chakra-colors-red-fg,#991919);--hv-bad-soft:var(--chakra-colors-red-subtle,#fee2e2);--hv-bad-solid:var(--chakra-colors-red-solid,#dc2626);--hv-warn:var(--chakra-colors-orange-fg,#92310a);--hv-warn-soft:var(--chakra-colors-orange-subtle,#ffedd5);--hv-warn-solid:var(--chakra-colors-orange-solid,#ea580c);--hv-calm-soft:var(--chakra-colors-gray-subtle,#f4f4f5);--hv-calm-solid:var(--chakra-colors-gray-emphasized,#a1a1aa);--hv-busy:var(--chakra-colors-blue-fg,#173da6);--hv-busy-soft:var(--chakra-colors-blue-subtle,#dbeafe);--hv-link:var(--chakra-colors-blue-fg,#173da6);--hv-focus:var(--chakra-colors-blue-focus-ring,#3b82f6);color:var(--hv-fg);max-width:90rem;height:100%;padding:1rem;font-size:.875rem;line-height:1.5;overflow:auto;container-type:inline-size}.hv h1{overflow-wrap:anywhere;margin:0;font-size:1.375rem;font-weight:600;line-height:1.3}.hv h2{overflow-wrap:anywhere;min-width:0;margin:0;font-size:1.125rem;font-weight:600}.hv .hv-card>h2{margin:0 0 .5rem;font-size:.9375rem}.hv p{margin:0 0 .5rem}.hv ul,.hv ol{margin:0;padding:0;list-style:none}.hv code{font-family:var(--chakra-fonts-mono,monospace);overflow-wrap:anywhere;font-size:.92em}.hv :focus-visible{outline:2px solid var(--hv-focus);outline-offset:2px;border-radius:3px}.hv h1:focus-visible{outline:none}.hv-muted,.hv .hv-sub{color:var(--hv-muted)}.hv-hidden{clip-path:inset(50%);white-space:nowrap;width:1px;height:1px;position:absolute;overflow:hidden}.hv-right{margin-inline-start:auto}.hv-text-bad{color:var(--hv-bad)}.hv-foreign{overflow-wrap:anywhere}.hv-link{color:var(--hv-link);text-underline-offset:2px;text-decoration:underline}.hv-link:hover{text-decoration-thickness:2px}.hv-head{flex-wrap:wrap;align-items:center;gap:.5rem .75rem;margin-bottom:.75rem;display:flex}.hv-links{flex-wrap:wrap;gap:.25rem 1rem;margin-inline-start:auto;display:flex}.hv-button{border:1px solid var(--hv-line);background:var(--hv-bg);color:var(--hv-fg);cursor:pointer;border-radius:6px;padding:.125rem .625rem;font-size:.8125rem}.hv-button:hover{background:var(--hv-soft)}.hv-button:disabled{opacity:.6;cursor:default}.hv-notice{border-inline-start:3px solid;border-radius:4px;margin-bottom:.75rem;padding:.5rem .75rem}.hv-info{border-color:var(--hv-busy);background:var(--hv-busy-soft)}.hv-warn{border-color:var(--hv-warn-solid);background:var(--hv-warn-soft)}.hv-bad{border-color:var(--hv-bad-solid);background:var(--hv-bad-soft)}.hv-badge{white-space:nowrap;border-radius:999px;align-items:center;gap:.3rem;margin:1px 2px 1px 0;padding:.0625rem .5rem;font-size:.8125rem;font-weight:500;display:inline-flex}.hv-mark{font-weight:700}.hv-tone-good{color:var(--hv-good);background:var(--hv-good-soft)}.hv-tone-bad{color:var(--hv-bad);background:var(--hv-bad-soft)}.hv-tone-warn{color:var(--hv-warn);background:var(--hv-warn-soft)}.hv-tone-calm{color:var(--hv-fg);background:var(--hv-calm-soft)}.hv-tone-busy{color:var(--hv-busy);background:var(--hv-busy-soft)}.hv-new{color:var(--hv-bad);font-weight:600}.hv-card{border:1px solid var(--hv-line);background:var(--hv-bg);border-radius:8px;margin-bottom:.75rem;padding:.875rem 1rem}.hv-edge-good{border-inline-start:4px solid var(--hv-good-solid)}.hv-edge-bad{border-inline-start:4px solid var(--hv-bad-solid)}.hv-edge-warn{border-inline-start:4px solid var(--hv-warn-solid)}.hv-nested{margin-top:1rem}.hv .hv-list li{overflow-wrap:anywhere;padding:.25rem 0}.hv .hv-list li+li{border-top:1px solid var(--hv-line)}.hv-facts{grid-template-columns:repeat(auto-fill,minmax(13rem,1fr));gap:.5rem 1rem;margin:.75rem 0 0;display:grid}.hv-facts dt{color:var(--hv-muted);font-size:.8125rem}.hv-facts dd{overflow-wrap:anywhere;margin:0}.hv-advice{background:var(--hv-soft);border-radius:4px;margin:.25rem 0 .5rem;padding:.375rem .625rem}.hv-group{padding:.375rem 0}.hv-group+.hv-group{border-top:1px solid var(--hv-line)}.hv-group summary{cursor:pointer;overflow-wrap:anywhere}.hv-group .hv-list{padding-inline-start:1.25rem}.hv-count{white-space:nowrap;font-weight:600}.hv .hv-log{margin-top:.75rem}.hv .hv-log li{overflow-wrap:anywhere;padding:.125rem 0}.hv .hv-log li:last-child{font-weight:600}.hv-items{margin:0}.hv-bar{background:var(--hv-calm-soft);border-radius:3px;gap:1px;height:6px;display:flex;overflow:hidden}.hv-bar span{min-width:3px}.hv-bar-large{border-radius:5px;height:18px;margin-bottom:.5rem}.hv .hv-legend{flex-wrap:wrap;gap:.25rem 1.25rem;display:flex}.hv-zero{color:var(--hv-muted)}.hv-dot{border-radius:2px;width:10px;height:10px;margin-inline-end:.25rem;display:inline-block}.hv-fill-done{background:var(--hv-good-solid)}.hv-fill-failed{background:var(--hv-bad-solid)}.hv-fill-skipped{background:var(--hv-calm-solid)}.hv-fill-archived{background:var(--hv-warn-solid)}.hv-svg-done,.hv-path-good{fill:var(--hv-good-solid)}.hv-svg-failed,.hv-path-bad{fill:var(--hv-bad-solid)}.hv-svg-skipped{fill:var(--hv-calm-solid)}.hv-svg-archived{fill:var(--hv-warn-solid)}.hv-smallbar{min-width:6rem;max-width:11rem}.hv-numbers{white-space:nowrap;font-variant-numeric:tabular-nums}.hv-spark{display:block}.hv-chart{width:100%;max-height:15rem;margin-bottom:.75rem}.hv-grid{stroke:var(--hv-line);stroke-width:1px}.hv-axis{fill:var(--hv-muted);font-size:11px}.hv-cross{fill:var(--hv-bad);font-size:11px;font-weight:700}.hv .hv-tiles{grid-template-columns:repeat(auto-fit,minmax(8rem,1fr));gap:.5rem;margin-bottom:.75rem;display:grid}.hv .hv-tiles li{border:1px solid var(--hv-line);color:var(--hv-muted);background:var(--hv-bg);border-radius:8px;padding:.5rem .75rem}.hv .hv-tiles .hv-edge-good{border-inline-start:4px solid var(--hv-good-solid)}.hv .hv-tiles .hv-edge-bad{border-inline-start:4px solid var(--hv-bad-solid)}.hv .hv-tiles .hv-edge-warn{border-inline-start:4px solid var(--hv-warn-solid)}.hv-tiles strong{color:var(--hv-fg);font-size:1.375rem;line-height:1.3;display:block}.hv-filters{flex-wrap:wrap;align-items:end;gap:.5rem .75rem;margin-bottom:.5rem;display:flex}.hv-filters label>span{color:var(--hv-muted);font-size:.8125rem;display:block}.hv-filters input[type=search],.hv-filters select{border:1px solid var(--hv-line);background:var(--hv-bg);color:var(--hv-fg);border-radius:6px;min-width:11rem;padding:.25rem .5rem}.hv-filters input[type=search]{min-width:17rem}.hv-filters .hv-check{align-items:center;gap:.375rem;padding-bottom:.3rem;display:flex}.hv-filters .hv-check span{color:var(--hv-fg);font-size:.875rem}.hv-table{border-collapse:collapse;width:100%}.hv-table th,.hv-table td{text-align:start;vertical-align:middle;border-bottom:1px solid var(--hv-line);padding:.375rem .625rem;font-weight:400}.hv-table thead th{color:var(--hv-muted);white-space:nowrap;background:var(--hv-soft);font-size:.8125rem;font-weight:600}.hv-table thead button{font:inherit;color:inherit;cursor:pointer;background:0 0;border:0;padding:0}.hv-table tbody tr:hover{background:var(--hv-soft)}.hv-open{color:var(--hv-link);cursor:pointer;text-align:start;overflow-wrap:anywhere;background:0 0;border:0;padding:0;font-weight:600;display:block}.hv-open:hover{text-decoration:underline}.hv-sub{font-size:.8125rem;display:block}.hv-dags{overflow-wrap:anywhere;min-width:9.5rem;font-size:.8125rem;display:block}.hv-small{font-size:.8125rem}.hv-empty{border:1px dashed var(--hv-line);border-radius:8px;max-width:42rem;padding:1.25rem 1.5rem}.hv-empty h2{margin-bottom:.5rem}.hv .hv-empty ul{margin-bottom:.5rem;padding-inline-start:1.25rem;list-style:outside}@container (width<=46rem){.hv-table thead{clip-path:inset(50%);width:1px;height:1px;position:absolute;overflow:hidden}.hv-table,.hv-table tbody,.hv-table tr,.hv-table tbody th,.hv-table td{display:block}.hv-table tr{border:1px solid var(--hv-line);border-radius:8px;margin-bottom:.5rem;padding:.375rem .25rem}.hv-table tbody th,.hv-table td{border:0;padding:.1875rem .5rem}.hv-table td{flex-wrap:wrap;align-items:center;gap:.5rem;display:flex}.hv-table td:before{content:attr(data-label);color:var(--hv-muted);flex:0 0 6.5rem;font-size:.8125rem}.hv-filters input[type=search],.hv-filters select{width:100%;min-width:0}.hv-filters label{flex:10rem}}", { words: Me } = T;
function Ne({ children: e, label: t }) {
	return /* @__PURE__ */ React.createElement("section", {
		className: "hv",
		lang: T.code,
		"aria-label": t
	}, /* @__PURE__ */ React.createElement("style", null, je), /* @__PURE__ */ React.createElement(Pe, null, e));
}
var Pe = class extends React.Component {
	state = { broken: !1 };
	static getDerivedStateFromError() {
		return { broken: !0 };
	}
	componentDidCatch(e) {
		console.error("harvest pages:", e);
	}
	render() {
		return this.state.broken ? /* @__PURE__ */ React.createElement(j, { kind: "bad" }, Me.error.script) : this.props.children;
	}
};
function j({ kind: e, children: t }) {
	return /* @__PURE__ */ React.createElement("div", {
		className: `hv-notice hv-${e}`,
		role: e === "bad" ? "alert" : "status"
	}, t);
}
function M({ to: e, children: t }) {
	let n = Ae(e);
	return n ? /* @__PURE__ */ React.createElement("a", {
		className: "hv-link",
		href: n,
		target: "_blank",
		rel: "noopener noreferrer"
	}, t, /* @__PURE__ */ React.createElement("span", { "aria-hidden": "true" }, " ↗")) : /* @__PURE__ */ React.createElement(React.Fragment, null, t);
}
function N({ value: e, ago: t = !1, now: n }) {
	let r = e instanceof Date ? e : w(e);
	if (!r) return /* @__PURE__ */ React.createElement(React.Fragment, null, "—");
	let i = t ? T.ago(r, n ?? /* @__PURE__ */ new Date()) : T.moment(r), a = t ? `${T.moment(r)} · ${T.utc(r)}` : T.utc(r);
	return /* @__PURE__ */ React.createElement("time", {
		dateTime: r.toISOString(),
		title: a
	}, i);
}
var Fe = {
	good: "✓",
	bad: "✕",
	warn: "!",
	calm: "–",
	busy: "…"
};
function P({ tone: e, children: t, title: n }) {
	return /* @__PURE__ */ React.createElement("span", {
		className: `hv-badge hv-tone-${e}`,
		title: n
	}, /* @__PURE__ */ React.createElement("span", {
		className: "hv-mark",
		"aria-hidden": "true"
	}, Fe[e]), t);
}
function F({ verdict: e }) {
	let t = e === "success" ? "good" : e === "failure" ? "bad" : "calm";
	return /* @__PURE__ */ React.createElement(P, { tone: t }, Me.verdict[e]);
}
function I({ title: e, children: t, tone: n }) {
	return /* @__PURE__ */ React.createElement("section", { className: `hv-card ${n ? `hv-edge-${n}` : ""}` }, /* @__PURE__ */ React.createElement("h2", null, e), t);
}
function L({ children: e, longest: t }) {
	return /* @__PURE__ */ React.createElement("bdi", { className: "hv-foreign" }, A(e, t));
}
function R({ rows: e }) {
	let t = e.filter(([, e]) => e != null && e !== "");
	return /* @__PURE__ */ React.createElement("dl", { className: "hv-facts" }, t.map(([e, t]) => /* @__PURE__ */ React.createElement("div", { key: e }, /* @__PURE__ */ React.createElement("dt", null, e), /* @__PURE__ */ React.createElement("dd", null, t))));
}
// src/parts/loading.tsx
var { words: z } = T;
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
	}, z.loading) : /* @__PURE__ */ React.createElement(j, { kind: "bad" }, Ie(e.error, t), " ", /* @__PURE__ */ React.createElement("button", {
		type: "button",
		className: "hv-button",
		onClick: e.again
	}, z.reload));
}
function Ie(t, n) {
	return t instanceof e ? t.status === 404 && n ? n : t.status === 0 || t.status === 401 || t.status === 403 || t.status === 404 ? z.error[t.status] : z.error.other(String(t.status)) : z.error.script;
}
// src/parts/items.tsx
var { words: H } = T;
function U(e) {
	let t = o.filter((t) => e.items[t] > 0);
	return t.length ? t.map((t) => `${T.number(e.items[t])} ${H.item[t]}`).join(", ") : H.noItems;
}
function Le({ harvest: e }) {
	let t = o.reduce((t, n) => t + e.items[n], 0);
	return /* @__PURE__ */ React.createElement("figure", { className: "hv-items" }, /* @__PURE__ */ React.createElement("div", {
		className: "hv-bar hv-bar-large",
		role: "img",
		"aria-label": U(e)
	}, t > 0 && /* @__PURE__ */ React.createElement(ze, { harvest: e })), /* @__PURE__ */ React.createElement("figcaption", null, /* @__PURE__ */ React.createElement("ul", { className: "hv-legend" }, o.map((t) => /* @__PURE__ */ React.createElement("li", {
		key: t,
		className: e.items[t] ? "" : "hv-zero"
	}, /* @__PURE__ */ React.createElement("span", {
		className: `hv-dot hv-fill-${t}`,
		"aria-hidden": "true"
	}), /* @__PURE__ */ React.createElement("strong", null, T.number(e.items[t])), " ", H.item[t])))));
}
function Re({ harvest: e }) {
	let { done: t, failed: n, archived: r } = e.items;
	return /* @__PURE__ */ React.createElement("div", {
		className: "hv-smallbar",
		title: U(e)
	}, /* @__PURE__ */ React.createElement("span", { className: "hv-numbers" }, T.number(t), n > 0 && /* @__PURE__ */ React.createElement("span", { className: "hv-text-bad" }, " · ", T.number(n), " ✕"), r > 0 && /* @__PURE__ */ React.createElement("span", { className: "hv-muted" }, " · ", T.number(r), " ⌫"), /* @__PURE__ */ React.createElement("span", { className: "hv-hidden" }, " (", U(e), ")")), /* @__PURE__ */ React.createElement("span", {
		className: "hv-bar",
		"aria-hidden": "true"
	}, /* @__PURE__ */ React.createElement(ze, { harvest: e })));
}
function ze({ harvest: e }) {
	return /* @__PURE__ */ React.createElement(React.Fragment, null, o.filter((t) => e.items[t] > 0).map((t) => /* @__PURE__ */ React.createElement("span", {
		key: t,
		className: `hv-fill-${t}`,
		style: { flexGrow: e.items[t] }
	})));
}
var Be = 30, Ve = 4, W = 20;
function He({ history: e }) {
	let t = e.slice(0, Be).reverse();
	if (!t.length) return /* @__PURE__ */ React.createElement("span", { className: "hv-muted" }, H.noHistory);
	let n = Math.max(1, ...t.map((e) => e.total)), r = (e) => t.map((t, r) => {
		if (t.outcome === "success" !== e) return "";
		let i = Math.max(3, Math.round(t.total / n * W));
		return `M${r * Ve + 1} ${W}v-${i}h3v${i}z`;
	}).join(""), i = t.filter((e) => e.outcome !== "success").length;
	return /* @__PURE__ */ React.createElement("svg", {
		className: "hv-spark",
		width: 121,
		height: W,
		role: "img",
		"aria-label": H.historyOf(T.number(t.length), T.number(i))
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
function Ue({ history: e }) {
	let t = e.slice(0, 60).reverse(), n = Math.max(1, ...t.map((e) => o.reduce((t, n) => t + e.items[n], 0))), r = {
		width: G.width - G.left,
		height: G.height - G.bottom - 8
	}, i = Math.min(28, r.width / Math.max(t.length, 1)), a = (e) => 8 + r.height * (1 - e / n), s = t[0]?.at, c = t[t.length - 1]?.at, l = G.width - i * t.length;
	return /* @__PURE__ */ React.createElement("svg", {
		className: "hv-chart",
		viewBox: `0 0 ${G.width} ${G.height}`,
		role: "img",
		"aria-label": H.chart
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
	}, T.number(Math.round(e))))), t.map((e, t) => {
		let n = 0;
		return /* @__PURE__ */ React.createElement("g", { key: e.jobId ?? t }, /* @__PURE__ */ React.createElement("title", null, `${e.at ? T.moment(e.at) : "—"}: ${U(e)}`), o.map((r) => {
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
	}), s && c && t.length > 1 && /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("text", {
		className: "hv-axis",
		x: Math.min(l, G.width - 230),
		y: G.height - 4
	}, T.moment(s)), /* @__PURE__ */ React.createElement("text", {
		className: "hv-axis",
		x: G.width,
		y: G.height - 4,
		textAnchor: "end"
	}, T.moment(c))));
}
// src/parts/report.tsx
var { words: K } = T, We = /* @__PURE__ */ new Set([
	"failing",
	"stuck",
	"newly_archived",
	"vanishing"
]);
function Ge(e) {
	return We.has(e) ? "bad" : "warn";
}
function Ke({ finding: e }) {
	return /* @__PURE__ */ React.createElement(P, {
		tone: Ge(e.kind),
		title: A(e.detail)
	}, K.finding[e.kind] ?? A(e.kind, 40));
}
function qe({ report: e, title: t, quiet: n }) {
	return /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("header", { className: "hv-head" }, /* @__PURE__ */ React.createElement(P, { tone: e.findings.length ? "warn" : "good" }, T.number(e.findings.length)), /* @__PURE__ */ React.createElement("h2", null, t)), /* @__PURE__ */ React.createElement("p", { className: "hv-muted" }, K.checkedAt, " ", /* @__PURE__ */ React.createElement(N, { value: e.at }), e.sources !== null && /* @__PURE__ */ React.createElement(React.Fragment, null, " · ", K.sourcesChecked(T.number(e.sources)))), e.incomplete && /* @__PURE__ */ React.createElement(j, { kind: "warn" }, K.incomplete, " ", /* @__PURE__ */ React.createElement(L, null, e.incomplete)), e.findings.length ? /* @__PURE__ */ React.createElement(I, { title: K.findings }, /* @__PURE__ */ React.createElement(q, {
		findings: e.findings,
		named: !0
	})) : /* @__PURE__ */ React.createElement(j, { kind: "info" }, n));
}
function q({ findings: e, named: t = !1 }) {
	return /* @__PURE__ */ React.createElement("ul", { className: "hv-list" }, e.map((e, n) => /* @__PURE__ */ React.createElement("li", { key: n }, /* @__PURE__ */ React.createElement(Ke, { finding: e }), " ", t && /* @__PURE__ */ React.createElement(M, { to: e.adminUrl }, /* @__PURE__ */ React.createElement(L, { longest: 120 }, e.sourceName ?? e.sourceId)), " ", /* @__PURE__ */ React.createElement(L, null, e.detail), " ", e.since && /* @__PURE__ */ React.createElement("span", { className: "hv-muted" }, K.foundSince, " ", /* @__PURE__ */ React.createElement(N, { value: e.since })), " ", e.isNew && /* @__PURE__ */ React.createElement("span", { className: "hv-new" }, K.isNew))));
}
// src/views/SourcesTable.tsx
var { words: J } = T;
function Je({ sources: e, order: t, onSort: n, onOpen: r }) {
	let i = /* @__PURE__ */ new Date(), a = (e) => {
		let r = t.column === e;
		return /* @__PURE__ */ React.createElement("th", {
			scope: "col",
			"aria-sort": r ? t.descending ? "descending" : "ascending" : void 0
		}, /* @__PURE__ */ React.createElement("button", {
			type: "button",
			onClick: () => n(e),
			title: J.sortBy(J.columns[e])
		}, J.columns[e], /* @__PURE__ */ React.createElement("span", { "aria-hidden": "true" }, r ? t.descending ? " ↓" : " ↑" : "")));
	};
	return /* @__PURE__ */ React.createElement("table", { className: "hv-table" }, /* @__PURE__ */ React.createElement("caption", { className: "hv-hidden" }, J.title), /* @__PURE__ */ React.createElement("thead", null, /* @__PURE__ */ React.createElement("tr", null, a("source"), a("verdict"), a("last"), a("items"), /* @__PURE__ */ React.createElement("th", { scope: "col" }, J.columns.history), a("findings"), /* @__PURE__ */ React.createElement("th", { scope: "col" }, J.columns.dags))), /* @__PURE__ */ React.createElement("tbody", null, e.map((e) => /* @__PURE__ */ React.createElement(Ye, {
		key: e.key,
		source: e,
		now: i,
		onOpen: r
	}))));
}
var Ye = React.memo(function({ source: e, now: t, onOpen: n }) {
	let r = e.history[0];
	return /* @__PURE__ */ React.createElement("tr", null, /* @__PURE__ */ React.createElement("th", { scope: "row" }, /* @__PURE__ */ React.createElement("button", {
		type: "button",
		className: "hv-open",
		onClick: () => n(e.key)
	}, e.name ? /* @__PURE__ */ React.createElement(L, { longest: 90 }, e.name) : /* @__PURE__ */ React.createElement("code", null, e.id)), /* @__PURE__ */ React.createElement("span", { className: "hv-sub" }, /* @__PURE__ */ React.createElement(L, { longest: 80 }, e.organization ?? e.portal))), /* @__PURE__ */ React.createElement("td", { "data-label": J.columns.verdict }, /* @__PURE__ */ React.createElement(F, { verdict: e.verdict })), /* @__PURE__ */ React.createElement("td", { "data-label": J.columns.last }, r ? /* @__PURE__ */ React.createElement(N, {
		value: r.at,
		ago: !0,
		now: t
	}) : "—"), /* @__PURE__ */ React.createElement("td", { "data-label": J.columns.items }, r ? /* @__PURE__ */ React.createElement(Re, { harvest: r }) : "—"), /* @__PURE__ */ React.createElement("td", { "data-label": J.columns.history }, /* @__PURE__ */ React.createElement(He, { history: e.history })), /* @__PURE__ */ React.createElement("td", { "data-label": J.columns.findings }, e.findings.length ? e.findings.map((e) => /* @__PURE__ */ React.createElement(Ke, {
		key: e.kind,
		finding: e
	})) : "—"), /* @__PURE__ */ React.createElement("td", { "data-label": J.columns.dags }, e.runBy.length + e.followedBy.length ? /* @__PURE__ */ React.createElement("span", { className: "hv-dags" }, [...e.runBy, ...e.followedBy].map((e) => A(e, 60)).join(", ")) : "—"));
}), Xe = [
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
function Ze(e) {
	return Xe.find(([t]) => t.test(e))?.[1] ?? null;
}
function Qe(e) {
	let t = /* @__PURE__ */ new Map();
	for (let n of e) {
		let e = $e(n.message), r = t.get(e);
		r ? r.items.push(n) : t.set(e, {
			message: n.message,
			advice: Ze(n.message),
			items: [n]
		});
	}
	return [...t.values()].sort((e, t) => t.items.length - e.items.length);
}
function $e(e) {
	return e.replace(/https?:\/\/\S+/g, "URL").replace(/"[^"]*"|'[^']*'|«[^»]*»/g, "…").replace(/\b[0-9a-f]{8,}\b|\d+/gi, "#").trim();
}
// src/parts/harvest.tsx
var { words: Y } = T;
function et({ harvest: e, links: t, previous: n }) {
	let r = e.sourceName ?? (e.sourceId ? Y.unnamed : Y.previewOfConfig);
	return /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("header", { className: "hv-head" }, /* @__PURE__ */ React.createElement(F, { verdict: e.outcome ?? "unknown" }), /* @__PURE__ */ React.createElement("h2", null, /* @__PURE__ */ React.createElement(L, { longest: 200 }, r)), /* @__PURE__ */ React.createElement("nav", {
		className: "hv-links",
		"aria-label": A(r, 80)
	}, /* @__PURE__ */ React.createElement(X, { to: t.sourceUrl }, Y.sourcePage), /* @__PURE__ */ React.createElement(X, { to: e.jobUrl ?? t.jobUrl }, Y.jobPage))), e.isOldSchema && /* @__PURE__ */ React.createElement(j, { kind: "info" }, Y.oldSchema), e.isNewSchema && /* @__PURE__ */ React.createElement(j, { kind: "warn" }, Y.newSchema), e.outcome === "failure" && /* @__PURE__ */ React.createElement(nt, { harvest: e }), /* @__PURE__ */ React.createElement(I, { title: Y.itemCounts }, /* @__PURE__ */ React.createElement(Le, { harvest: e }), e.newlyArchived !== null && e.newlyArchived > 0 && /* @__PURE__ */ React.createElement("p", null, Y.newlyArchived(T.number(e.newlyArchived))), /* @__PURE__ */ React.createElement(tt, { harvest: e })), /* @__PURE__ */ React.createElement(at, {
		harvest: e,
		previous: n
	}), /* @__PURE__ */ React.createElement(it, {
		items: e.failedItems,
		all: e.items.failed
	}), e.errors.length > 0 && /* @__PURE__ */ React.createElement(I, {
		title: Y.jobErrors,
		tone: "bad"
	}, /* @__PURE__ */ React.createElement("ul", { className: "hv-list" }, e.errors.map((e, t) => /* @__PURE__ */ React.createElement("li", { key: t }, /* @__PURE__ */ React.createElement(L, null, e), /* @__PURE__ */ React.createElement(rt, { message: e }))))), e.remoteIds && /* @__PURE__ */ React.createElement(lt, { fates: e.remoteIds }));
}
function X({ to: e, children: t }) {
	return typeof e == "string" && e ? /* @__PURE__ */ React.createElement(M, { to: e }, t) : null;
}
function tt({ harvest: e }) {
	return /* @__PURE__ */ React.createElement(R, { rows: [
		[Y.started, e.started && /* @__PURE__ */ React.createElement(N, { value: e.started })],
		[Y.ended, e.ended && /* @__PURE__ */ React.createElement(N, { value: e.ended })],
		[Y.duration, e.duration === null ? null : T.duration(e.duration)],
		[Y.nextRun, e.nextRun && /* @__PURE__ */ React.createElement(N, { value: e.nextRun })],
		[Y.how, e.how ? Y.hows[e.how] ?? A(e.how) : null],
		[Y.portal, e.portal && /* @__PURE__ */ React.createElement(M, { to: e.portal }, A(e.portal.replace(/^https?:\/\//, "")))],
		[Y.job, e.jobId && /* @__PURE__ */ React.createElement("code", null, A(e.jobId))]
	] });
}
function nt({ harvest: e }) {
	let t = e.failureKind ? Y.kinds[e.failureKind] : void 0;
	return /* @__PURE__ */ React.createElement(I, {
		title: Y.why,
		tone: "bad"
	}, e.reasons.length > 0 && /* @__PURE__ */ React.createElement("ul", { className: "hv-list" }, e.reasons.map((e, t) => /* @__PURE__ */ React.createElement("li", { key: t }, /* @__PURE__ */ React.createElement(L, null, e)))), t && /* @__PURE__ */ React.createElement("p", null, /* @__PURE__ */ React.createElement("strong", null, Y.whatToDo, ":"), " ", t));
}
function rt({ message: e, given: t }) {
	let n = Ze(e), r = n ? Y.advice[n] : t;
	return r ? /* @__PURE__ */ React.createElement("p", { className: "hv-advice" }, /* @__PURE__ */ React.createElement("strong", null, Y.whatToDo, ":"), " ", n ? r : /* @__PURE__ */ React.createElement(L, null, r)) : null;
}
function it({ items: e, all: t }) {
	return e.length ? /* @__PURE__ */ React.createElement(I, {
		title: `${Y.failedItems} (${T.number(Math.max(t, e.length))})`,
		tone: "bad"
	}, Qe(e).map((e, t) => /* @__PURE__ */ React.createElement("details", {
		key: t,
		className: "hv-group",
		open: t === 0
	}, /* @__PURE__ */ React.createElement("summary", null, /* @__PURE__ */ React.createElement("span", { className: "hv-count" }, T.number(e.items.length), " ×"), " ", /* @__PURE__ */ React.createElement(L, null, e.message)), /* @__PURE__ */ React.createElement(rt, {
		message: e.message,
		given: e.items[0]?.advice ?? null
	}), /* @__PURE__ */ React.createElement("ul", { className: "hv-list" }, e.items.map((e, t) => /* @__PURE__ */ React.createElement("li", { key: t }, /* @__PURE__ */ React.createElement("code", null, e.remoteId ? A(e.remoteId, 200) : Y.noIdentifier), " ", /* @__PURE__ */ React.createElement(X, { to: e.remoteUrl }, Y.openRecord), " ", /* @__PURE__ */ React.createElement(X, { to: e.datasetUrl }, Y.openDataset)))))), t > e.length && /* @__PURE__ */ React.createElement("p", { className: "hv-muted" }, Y.shownOf(T.number(e.length), T.number(t)))) : null;
}
function at({ harvest: e, previous: t }) {
	let n = s(e.changes), r = n ? ct(n) : [];
	if (r.length) return /* @__PURE__ */ React.createElement(I, { title: Y.changes }, /* @__PURE__ */ React.createElement(R, { rows: r }));
	if (!t) return null;
	let i = o.filter((n) => e.items[n] !== t.items[n]);
	return /* @__PURE__ */ React.createElement(I, { title: Y.changes }, /* @__PURE__ */ React.createElement("p", { className: "hv-muted" }, Y.comparedWith, " (", /* @__PURE__ */ React.createElement(N, { value: t.ended ?? t.started }), ", ", U(t), "):"), i.length ? /* @__PURE__ */ React.createElement("ul", { className: "hv-legend" }, i.map((n) => /* @__PURE__ */ React.createElement("li", { key: n }, /* @__PURE__ */ React.createElement("span", {
		className: `hv-dot hv-fill-${n}`,
		"aria-hidden": "true"
	}), /* @__PURE__ */ React.createElement("strong", { className: ot(n, e, t) ? "hv-text-bad" : "" }, st(e.items[n] - t.items[n])), " ", Y.item[n]))) : /* @__PURE__ */ React.createElement("p", null, Y.noChanges));
}
function ot(e, t, n) {
	let r = t.items[e] > n.items[e];
	return e === "done" ? !r : r;
}
function st(e) {
	return e > 0 ? `+${T.number(e)}` : `−${T.number(-e)}`;
}
function ct(e) {
	return Object.entries(e).flatMap(([e, t]) => {
		let n = Y.change[e];
		return n ? typeof t == "number" ? t ? [[n, T.number(t)]] : [] : !Array.isArray(t) || !t.length ? [] : [[n, /* @__PURE__ */ React.createElement(L, { key: e }, `${T.number(t.length)}: ${t.slice(0, 10).map((e) => A(e, 80)).join(", ")}`)]] : [];
	});
}
function lt({ fates: e }) {
	let t = {
		done: Y.item.done,
		failed: Y.item.failed,
		skipped: Y.item.skipped,
		archived: Y.item.archived,
		missing: Y.missing
	}, n = Object.entries(t).flatMap(([t, n]) => {
		let r = e[t];
		if (typeof r == "number") return [[n, T.number(r)]];
		if (!Array.isArray(r) || !r.length) return [];
		let i = r.slice(0, 20).map((e) => A(e, 120));
		return [[`${n} (${T.number(r.length)})`, /* @__PURE__ */ React.createElement(L, {
			key: t,
			longest: 2e3
		}, i.join(", "))]];
	});
	return /* @__PURE__ */ React.createElement(I, { title: Y.askedFor }, /* @__PURE__ */ React.createElement(R, { rows: n }));
}
// src/views/SourceView.tsx
var { words: Z } = T, ut = 60;
function dt({ source: e, onBack: t }) {
	let n = React.useRef(null);
	return React.useEffect(() => n.current?.focus(), []), /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("p", null, /* @__PURE__ */ React.createElement("button", {
		type: "button",
		className: "hv-button",
		onClick: t
	}, "← ", Z.back)), /* @__PURE__ */ React.createElement("h1", {
		ref: n,
		tabIndex: -1
	}, e ? /* @__PURE__ */ React.createElement(L, { longest: 200 }, e.name ?? e.id) : Z.source), e ? /* @__PURE__ */ React.createElement(ft, { source: e }) : /* @__PURE__ */ React.createElement(j, { kind: "warn" }, Z.sourceMissing));
}
function ft({ source: e }) {
	let t = pt(e), [n, r] = t;
	return /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("p", { className: "hv-muted" }, e.organization && /* @__PURE__ */ React.createElement(L, { longest: 120 }, `${e.organization} · `), /* @__PURE__ */ React.createElement(M, { to: n?.portal }, e.portal), " · ", /* @__PURE__ */ React.createElement("code", null, e.id), " ", typeof e.adminUrl == "string" && e.adminUrl && /* @__PURE__ */ React.createElement(M, { to: e.adminUrl }, Z.sourcePage)), e.findings.length > 0 && /* @__PURE__ */ React.createElement(I, {
		title: Z.findings,
		tone: "warn"
	}, /* @__PURE__ */ React.createElement(q, { findings: e.findings })), n ? /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement(I, { title: Z.history }, t.length > 1 && /* @__PURE__ */ React.createElement(Ue, { history: t }), /* @__PURE__ */ React.createElement(ht, { history: t })), /* @__PURE__ */ React.createElement("section", {
		className: "hv-nested",
		"aria-label": Z.viewLatest
	}, /* @__PURE__ */ React.createElement(et, {
		harvest: n,
		links: {
			sourceUrl: e.adminUrl,
			jobUrl: null
		},
		previous: r ?? null
	}))) : /* @__PURE__ */ React.createElement(j, { kind: "info" }, Z.noHarvestsOfSource), /* @__PURE__ */ React.createElement(I, { title: Z.dags }, e.runBy.length + e.followedBy.length ? /* @__PURE__ */ React.createElement("dl", { className: "hv-facts" }, /* @__PURE__ */ React.createElement(mt, {
		title: Z.producers,
		ids: e.runBy
	}), /* @__PURE__ */ React.createElement(mt, {
		title: Z.watchers,
		ids: e.followedBy
	})) : /* @__PURE__ */ React.createElement("p", { className: "hv-muted" }, Z.noDags)));
}
function pt(e) {
	let t = B(e.key, (t) => e.assetIds.length ? oe(e.assetIds, t) : Promise.resolve([]), () => null);
	return React.useMemo(() => {
		if (!t.value?.length) return e.history;
		let n = ge({
			assets: [],
			events: t.value,
			results: [],
			health: [],
			guards: []
		}).find((t) => t.key === e.key)?.history ?? [], r = new Set(e.history.map((e) => e.jobId));
		return [...e.history, ...n.filter((e) => !r.has(e.jobId))].sort((e, t) => (t.at?.getTime() ?? 0) - (e.at?.getTime() ?? 0));
	}, [t.value, e]);
}
function mt({ title: e, ids: t }) {
	return t.length ? /* @__PURE__ */ React.createElement("div", null, /* @__PURE__ */ React.createElement("dt", null, e), /* @__PURE__ */ React.createElement("dd", null, t.map((e, t) => /* @__PURE__ */ React.createElement("span", { key: e }, t > 0 && ", ", /* @__PURE__ */ React.createElement("a", {
		className: "hv-link",
		href: gt(`dags/${encodeURIComponent(e)}`)
	}, A(e, 80)))))) : null;
}
function ht({ history: e }) {
	return /* @__PURE__ */ React.createElement("table", { className: "hv-table hv-small" }, /* @__PURE__ */ React.createElement("caption", { className: "hv-hidden" }, Z.history), /* @__PURE__ */ React.createElement("thead", null, /* @__PURE__ */ React.createElement("tr", null, /* @__PURE__ */ React.createElement("th", { scope: "col" }, Z.ended), /* @__PURE__ */ React.createElement("th", { scope: "col" }, Z.verdictColumn), /* @__PURE__ */ React.createElement("th", { scope: "col" }, Z.columns.items), /* @__PURE__ */ React.createElement("th", { scope: "col" }, Z.duration), /* @__PURE__ */ React.createElement("th", { scope: "col" }, Z.job))), /* @__PURE__ */ React.createElement("tbody", null, e.slice(0, ut).map((e, t) => /* @__PURE__ */ React.createElement("tr", { key: e.jobId ?? t }, /* @__PURE__ */ React.createElement("th", { scope: "row" }, /* @__PURE__ */ React.createElement(N, { value: e.at })), /* @__PURE__ */ React.createElement("td", { "data-label": Z.verdictColumn }, /* @__PURE__ */ React.createElement(F, { verdict: e.outcome ?? "unknown" })), /* @__PURE__ */ React.createElement("td", { "data-label": Z.columns.items }, U(e)), /* @__PURE__ */ React.createElement("td", { "data-label": Z.duration }, e.duration === null ? "—" : T.duration(e.duration)), /* @__PURE__ */ React.createElement("td", { "data-label": Z.job }, e.jobUrl ? /* @__PURE__ */ React.createElement(M, { to: e.jobUrl }, Z.portal) : "—", e.task && /* @__PURE__ */ React.createElement(React.Fragment, null, " · ", /* @__PURE__ */ React.createElement("a", {
		className: "hv-link",
		href: _t(e.task)
	}, Z.openTask)))))));
}
function gt(e) {
	return new URL(e, document.baseURI).href;
}
function _t({ dagId: e, runId: t, taskId: n, mapIndex: r }) {
	let [i, a, o] = [
		e,
		t,
		n
	].map(encodeURIComponent);
	return gt(`dags/${i}/runs/${a}/tasks/${o}${r >= 0 ? `/mapped/${r}` : ""}/plugin/harvest`);
}
// src/views/HarvestsPage.tsx
var { words: Q } = T;
function vt() {
	return /* @__PURE__ */ React.createElement(Ne, { label: Q.title }, /* @__PURE__ */ React.createElement(yt, null));
}
function yt() {
	let [e, t] = ReactRouterDOM.useSearchParams(), n = B("all", ae, () => null), r = React.useMemo(() => n.value ? ge(n.value.known) : [], [n.value]), i = e.get("source"), a = (n) => {
		let r = new URLSearchParams(e);
		n === null ? r.delete("source") : r.set("source", n), t(r), window.scrollTo(0, 0);
	};
	if (!n.value) return /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("h1", null, Q.title), /* @__PURE__ */ React.createElement(V, { loading: n }));
	if (i !== null) {
		let e = r.find((e) => e.key === i);
		return /* @__PURE__ */ React.createElement(dt, {
			key: i,
			source: e ?? null,
			onBack: () => a(null)
		});
	}
	return /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("header", { className: "hv-head" }, /* @__PURE__ */ React.createElement("h1", null, Q.title), /* @__PURE__ */ React.createElement("span", { className: "hv-muted hv-right" }, Q.refreshed, " ", /* @__PURE__ */ React.createElement(N, { value: n.value.at }), " ", /* @__PURE__ */ React.createElement("button", {
		type: "button",
		className: "hv-button",
		onClick: n.again,
		disabled: n.isLoading
	}, Q.reload))), n.error !== null && /* @__PURE__ */ React.createElement(V, { loading: n }), /* @__PURE__ */ React.createElement(bt, { loaded: n.value }), r.length ? /* @__PURE__ */ React.createElement(St, {
		sources: r,
		onOpen: a
	}) : /* @__PURE__ */ React.createElement(xt, null));
}
function bt({ loaded: e }) {
	let { shown: t } = e;
	return /* @__PURE__ */ React.createElement(React.Fragment, null, e.forbidden.map((e) => /* @__PURE__ */ React.createElement(j, {
		key: e,
		kind: "warn"
	}, Q.partForbidden[e])), t.assets < t.allAssets && /* @__PURE__ */ React.createElement(j, { kind: "warn" }, Q.partial.assets(T.number(t.assets), T.number(t.allAssets))), t.events < t.allEvents && /* @__PURE__ */ React.createElement(j, { kind: "info" }, Q.partial.events(T.number(t.events), T.number(t.allEvents))));
}
function xt() {
	return /* @__PURE__ */ React.createElement("div", { className: "hv-empty" }, /* @__PURE__ */ React.createElement("h2", null, Q.empty.title), /* @__PURE__ */ React.createElement("p", null, Q.empty.text), /* @__PURE__ */ React.createElement("ul", null, /* @__PURE__ */ React.createElement("li", null, Q.empty.watch), /* @__PURE__ */ React.createElement("li", null, Q.empty.outlets), /* @__PURE__ */ React.createElement("li", null, Q.empty.trigger)), /* @__PURE__ */ React.createElement("p", { className: "hv-muted" }, Q.empty.examples));
}
function St({ sources: e, onOpen: t }) {
	let [n, r] = React.useState(k), [i, a] = React.useState({
		column: "verdict",
		descending: !1
	}), o = React.useMemo(() => xe(e, n, i, T.code), [
		e,
		n,
		i
	]);
	return /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement(Ct, { sources: e }), /* @__PURE__ */ React.createElement(wt, {
		sources: e,
		filter: n,
		onChange: r
	}), /* @__PURE__ */ React.createElement("p", {
		className: "hv-muted",
		role: "status"
	}, Q.shown(T.number(o.length), T.number(e.length))), o.length ? /* @__PURE__ */ React.createElement(Je, {
		sources: o,
		order: i,
		onSort: (e) => a((t) => ({
			column: e,
			descending: t.column === e ? !t.descending : e === "last" || e === "items" || e === "findings"
		})),
		onOpen: t
	}) : /* @__PURE__ */ React.createElement(j, { kind: "info" }, Q.noMatch, " ", /* @__PURE__ */ React.createElement("button", {
		type: "button",
		className: "hv-button",
		onClick: () => r(k)
	}, Q.clearFilters)));
}
function Ct({ sources: e }) {
	let t = (t) => T.number(e.filter(t).length), n = [
		[
			T.number(e.length),
			Q.tiles.sources,
			""
		],
		[
			t((e) => e.verdict === "success"),
			Q.tiles.ok,
			"good"
		],
		[
			t((e) => e.verdict === "failure"),
			Q.tiles.failing,
			"bad"
		],
		[
			t((e) => e.findings.length > 0),
			Q.tiles.findings,
			"warn"
		],
		[
			t((e) => e.verdict === "none"),
			Q.tiles.never,
			""
		]
	];
	return /* @__PURE__ */ React.createElement("ul", { className: "hv-tiles" }, n.map(([e, t, n]) => /* @__PURE__ */ React.createElement("li", {
		key: t,
		className: n && e !== "0" ? `hv-edge-${n}` : ""
	}, /* @__PURE__ */ React.createElement("strong", null, e), " ", t)));
}
function wt({ sources: e, filter: t, onChange: n }) {
	let r = [...new Set(e.map((e) => e.portal))].sort();
	return /* @__PURE__ */ React.createElement("form", {
		className: "hv-filters",
		role: "search",
		onSubmit: (e) => e.preventDefault()
	}, /* @__PURE__ */ React.createElement("label", null, /* @__PURE__ */ React.createElement("span", null, Q.search), /* @__PURE__ */ React.createElement("input", {
		type: "search",
		value: t.text,
		placeholder: Q.searchHint,
		onChange: (e) => n({
			...t,
			text: e.target.value
		})
	})), /* @__PURE__ */ React.createElement("label", null, /* @__PURE__ */ React.createElement("span", null, Q.filterVerdict), /* @__PURE__ */ React.createElement("select", {
		value: t.verdict,
		onChange: (e) => n({
			...t,
			verdict: e.target.value
		})
	}, /* @__PURE__ */ React.createElement("option", { value: "" }, Q.all), [
		"success",
		"failure",
		"unknown",
		"none"
	].map((e) => /* @__PURE__ */ React.createElement("option", {
		key: e,
		value: e
	}, Q.verdict[e])))), r.length > 1 && /* @__PURE__ */ React.createElement("label", null, /* @__PURE__ */ React.createElement("span", null, Q.filterPortal), /* @__PURE__ */ React.createElement("select", {
		value: t.portal,
		onChange: (e) => n({
			...t,
			portal: e.target.value
		})
	}, /* @__PURE__ */ React.createElement("option", { value: "" }, Q.all), r.map((e) => /* @__PURE__ */ React.createElement("option", { key: e }, e)))), /* @__PURE__ */ React.createElement("label", { className: "hv-check" }, /* @__PURE__ */ React.createElement("input", {
		type: "checkbox",
		checked: t.attention,
		onChange: (e) => n({
			...t,
			attention: e.target.checked
		})
	}), /* @__PURE__ */ React.createElement("span", null, Q.filterAttention, " (", T.number(e.filter(be).length), ")")));
}
// src/model/task.ts
var Tt = "harvest_result", Et = "harvest_health", Dt = "harvest_guard", Ot = /^_?Harvest|^HarvestJobSensor/, kt = /* @__PURE__ */ new Set([
	"success",
	"failed",
	"skipped",
	"upstream_failed",
	"removed"
]);
async function At(e, t) {
	let r = a(e), i = await n(e.mapIndex < 0 ? r : `${r}/${e.mapIndex}`, {}, t), o = await jt(e, t), s = kt.has(i.state ?? ""), c = i.operator_name ?? i.operator ?? "", u = Ot.test(c) || [
		Tt,
		Et,
		Dt
	].some((e) => o.has(e)), [p, m, h, ee, g] = await Promise.all([
		Tt,
		Et,
		Dt,
		"harvest_source_url",
		"harvest_job_url"
	].map(async (n) => o.has(n) ? b(e, n, t) : void 0)), _ = {
		isOurs: u,
		state: i.state,
		startedAt: i.start_date,
		hasEnded: s,
		harvest: f(p),
		health: te(m),
		guard: ne(h),
		trouble: null,
		sourceId: l(i.rendered_fields?.source_id),
		sourceUrl: ee,
		jobUrl: g,
		messages: []
	}, v = [p, m].find((e) => e != null);
	return v !== void 0 && !_.harvest && !_.health && (_.trouble = typeof d(v) == "string" ? "reference" : "unreadable"), u && !s && i.state && (_.messages = await Mt(e, i.try_number, t)), _;
}
async function jt(e, t) {
	let { entries: n } = await r(`${a(e)}/xcomEntries`, {
		map_index: e.mapIndex,
		xcom_key_pattern: "harvest"
	}, (e) => e.xcom_entries, 1, t);
	return new Set(n.map((e) => e.key));
}
async function Mt(t, r, i) {
	try {
		let e = await n(`${a(t)}/logs/${r}`, {
			full_content: !0,
			map_index: t.mapIndex
		}, i);
		return (Array.isArray(e.content) ? e.content : []).filter((e) => typeof e == "object" && String(e.logger ?? "").includes("airflow_provider_harvest")).slice(-5).map((e) => ({
			at: l(e.timestamp),
			text: String(e.event ?? "")
		}));
	} catch (t) {
		if (t instanceof e) return [];
		throw t;
	}
}
async function Nt(t, n, i) {
	try {
		let { entries: e } = await r("assets/events", {
			source_dag_id: t.dagId,
			source_task_id: t.taskId,
			order_by: "-timestamp"
		}, (e) => e.asset_events, 1, i);
		return e.map((e) => p(e.extra)).filter((e) => e?.sourceId === n.sourceId && e?.jobId !== n.jobId).filter((e) => (e?.ended ?? "") < (n.ended ?? ""))[0] ?? null;
	} catch (t) {
		if (t instanceof e) return null;
		throw t;
	}
}
// src/views/TaskTab.tsx
var { words: $ } = T, Pt = 5e3;
function Ft(e) {
	return /* @__PURE__ */ React.createElement(Ne, { label: $.title }, /* @__PURE__ */ React.createElement(It, e));
}
function It({ dagId: e = "", runId: t = "", taskId: n = "", mapIndex: r }) {
	let i = Number(r ?? -1), a = {
		dagId: e,
		runId: t,
		taskId: n,
		mapIndex: Number.isInteger(i) ? i : -1
	}, o = B(JSON.stringify(a), (e) => At(a, e), (e) => e.isOurs && !e.hasEnded ? Pt : null), s = o.value;
	return s ? /* @__PURE__ */ React.createElement(React.Fragment, null, o.error !== null && /* @__PURE__ */ React.createElement(V, {
		loading: o,
		notFound: $.gone
	}), /* @__PURE__ */ React.createElement(Lt, {
		view: s,
		task: a
	})) : /* @__PURE__ */ React.createElement(V, {
		loading: o,
		notFound: $.gone
	});
}
function Lt({ view: e, task: t }) {
	return e.isOurs ? !e.hasEnded && e.state && !e.harvest && !e.health ? /* @__PURE__ */ React.createElement(zt, { view: e }) : /* @__PURE__ */ React.createElement(React.Fragment, null, e.harvest && /* @__PURE__ */ React.createElement(Rt, {
		view: e,
		task: t
	}), e.health && /* @__PURE__ */ React.createElement(qe, {
		report: e.health,
		title: $.healthOf(A(e.health.portal.replace(/^https?:\/\//, ""))),
		quiet: $.noFindings
	}), e.guard && /* @__PURE__ */ React.createElement(qe, {
		report: e.guard,
		title: $.guardOf(A(e.guard.portal.replace(/^https?:\/\//, ""))),
		quiet: $.guardQuiet
	}), e.trouble && /* @__PURE__ */ React.createElement(j, { kind: "warn" }, $[e.trouble]), !e.harvest && !e.health && !e.guard && !e.trouble && /* @__PURE__ */ React.createElement(j, { kind: "info" }, e.hasEnded ? $.noResult : $.noResultYet)) : /* @__PURE__ */ React.createElement(j, { kind: "info" }, $.notOurs);
}
function Rt({ view: e, task: t }) {
	let { harvest: n } = e, r = B(`${n?.jobId} ${JSON.stringify(t)}`, (e) => n ? Nt(t, n, e) : Promise.resolve(null), () => null);
	return n && /* @__PURE__ */ React.createElement(et, {
		harvest: n,
		links: e,
		previous: r.value
	});
}
function zt({ view: e }) {
	let t = e.state === "deferred" || e.state === "up_for_reschedule";
	return /* @__PURE__ */ React.createElement(React.Fragment, null, /* @__PURE__ */ React.createElement("header", { className: "hv-head" }, /* @__PURE__ */ React.createElement(P, { tone: "busy" }, t ? $.verdict.waiting : $.verdict.running), /* @__PURE__ */ React.createElement("nav", {
		className: "hv-links",
		"aria-label": $.portal
	}, typeof e.sourceUrl == "string" && e.sourceUrl && /* @__PURE__ */ React.createElement(M, { to: e.sourceUrl }, $.sourcePage), typeof e.jobUrl == "string" && e.jobUrl && /* @__PURE__ */ React.createElement(M, { to: e.jobUrl }, $.jobPage))), /* @__PURE__ */ React.createElement(j, { kind: "info" }, t ? $.waitingFor : $.runningNow), /* @__PURE__ */ React.createElement(I, { title: $.latestMessages }, /* @__PURE__ */ React.createElement(R, { rows: [
		[$.source, e.sourceId && /* @__PURE__ */ React.createElement("code", null, A(e.sourceId))],
		[$.taskState, A(e.state)],
		[$.since, e.startedAt && /* @__PURE__ */ React.createElement(N, { value: e.startedAt })]
	] }), /* @__PURE__ */ React.createElement("ol", {
		className: "hv-log",
		"aria-live": "polite"
	}, e.messages.map((e, t) => /* @__PURE__ */ React.createElement("li", { key: t }, /* @__PURE__ */ React.createElement("span", { className: "hv-muted" }, /* @__PURE__ */ React.createElement(N, { value: e.at })), " ", /* @__PURE__ */ React.createElement(L, null, e.text))))));
}
// src/main.tsx
Object.assign(globalThis, {
	Harvest: Ft,
	Harvests: vt
});
