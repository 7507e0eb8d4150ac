// SPDX-License-Identifier: GPL-2.0-or-later
// The page's data of the mill. Events and answers are merged in here, and nowhere else; views only read. Every number
// that the page shows comes from the mill's own snapshots: nothing is counted up here.

export const store = {
	status: null,      // /api/status
	heardAt: 0,        // Date.now() of the last word of the mill
	offset: 0,         // its clock minus ours, in ms
	jobs: new Map(),   // id → job, as heard lately
	workers: null,     // Map of id → worker; null: not heard yet
	rules: null,       // late_after_s, gone_after_s
	tasks: new Map(),  // worker → the tasks it ended in the last minute, oldest first; times in ms of our clock
	pipelines: null,
	waiting: null,
	// The job in view; job null: no such job.
	detail: { id: null, job: undefined, run: 0, tiles: new Map(), complete: true },
	speeds: [],        // {at, megapixels} of the last two minutes
};

const KEPT_JOBS = 500, STREAM_MS = 60000, SPEED_MS = 120000;

export const serverNow = () => Date.now() + store.offset;
export const since = (iso) => Math.max(0, (serverNow() - Date.parse(iso)) / 1000);
export const known = (job) => store.jobs.get(job.id) || job;

// How old the mill's word is, in seconds.
export function age() {
	return store.status ? (store.status.snapshot_age_s || 0) + (Date.now() - store.heardAt) / 1000 : 0;
}

// Number of the last change of a list ("jobs", "workers", ...); 0 when the mill does not tell.
export const listNumber = (name) => store.status?.lists?.[name] ?? 0;

function forget() {
	store.jobs.clear();
	store.tasks.clear();
	store.workers = null;
	store.speeds = [];
	lookAt(store.detail.id);
}

export function takeStatus(status) {
	if (store.status && store.status.boot !== status.boot) // another process: its numbers begin again
		forget();
	store.status = status;
	store.heardAt = Date.now();
	store.offset = Date.parse(status.time) - store.heardAt;
	if (status.now) {
		store.speeds.push({ at: store.heardAt, megapixels: status.now.megapixels_per_s || 0 });
		while (store.speeds.length && store.speeds[0].at < store.heardAt - SPEED_MS)
			store.speeds.shift();
	}
}

export function takeJobs(jobs) {
	for (const job of jobs) {
		store.jobs.delete(job.id); // to the end: the first are the ones to forget
		store.jobs.set(job.id, job);
	}
	while (store.jobs.size > KEPT_JOBS)
		store.jobs.delete(store.jobs.keys().next().value);
}

function takeTask(worker, task) {
	const start = Date.parse(task.start) - store.offset, list = store.tasks.get(worker) || [];
	list.push({ start, end: start + task.seconds * 1000, job: task.job, source: task.source, tile: task.tile, failed: task.result === "failed" });
	while (list.length && list[0].end < Date.now() - STREAM_MS)
		list.shift();
	store.tasks.set(worker, list);
}

// The whole list: what is not in it is gone.
export function takeWorkers(answer) {
	store.rules = answer;
	store.workers = new Map(answer.workers.map((worker) => [worker.id, heardNow(worker)]));
}

const heardNow = (worker) => ({ ...worker, beatAt: Date.now() - (worker.last_heartbeat_s || 0) * 1000, heardAt: Date.now() });

// Looks at this job from now on; null: at none.
export function lookAt(id) {
	store.detail = { id, job: undefined, run: 0, tiles: new Map(), complete: true };
}

export function takeDetail(id, job, run, tiles, all) {
	const detail = store.detail;
	if (detail.id !== id)
		return;
	if (all || run !== detail.run)
		detail.tiles = new Map();
	detail.run = run;
	if (job !== undefined) {
		detail.job = job;
		if (job && job.tile_list_complete === false)
			detail.complete = false;
	}
	for (const tile of tiles || []) {
		const before = detail.tiles.get(tile.n);
		tile.turnedAt = before && before.state !== tile.state ? performance.now() : before?.turnedAt ?? 0;
		detail.tiles.set(tile.n, tile);
	}
}

// An event of /api/events.
export function takeEvent(event) {
	takeStatus(event.status);
	if (event.full) {
		store.jobs.clear();
		store.tasks.clear();
		if (event.workers)
			store.workers = new Map();
	}
	takeJobs(event.jobs || []);
	if (store.workers)
		for (const worker of event.workers || [])
			store.workers.set(worker.id, heardNow(worker));
	for (const task of event.tasks || [])
		takeTask(task.worker, task);
	if (store.detail.id && (event.job !== undefined || event.tiles))
		takeDetail(store.detail.id, event.job, event.run, event.tiles, event.full);
}
