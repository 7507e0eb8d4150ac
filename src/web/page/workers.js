// SPDX-License-Identifier: GPL-2.0-or-later
// The view of the workers: what they did in the last minute, and how each of them is. A dead worker lists its
// reassigned tasks.

import { make, cell, fill, list, setText, setState, setAttribute, show, sign, stateMark, tableHead } from "./dom.js";
import { bytes, duration, number, plural, short, some, ticking, roughly } from "./words.js";
import { store, since } from "./store.js";
import { jobLink } from "./router.js";
import { TaskStream } from "./taskstream.js";

const ORDER = { live: 0, late: 1, gone: 2 };
const BEAT_MS = 200;
const natural = new Intl.Collator("en", { numeric: true }).compare;

export class WorkersView {
	title = "Workers";
	wish = { tasks: true };

	constructor(route, changed) {
		this.stream = new TaskStream();
		this.rows = make("tbody", { role: "rowgroup" });
		this.table = make("table", { role: "table", class: "workers", "aria-labelledby": "view-title", "aria-describedby": "workers-rule" },
			tableHead(["Worker"], ["State"], ["Heartbeat"], ["Working on"], ["Tiles", "n"], ["Tiles/s", "n"], ["Memory", "n"], ["Plane"], ["Partitions"]), this.rows);
		this.rule = make("p", { class: "rule", id: "workers-rule" });
		this.none = make("div", { class: "empty" });
		this.card = make("section", { class: "card", "aria-labelledby": "stream-title" },
			make("h3", { id: "stream-title", text: "The last minute" }), this.stream.element);
		this.element = make("section", { "aria-labelledby": "view-title" },
			make("div", { class: "title-bar" }, make("h2", { id: "view-title", tabindex: "-1", text: "Workers" })), this.none, this.card, this.table, this.rule);
		for (const part of [this.none, this.card, this.table])
			part.hidden = true;
		this.beat = setInterval(() => document.hidden || this.#beats(), BEAT_MS);
	}

	needs = () => [{ path: "/api/workers", list: "workers" }];

	close() {
		clearInterval(this.beat);
		this.stream.close();
	}

	draw() {
		if (!store.workers)
			return;
		const workers = [...store.workers.values()].sort((a, b) => ORDER[a.state] - ORDER[b.state] || natural(a.id, b.id));
		show(this.table, workers.length > 0);
		show(this.card, workers.length > 0);
		show(this.none, workers.length === 0);
		this.#empty();
		list(this.rows, workers, (w) => w.id, createRow, updateRow);
		this.#rule();
		this.stream.draw(workers);
	}

	#rule() {
		const { late_after_s: late, gone_after_s: gone } = store.rules || {};
		setText(this.rule, late && gone ? `Every worker sends a heartbeat each second. Late: none for ${late} s. Gone: none for ${gone} s, or its process ended; its tiles went to others.` :
			"Every worker sends a heartbeat each second. Late: some are missing. Gone: given up, and its tiles went to others.");
	}

	#empty() {
		const { kind, servers } = store.status.broker;
		fill(this.none, [kind, servers], () => [
			make("b", { text: "No worker has reported" }),
			kind === "embedded" ? make("p", {}, make("code", { text: "dropmill run" }), " starts its own, one for each core; its log says why they do not come up.") :
				make("p", {}, "Start one beside this master or on any other machine: ", make("code", { text: `dropmill worker --brokers ${servers || "HOST:PORT"}` })),
		]);
	}

	// Heartbeats age between two words of the mill.
	#beats() {
		for (const row of this.rows.children) {
			const worker = store.workers?.get(row.key);
			if (worker)
				drawBeat(row, worker);
		}
	}
}

function createRow() {
	const f = {
		id: make("b"), where: make("span", { class: "sub" }), state: stateMark("live"), breaker: make("span", { class: "breaker" }), beat: make("span", { class: "beat" }), current: make("span"),
		tiles: make("span"), failed: make("span", { class: "sub" }), rate: make("span"), memory: make("span"), plane: make("span"), partitions: make("span"),
	};
	const row = make("tr", { role: "row" },
		make("th", { scope: "row", role: "rowheader", "data-label": "Worker" }, f.id, f.where),
		cell("State", null, f.state, f.breaker), cell("Heartbeat", null, f.beat), cell("Working on", "current", f.current), cell("Tiles", "n", f.tiles, " ", f.failed),
		cell("Tiles/s", "n", f.rate), cell("Memory", "n", f.memory), cell("Plane", null, f.plane), cell("Partitions", null, f.partitions));
	row.fields = f;
	return row;
}

function drawBeat(row, worker) {
	const words = `${ticking((Date.now() - worker.beatAt) / 1000)} ago`;
	setText(row.fields.beat, words);
}

function updateRow(row, worker) {
	const f = row.fields;
	setAttribute(row, "data-state", worker.state);
	setText(f.id, worker.id);
	setText(f.where, some(worker.host, `pid ${worker.pid}`, worker.version, worker.vips && `libvips ${worker.vips}`, worker.used === false && worker.state !== "gone" && "not used: it computes other pixels than most",
		worker.restarts > 0 && `${plural(worker.restarts, "restart")} of its place`));
	setState(f.state, worker.state);
	drawBreaker(f.breaker, worker);
	drawBeat(row, worker);
	drawCurrent(f.current, worker);
	setText(f.tiles, number(worker.tiles_done));
	setText(f.failed, worker.failed ? `${number(worker.failed)} failed` : "");
	setText(f.rate, worker.state === "live" ? short(worker.tiles_per_s) : "–");
	setText(f.memory, bytes(worker.rss_bytes) || "–");
	setText(f.plane, worker.plane || "–");
	setText(f.partitions, (worker.partition_lags || []).map((p) => p.lag === null ? `${p.partition}` : `${p.partition} (lag ${number(p.lag)})`).join(", ") ||
		some((worker.partitions || []).join(", "), worker.lag > 0 && `lag ${number(worker.lag)}`) || "–");
}

// A worker that fails what others manage is taken out for a while, then tried with one task. The reason stands beside.
function drawBreaker(parent, worker) {
	const { state, reason, retry_in_s: left } = worker.breaker || {};
	const out = state === "open" || state === "half-open";
	const words = state === "open" ? some("taken out", left > 0 && `tried again in ${duration(Math.ceil(left))}`) : "on trial with one task";
	show(parent, out || worker.retiring);
	fill(parent, [out, words, reason, worker.retiring], () => out ? [sign("warning"), make("span", { text: words }), reason ? make("span", { class: "sub", text: reason }) : null] :
		worker.retiring ? make("span", { class: "sub", text: "ends when its tasks are done" }) : []);
}

// Its current tasks; for a dead worker, how it ended and its reassigned tasks.
function drawCurrent(parent, worker) {
	const job = worker.current_job && store.jobs.get(worker.current_job);
	const held = some(worker.busy_s >= 1 && ticking(worker.busy_s), worker.leases > 1 && `${plural(worker.leases, "task")} in hand`);
	const taken = worker.taken_back > 0 && `${plural(worker.taken_back, "task")} taken from it and given to others`;
	if (worker.state === "gone") {
		const ended = some(worker.end, worker.gone_at && `gone for ${roughly(since(worker.gone_at))}`, taken || "it had nothing in hand");
		return fill(parent, ["gone", ended], () => ended);
	}
	const name = job?.source || (worker.current_job ? worker.current_job : worker.current);
	fill(parent, [worker.current_job, name, worker.current_tile, held, taken], () => [
		worker.current_job ? make("a", { href: jobLink(worker.current_job), text: name }) : name || make("span", { class: "sub", text: "idle" }),
		worker.current_job && worker.current_tile !== null ? make("span", { class: "sub", text: ` tile ${worker.current_tile}` }) : null,
		held ? make("span", { class: "sub block", text: held }) : null,
		taken ? make("span", { class: "sub block", text: taken }) : null,
	]);
}
