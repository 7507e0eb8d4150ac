// SPDX-License-Identifier: GPL-2.0-or-later
// The page: asks /api/... every second while somebody looks, and writes what it hears into the tables of index.html.
// Names of files are hostile: everything goes through textContent, nothing is ever parsed as markup.

const POLL_MS = 1000, TIMEOUT_MS = 5000, STALE_S = 10;
const SIGNS = { queued: "◌", running: "▶", done: "✓", failed: "✕", live: "●", late: "◐", gone: "✕", on: "✓", off: "✕" };
const byId = (id) => document.getElementById(id);
const numbers = new Intl.NumberFormat("en");

// ---- the server's word ----

const heard = new Map(); // path → { etag, body }
const latest = { status: null, workers: null, jobs: null, pipelines: null, waiting: null };
let heardAt = 0, clockOffset = 0, failure = null;
const filter = { state: "", pipeline: "", q: "", page: 1 };

async function ask(path) {
	const known = heard.get(path);
	const answer = await fetch(path, {
		headers: known ? { "If-None-Match": known.etag } : {}, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS),
	});
	if (answer.status === 304 && known)
		return known.body;
	if (!answer.ok)
		throw new Error(`${path} answered ${answer.status}`);
	const body = await answer.json();
	if (heard.size > 16) // one entry for every filter tried
		heard.clear();
	heard.set(path, { etag: answer.headers.get("ETag"), body });
	return body;
}

function jobsPath() {
	const wanted = new URLSearchParams();
	for (const [name, value] of Object.entries(filter))
		if (value && value !== 1)
			wanted.set(name, value);
	const text = wanted.toString();
	return "/api/jobs" + (text ? "?" + text : "");
}

// One after another: an open tab then holds one connection, not four.
async function askAll() {
	const path = jobsPath();
	const status = await ask("/api/status");
	const workers = await ask("/api/workers");
	const jobs = await ask(path);
	const pipelines = await ask("/api/pipelines");
	const waiting = status.waiting ? await ask("/api/waiting") : { total: 0, waiting: [] };
	if (path === jobsPath()) // else the filter changed meanwhile: the next answer is the right one
		latest.jobs = jobs;
	Object.assign(latest, { status, workers, pipelines, waiting });
	heardAt = Date.now();
	clockOffset = Date.parse(status.time) - heardAt;
}

// ---- words for numbers ----

const serverNow = () => Date.now() + clockOffset;
const ago = (iso) => Math.max(0, (serverNow() - Date.parse(iso)) / 1000);
const two = (n) => String(n).padStart(2, "0");
function duration(s) {
	if (s < 9.95)
		return `${s.toFixed(1)} s`;
	s = Math.round(s);
	if (s < 60)
		return `${s} s`;
	if (s < 3600)
		return `${Math.floor(s / 60)} min ${two(s % 60)} s`;
	if (s < 86400)
		return `${Math.floor(s / 3600)} h ${two(Math.floor(s / 60) % 60)} min`;
	return `${Math.floor(s / 86400)} d ${Math.floor(s / 3600) % 24} h`;
}

// For how long ago something was: one unit is enough, and fifty rows need not tick.
function roughly(s) {
	if (s < 60)
		return `${Math.floor(s)} s`;
	if (s < 3600)
		return `${Math.floor(s / 60)} min`;
	return s < 86400 ? `${Math.floor(s / 3600)} h` : `${Math.floor(s / 86400)} d`;
}

function bytes(n) {
	const units = ["B", "kB", "MB", "GB", "TB"];
	let unit = 0;
	while (n >= 999.5 && unit < units.length - 1) {
		n /= 1000;
		unit++;
	}
	return `${unit && n < 9.95 ? n.toFixed(1) : Math.round(n)} ${units[unit]}`;
}

const size = (it) => it.width && it.height ? `${it.width}\u00a0×\u00a0${it.height}` : "";
const some = (...parts) => parts.filter(Boolean).join(" · ");
const plural = (n, word) => `${numbers.format(n)}\u00a0${word}${n === 1 ? "" : "s"}`;
const clock = (ms) => new Date(ms).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });

// ---- writing only what changed, so that selections and focus survive ----

function set(element, text) {
	if (element.textContent !== text)
		element.textContent = text;
}

function show(element, visible) {
	element.hidden = !visible;
}

function setState(element, state) {
	if (element.dataset.state !== state)
		element.dataset.state = state;
	set(element, `${SIGNS[state]} ${state}`);
}

function make(tag, text, className) {
	const element = document.createElement(tag);
	if (text !== undefined)
		element.textContent = text;
	if (className)
		element.className = className;
	return element;
}

// One element per item, made from a template, found again by key.
function list(parent, items, template, key, fill) {
	const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
	let at = parent.firstElementChild;
	for (const item of items) {
		let element = known.get(key(item));
		known.delete(key(item));
		if (!element) {
			element = byId(template).content.firstElementChild.cloneNode(true);
			element.dataset.key = key(item);
			element.fields = Object.fromEntries([...element.querySelectorAll("[data-f]")].map((f) => [f.dataset.f, f]));
		}
		fill(element.fields, item, element);
		if (element === at)
			at = at.nextElementSibling;
		else
			parent.insertBefore(element, at);
	}
	for (const element of known.values())
		element.remove();
}

// ---- parts of the page ----

const now = Object.fromEntries([...byId("now").querySelectorAll("[data-f]")].map((f) => [f.dataset.f, f]));

function drawNow({ jobs, workers, tiles, oldest_queued_s, broker, version, uptime_s }) {
	for (const state of ["queued", "running", "done", "failed"]) {
		set(now[state], numbers.format(jobs[state]));
		now[state].parentElement.toggleAttribute("data-some", jobs[state] > 0);
	}
	set(now["running-sub"], tiles.running ? `${plural(tiles.running, "tile")} at work` : jobs.running ? "" : "idle");
	set(now["queued-sub"], oldest_queued_s === null ? "nothing waits" : `oldest waits ${duration(oldest_queued_s)}`);
	set(now["done-sub"], some(plural(tiles.done, "tile"), tiles.retried && `${numbers.format(tiles.retried)}\u00a0retried`,
		tiles.duplicate && plural(tiles.duplicate, "duplicate")));
	set(now["failed-sub"], jobs.failed ? "each with its reason below" : "nothing failed");
	set(now.live, `${workers.live} live`);
	set(now["workers-sub"], `${workers.late} late · ${workers.gone} gone`);
	now.live.parentElement.toggleAttribute("data-some", workers.late + workers.gone > 0 || workers.live === 0);
	const chip = byId("broker");
	show(chip, true);
	chip.dataset.state = broker.state;
	set(chip, `${broker.kind} broker ${broker.state}`);
	chip.title = broker.servers || "";
	set(byId("version"), `dropmill ${version}, up ${duration(uptime_s)}`);
	document.title = jobs.running ? `${jobs.running} running · dropmill` : "dropmill";
}

function drawNotices({ broker }, pipelines) {
	const texts = pipelines.filter((p) => p.error).map((p) =>
		`Pipeline “${p.name}” ${p.enabled ? "runs its last good version" : "is off"}: ${p.error}`);
	if (broker.note)
		texts.unshift(broker.note);
	else if (broker.state === "down")
		texts.unshift("The broker is down. The mill waits and goes on when it is back.");
	const box = byId("notices");
	if (box.dataset.key !== texts.join("\0")) {
		box.dataset.key = texts.join("\0");
		box.replaceChildren(...texts.map((text) => make("li", text)));
	}
	show(box, texts.length > 0);
}

function drawWorkers(workers) {
	const passed = (Date.now() - heardAt) / 1000;
	show(byId("workers"), workers.length > 0);
	show(byId("workers-rule"), workers.length > 0);
	show(byId("workers-empty"), workers.length === 0);
	list(byId("workers").tBodies[0], workers, "worker-row", (w) => w.id, (f, w, row) => {
		row.dataset.state = w.state;
		set(f.id, w.id);
		set(f.where, some(w.host, `pid ${w.pid}`, w.vips && `libvips ${w.vips}`));
		setState(f.state, w.state);
		set(f.heartbeat, `${duration(w.last_heartbeat_s + passed)} ago`);
		set(f.current, w.current || (w.state === "gone" ? "–" : "idle"));
		set(f.tiles, numbers.format(w.tiles_done));
		set(f.rate, w.state === "gone" ? "–" : w.tiles_per_s.toFixed(1));
		set(f.failed, numbers.format(w.failed));
		set(f.memory, w.rss_bytes === null || w.state === "gone" ? "–" : bytes(w.rss_bytes));
		set(f.plane, w.plane || "–");
		set(f.partitions, w.partitions.join(", ") || "–");
		set(f.lag, w.lag === null ? "–" : numbers.format(w.lag));
	});
}

// Tiles of each kind, and the words for them. A failed job is never a full bar of success.
function progress(job) {
	const { total, done, running } = job.tiles;
	if (job.state === "done")
		return { parts: [1, 0, 0, 0], text: total > 1 ? plural(total, "tile") : "whole picture" };
	if (total <= 1) {
		const parts = { queued: [0, 0, 0, 1], running: [0, 1, 0, 0], failed: [0, 0, 1, 0] }[job.state];
		return { parts, text: { queued: "waiting", running: "whole picture at work", failed: "not finished" }[job.state] };
	}
	const rest = Math.max(total - done - running, 0);
	const words = `${numbers.format(done)} of ${plural(total, "tile")}`;
	if (job.state === "failed")
		return { parts: [done, 0, total - done, 0], text: `${words}, then failed` };
	return { parts: [done, running, 0, rest], text: words + (running ? `, ${numbers.format(running)} at work` : "") };
}

function timing(job) {
	if (job.finished_at)
		return [duration((Date.parse(job.finished_at) - Date.parse(job.started_at || job.queued_at || job.finished_at)) / 1000),
			`${roughly(ago(job.finished_at))} ago`];
	if (job.started_at)
		return [duration(ago(job.started_at)), "so far"];
	return [job.queued_at ? duration(ago(job.queued_at)) : "–", "in the queue"];
}

function drawOutputs(box, outputs) {
	const key = JSON.stringify(outputs);
	if (box.dataset.key === key)
		return;
	box.dataset.key = key;
	box.replaceChildren(...outputs.map((output) => {
		const item = make("li"), link = make("a", output.path);
		link.href = output.url;
		link.download = "";
		item.append(link, " ", make("span", some(bytes(output.bytes), size(output)), "sub"));
		return item;
	}));
}

function drawJobs({ jobs, total, page, pages }, pipelines) {
	show(byId("jobs"), jobs.length > 0);
	list(byId("jobs").tBodies[0], jobs, "job-row", (j) => j.id, (f, job) => {
		const { parts, text } = progress(job);
		const [elapsed, when] = timing(job);
		set(f.source, job.source);
		set(f.what, some(job.pipeline, size(job)));
		setState(f.state, job.state);
		set(f.lane, some(job.lane, job.attempt > 1 && `try ${job.attempt}`));
		set(f.progress, text);
		[...f.progress.previousElementSibling.children].forEach((part, i) => part.style.flexGrow = parts[i]);
		set(f.elapsed, elapsed);
		set(f.when, when);
		set(f.error, job.error || "");
		show(f.error, Boolean(job.error));
		drawOutputs(f.outputs, job.outputs);
		f.outputs.parentElement.classList.toggle("empty-cell", !job.error && job.outputs.length === 0);
	});
	show(byId("pager"), pages > 1 || page > 1);
	byId("newer").disabled = page <= 1;
	byId("older").disabled = page >= pages;
	set(byId("place"), `page ${numbers.format(page)} of ${numbers.format(pages)} · ${plural(total, "job")}`);
	drawEmpty(jobs.length === 0, pipelines.filter((p) => p.enabled));
}

function drawEmpty(empty, enabled) {
	const box = byId("jobs-empty"), filtered = filter.state || filter.pipeline || filter.q || filter.page > 1;
	const key = filtered ? "filtered" : JSON.stringify(enabled.map((p) => [p.name, p.inbox]));
	show(box, empty);
	if (!empty || box.dataset.key === key)
		return;
	box.dataset.key = key;
	if (filtered)
		return box.replaceChildren("No job matches this filter.");
	const folders = make("ul");
	folders.append(...enabled.map((p) => {
		const item = make("li");
		item.append(make("code", p.inbox), ` for ${p.name}${p.description ? ": " + p.description : ""}`);
		return item;
	}));
	box.replaceChildren(make("b", "Nothing milled yet"),
		enabled.length ? "Drop an image into a folder; a finished one appears in the out folder and here:" :
			"No pipeline is on: see below what is wrong.", folders);
}

// Files that were seen and not taken: each with its reason.
function drawWaiting({ total, waiting }) {
	show(byId("waiting"), total > 0);
	list(byId("waiting-list"), waiting, "waiting-row", (w) => w.path, (f, w) => {
		set(f.path, w.path);
		set(f.why, w.why);
		set(f.when, `for ${roughly(ago(w.since))}`);
	});
	set(byId("waiting-more"), total > waiting.length ? `and ${numbers.format(total - waiting.length)} more` : "");
}

function drawPipelines(pipelines) {
	show(byId("pipelines-empty"), pipelines.length === 0);
	list(byId("pipelines"), pipelines, "pipeline-card", (p) => p.name + "\0" + p.file, (f, p, card) => {
		card.dataset.state = p.enabled ? "on" : "off";
		set(f.name, p.name);
		setState(f.state, p.enabled ? "on" : "off");
		set(f.description, p.description || "");
		set(f.inbox, p.inbox || "");
		show(f.inbox.parentElement, Boolean(p.enabled && p.inbox));
		set(f.error, p.error || "");
		show(f.error, Boolean(p.error));
		set(f.file, some(p.file, p.hash && p.hash.slice(0, 8)));
	});
	const choice = byId("filter").elements.pipeline;
	const names = [...new Set(pipelines.map((p) => p.name).concat(filter.pipeline || []))].filter(Boolean).sort();
	if (choice.dataset.key !== JSON.stringify(names)) {
		choice.dataset.key = JSON.stringify(names);
		choice.replaceChildren(new Option("all", ""), ...names.map((name) => new Option(name, name)));
		choice.value = filter.pipeline;
	}
}

function drawFreshness() {
	const age = latest.status ? latest.status.snapshot_age_s + (Date.now() - heardAt) / 1000 : 0;
	const stale = failure !== null || age > STALE_S;
	const since = latest.status ? ` since ${clock(Date.now() - age * 1000)}` : "";
	const chip = byId("fresh");
	chip.dataset.state = stale ? "stale" : latest.status ? "live" : "waiting";
	chip.title = failure ? String(failure) : "";
	set(chip, stale ? latest.status ? `data stale${since}` : "the mill does not answer" : latest.status ? "live" : "connecting …");
	document.body.toggleAttribute("data-stale", stale);
}

function draw() {
	drawFreshness();
	if (!latest.status || !latest.jobs)
		return;
	drawNow(latest.status);
	drawNotices(latest.status, latest.pipelines.pipelines);
	drawWorkers(latest.workers.workers);
	drawJobs(latest.jobs, latest.pipelines.pipelines);
	drawPipelines(latest.pipelines.pipelines);
	drawWaiting(latest.waiting);
}

// ---- the beat ----

let timer = 0, asking = false, again = false;

async function beat() {
	clearTimeout(timer);
	if (asking) {
		again = true;
		return;
	}
	asking = true;
	do {
		again = false;
		try {
			await askAll();
			failure = null;
		} catch (error) {
			failure = error;
		}
	} while (again);
	asking = false;
	draw();
	clearTimeout(timer);
	if (!document.hidden)
		timer = setTimeout(beat, POLL_MS);
}

function refilter(changes) {
	Object.assign(filter, { page: 1 }, changes);
	history.replaceState(null, "", jobsPath().replace("/api/jobs", "/"));
	beat();
}

const form = byId("filter"), given = new URLSearchParams(location.search);
for (const name of ["state", "pipeline", "q"])
	filter[name] = given.get(name) || "";
filter.page = Math.max(1, Number.parseInt(given.get("page"), 10) || 1);
form.elements.state.value = filter.state;
filter.state = form.elements.state.value; // an unknown word selects nothing
form.elements.q.value = filter.q;
let typing = 0;
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", () => {
	clearTimeout(typing);
	typing = setTimeout(() => refilter(Object.fromEntries(new FormData(form))), 200);
});
byId("newer").addEventListener("click", () => refilter({ page: filter.page - 1 }));
byId("older").addEventListener("click", () => refilter({ page: filter.page + 1 }));
document.addEventListener("visibilitychange", () => document.hidden ? clearTimeout(timer) : beat());
beat();
