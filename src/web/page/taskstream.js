// SPDX-License-Identifier: GPL-2.0-or-later
// The last 60 seconds as Dask taught it: a row for each worker, a bar for each tile, coloured by job, and what is white is idle. Each job has a
// letter besides its colour; a failed task is crossed out. At the end of a row stands which part of the minute its worker was busy.

import { make, list, setText, setAttribute, show, colour, calm } from "./dom.js";
import { duration, clock, shortWorker } from "./words.js";
import { store } from "./store.js";
import { jobLink } from "./router.js";
import { Bubble } from "./bubble.js";

const SPAN_MS = 60000, ROW = 26, BAR = 18, TOP = 22, PALETTE = 8, LEAST_PX = 1.5, COLUMN_PX = 2, LEAST_TALL = 3, FRAME_MS = 100, LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

export class TaskStream {
	#letters = new Map();  // job → number, as they were first seen
	#names = new Map();    // job → name of its file
	#drawn = [];           // what was painted: {x, w, row, task}
	#at = null;
	#last = 0;

	constructor() {
		this.canvas = make("canvas", { tabindex: "0", role: "application", "aria-roledescription": "task stream" });
		this.context = this.canvas.getContext("2d");
		this.bubble = new Bubble();
		this.holder = make("div", { class: "stream" }, this.canvas, ...this.bubble.parts);
		this.legend = make("ul", { class: "legend jobs-legend" });
		this.quiet = make("p", { class: "sub", text: "No tile was milled in the last minute." });
		this.element = make("div", {}, this.holder, this.legend, this.quiet);
		this.workers = [];
		this.canvas.addEventListener("pointermove", (event) => this.#point(event));
		this.canvas.addEventListener("pointerdown", (event) => this.#point(event));
		for (const kind of ["pointerleave", "blur"])
			this.canvas.addEventListener(kind, () => this.#leave());
		this.canvas.addEventListener("keydown", (event) => this.#key(event));
		const beat = (now) => {
			this.frame = requestAnimationFrame(beat);
			if (now - this.#last >= (calm() ? 1000 : FRAME_MS))
				this.#paint(now);
		};
		this.frame = requestAnimationFrame(beat);
	}

	close() {
		cancelAnimationFrame(this.frame);
	}

	draw(workers) {
		this.workers = workers;
		const now = Date.now(), jobs = new Map();
		for (const worker of workers)
			for (const task of this.#tasks(worker, now)) {
				jobs.set(task.job, (jobs.get(task.job) || 0) + task.end - task.start);
				if (task.source)
					this.#names.set(task.job, task.source);
			}
		for (const job of [...this.#letters.keys()].filter((known) => !jobs.has(known))) {
			this.#letters.delete(job);
			this.#names.delete(job);
		}
		const taken = new Set(this.#letters.values()); // two jobs that are seen at once have not the same letter
		let free = 0;
		for (const job of [...jobs.keys()].filter((seen) => !this.#letters.has(seen))) {
			while (taken.has(free))
				free++;
			taken.add(free);
			this.#letters.set(job, free);
		}
		// The letters that are seen: those of the widest bars.
		const most = [...jobs].sort((a, b) => b[1] - a[1]).slice(0, 12).map(([job]) => job).sort((a, b) => this.#letters.get(a) - this.#letters.get(b));
		list(this.legend, most, (job) => job, (job) => make("li", {}, make("span", { class: "key", "data-colour": this.#letters.get(job) % PALETTE, text: this.#letter(job) }),
			make("a", { href: jobLink(job) })), (item, job) => setText(item.lastElementChild, this.#name(job)));
		show(this.quiet, jobs.size === 0);
		setAttribute(this.canvas, "aria-label", `Task stream of the last minute. ${workers.map((w) => `${w.id} was busy ${this.#busy(w, now)} %`).join(", ")}. The arrow keys go from task to task.`);
	}

	#name = (job) => store.jobs.get(job)?.source || this.#names.get(job) || job;

	// A, B, ... Z, A2, B2, ...
	#letter = (job) => this.#lettered(this.#letters.get(job));
	#lettered = (n) => n === undefined ? "?" : LETTERS[n % LETTERS.length] + (n >= LETTERS.length ? Math.floor(n / LETTERS.length) + 1 : "");

	// Ended ones, and the one it has in hand, which has no end yet.
	#tasks(worker, now) {
		const tasks = (store.tasks.get(worker.id) || []).filter((task) => task.end > now - SPAN_MS);
		// What a heartbeat said to be in hand may have ended since.
		const ended = tasks.length > 0 && tasks.at(-1).end > worker.heardAt;
		if (worker.current_job && worker.busy_s !== null && worker.state === "live" && !ended)
			tasks.push({ start: worker.heardAt - worker.busy_s * 1000, end: now, job: worker.current_job, tile: worker.current_tile, running: true });
		return tasks;
	}

	#busy(worker, now) {
		let busy = 0, until = now - SPAN_MS;
		for (const task of this.#tasks(worker, now)) {
			busy += Math.max(0, task.end - Math.max(task.start, until));
			until = Math.max(until, task.end);
		}
		return Math.min(Math.round(100 * busy / SPAN_MS), 100);
	}

	#paint(frame) {
		this.#last = frame;
		const width = this.holder.clientWidth, ratio = devicePixelRatio || 1, height = TOP + this.workers.length * ROW;
		if (!width || !this.workers.length)
			return;
		if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
			this.canvas.width = Math.round(width * ratio);
			this.canvas.height = Math.round(height * ratio);
			this.canvas.style.height = `${height}px`;
		}
		const context = this.context, now = Date.now(), names = width < 500 ? 64 : 92, end = 44, room = width - names - end;
		const ink = colour("ink"), soft = colour("soft"), line = colour("line");
		this.palette = Array.from({ length: PALETTE }, (_, i) => colour(`job-${i}`));
		context.setTransform(ratio, 0, 0, ratio, 0, 0);
		context.clearRect(0, 0, width, height);
		context.font = "12px system-ui, sans-serif";
		context.textBaseline = "middle";
		for (let s = 60; s >= 0; s -= width < 500 ? 30 : 10) {
			const x = Math.round(names + room * (1 - s / 60)) + 0.5;
			context.strokeStyle = line;
			context.beginPath();
			context.moveTo(x, TOP - 4);
			context.lineTo(x, height);
			context.stroke();
			context.fillStyle = soft;
			context.textAlign = "center";
			context.fillText(s ? `−${s} s` : "now", x, 9);
		}
		this.#drawn = [];
		this.workers.forEach((worker, row) => {
			const y = TOP + row * ROW;
			context.textAlign = "left";
			context.fillStyle = worker.state === "live" ? ink : soft;
			context.fillText(worker.id.length > 12 ? `…-${shortWorker(worker.id)}` : worker.id, 0, y + ROW / 2, names - 8);
			this.#row(context, this.#tasks(worker, now), row, y + (ROW - BAR) / 2, (t) => names + room * (1 - (now - t) / SPAN_MS), names);
			context.textAlign = "right";
			context.fillStyle = soft;
			context.fillText(worker.state === "live" ? `${this.#busy(worker, now)} %` : worker.state, width, y + ROW / 2);
		});
		this.#outline(context, ink);
	}

	// Tasks too short for a bar of their own share a column. It is as tall as the busy part of its time, so that a
	// few short tasks do not look like much work.
	#row(context, tasks, row, y, place, left) {
		let column = null;
		const flush = () => {
			if (!column)
				return;
			const tall = Math.max(BAR * Math.min(column.busy / COLUMN_PX, 1), LEAST_TALL);
			context.fillStyle = this.#colourOf(column.job);
			context.fillRect(column.x, y + (BAR - tall) / 2, COLUMN_PX, tall);
			column = null;
		};
		for (const task of tasks) {
			const from = Math.max(place(task.start), left), w = place(task.end) - from;
			if (w >= LEAST_PX || task.failed) {
				flush();
				this.#bar(context, task, row, y, from, Math.max(w, LEAST_PX));
				continue;
			}
			const x = Math.floor(from / COLUMN_PX) * COLUMN_PX;
			if (column?.x !== x) {
				flush();
				column = { x, busy: 0, job: task.job };
			}
			column.busy += Math.max(w, 0);
			this.#drawn.push({ x: from, w: COLUMN_PX, y, row, task });
		}
		flush();
	}

	#colourOf = (job) => this.palette[(this.#letters.get(job) ?? 0) % PALETTE];

	#bar(context, task, row, y, from, w) {
		context.globalAlpha = task.running ? 0.6 : 1;
		context.fillStyle = this.#colourOf(task.job);
		context.fillRect(from, y, Math.max(w - (w > 4 ? 1 : 0), LEAST_PX), BAR);
		context.globalAlpha = 1;
		if (task.failed) {
			context.strokeStyle = colour("failed");
			context.lineWidth = 2;
			context.beginPath();
			context.moveTo(from, y);
			context.lineTo(from + Math.max(w, 8), y + BAR);
			context.moveTo(from, y + BAR);
			context.lineTo(from + Math.max(w, 8), y);
			context.stroke();
			context.lineWidth = 1;
		} else if (w >= 13) {
			context.fillStyle = colour("on-job");
			context.textAlign = "center";
			context.fillText(this.#letter(task.job), from + w / 2, y + BAR / 2 + 1);
		}
		this.#drawn.push({ x: from, w, y, row, task });
	}

	#outline(context, ink) {
		const at = this.#at && this.#drawn.find((d) => d.row === this.#at.row && d.task.start === this.#at.start);
		if (!at)
			return;
		context.strokeStyle = ink;
		context.lineWidth = 2;
		context.strokeRect(at.x - 1, at.y - 1, at.w + 2, BAR + 2);
		context.lineWidth = 1;
	}

	#point(event) {
		const box = this.canvas.getBoundingClientRect(), x = event.clientX - box.left, row = Math.floor((event.clientY - box.top - TOP) / ROW);
		const near = this.#drawn.filter((d) => d.row === row && x >= d.x - 2 && x <= d.x + d.w + 2).at(-1);
		if (near)
			this.#show(near, false);
		else
			this.#leave();
	}

	#leave() {
		this.#at = null;
		this.bubble.hide();
	}

	// Left and right: the task before and after it; up and down: the nearest in time of the next row.
	#key(event) {
		if (event.key === "Escape")
			this.#leave();
		if (!event.key.startsWith("Arrow") || !this.#drawn.length)
			return;
		event.preventDefault();
		const at = this.#at && this.#drawn.find((d) => d.row === this.#at.row && d.task.start === this.#at.start);
		let to = this.#drawn.at(-1);
		if (at && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
			const row = this.#drawn.filter((d) => d.row === at.row);
			to = row[row.indexOf(at) + (event.key === "ArrowLeft" ? -1 : 1)] || at;
		} else if (at) {
			const rows = [...new Set(this.#drawn.map((d) => d.row))], row = rows[rows.indexOf(at.row) + (event.key === "ArrowUp" ? -1 : 1)];
			to = this.#drawn.filter((d) => d.row === row).sort((a, b) => Math.abs(a.x - at.x) - Math.abs(b.x - at.x))[0] || at;
		}
		this.#show(to, true);
	}

	#show({ x, w, y, row, task }, aloud) {
		this.#at = { row, start: task.start };
		const name = this.#name(task.job);
		const took = task.running ? `at work for ${duration((task.end - task.start) / 1000)}` : `${task.failed ? "failed after" : "done in"} ${duration((task.end - task.start) / 1000)}`;
		this.bubble.at({ x: x + w / 2, top: y, bottom: y + BAR, width: this.holder.clientWidth }, [`${this.#letter(task.job)} · ${name}`, `tile ${task.tile} on ${this.workers[row].id}: ${took}`, `from ${clock(task.start)}`], aloud);
	}
}
