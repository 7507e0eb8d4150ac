// SPDX-License-Identifier: GPL-2.0-or-later
// The view of one job: the picture while it is processed, before and after, its steps, its outputs and its timeline.

import { make, fill, setText, setState, show, stateMark, sign } from "./dom.js";
import { bytes, size, some, megapixels, plural } from "./words.js";
import { store } from "./store.js";
import { takeJobAnswer } from "./lists.js";
import { bar, setBar, drawTiming } from "./progress.js";
import { jobsLink } from "./router.js";
import { TileMap } from "./tilemap.js";
import { Compare } from "./compare.js";
import { TileTable } from "./tile-table.js";
import { drawResults, drawSteps, drawTimeline } from "./job-parts.js";
import { doing, drawReason } from "./job-row.js";

export class JobView {
	title = "Job";

	constructor({ id }, changed) {
		this.id = id;
		this.changed = changed;
		this.wish = { job: id };
		this.map = new TileMap();
		this.compare = new Compare();
		this.tiles = new TileTable();
		this.#build();
	}

	#build() {
		const f = this.fields = {
			state: stateMark("queued"), facts: make("p", { class: "sub facts" }), reason: make("p", { class: "reason box" }), bar: bar(),
			progress: make("span", { class: "sub" }), long: make("span", { class: "long" }), when: make("span", { class: "sub" }),
			original: make("p", { class: "the-original" }), results: make("ul", { class: "results" }), steps: make("div"), timeline: make("ol", { class: "timeline" }),
		};
		this.name = make("h2", { id: "view-title", tabindex: "-1", text: "Job" });
		const card = (id, title, ...content) => make("section", { class: "card", "aria-labelledby": id }, make("h3", { id, text: title }), ...content);
		this.mapCard = card("map-title", "Tile map", this.map.element, this.tiles.element);
		this.compareCard = card("compare-title", "Before and after", this.compare.element);
		this.resultsCard = card("results-title", "Results", f.results, f.original);
		this.stepsCard = card("steps-title", "Steps", f.steps);
		this.timelineCard = card("timeline-title", "What happened", f.timeline);
		this.pictures = make("div", { class: "pictures" }, this.mapCard);
		this.whole = make("div", {},
			make("p", { class: "progress" }, f.state, f.bar, make("span", { class: "progress-words" }, f.progress, make("span", {}, f.long, " ", f.when))),
			f.reason,
			make("div", { class: "job-grid" }, this.pictures, make("div", { class: "aside" }, this.resultsCard, this.stepsCard, this.timelineCard)));
		this.none = make("p", { class: "empty", text: "Asking the mill …" });
		this.element = make("section", { class: "job", "aria-labelledby": "view-title" },
			make("p", { class: "back" }, make("a", { href: jobsLink({}) }, sign("back"), "All jobs")), this.name, f.facts, this.none, this.whole);
		this.whole.hidden = true;
	}

	// With the stream everything comes by itself; this is for a page that polls.
	needs() {
		if (store.detail.job !== undefined && !this.polling())
			return [];
		return [{
			path: `/api/jobs/${encodeURIComponent(this.id)}`, list: "jobs", lacking: store.detail.job === undefined,
			take: (answer) => this.polling() || store.detail.job === undefined ? takeJobAnswer(this.id, answer) : null,
			failed: (error) => {
				if (error.status === 404 && store.detail.job === undefined)
					store.detail.job = null;
			},
		}];
	}

	polling = () => document.getElementById("fresh").dataset.state === "polling";

	draw() {
		const { job, tiles, complete } = store.detail;
		show(this.whole, Boolean(job));
		show(this.none, !job);
		if (!job) {
			setText(this.none, job === null ? "No job has this number. It may be older than the history, or the file was dropped again." : "Asking the mill …");
			return;
		}
		const f = this.fields;
		setText(this.name, job.source);
		setText(f.facts, some(job.pipeline, size(job), megapixels(job.megapixels), bytes(job.bytes), job.lane === "tiled" ? "tiled lane" : "whole lane",
			job.attempt > 1 && `run ${job.attempt}`, job.state === "running" && job.workers > 0 && plural(job.workers, "worker")));
		setState(f.state, job.state);
		setText(f.progress, some(doing(job), setBar(f.bar, job)));
		drawTiming(f.long, f.when, job);
		drawReason(f.reason, job);
		this.#pictures(job, tiles, complete);
		drawResults(f.results, job);
		fill(f.original, [job.original, job.bytes], () => job.original ?
			[make("a", { href: job.original.url, download: true, text: "The original" }), " ", make("span", { class: "sub", text: bytes(job.bytes) })] :
			[make("span", { class: "sub", text: "The original is no longer there." })]);
		drawSteps(f.steps, job);
		show(this.stepsCard, Boolean(job.steps));
		drawTimeline(f.timeline, job);
		show(this.timelineCard, Boolean(job.timeline?.length));
	}

	// A finished job opens with its comparison on top; one that is watched gets it below, so that nothing jumps away under the eyes.
	#pictures(job, tiles, complete) {
		const comparable = this.compare.take(job);
		if (comparable && !this.compareCard.isConnected) {
			if (this.watched)
				this.pictures.append(this.compareCard);
			else
				this.pictures.prepend(this.compareCard);
		}
		this.watched ||= job.state === "running" || job.state === "queued";
		show(this.compareCard, comparable);
		show(this.mapCard, tiles.size > 1 || !comparable);
		this.map.draw(job, tiles, complete);
		this.tiles.draw(job, tiles);
	}

	close() {
		this.map.close();
	}
}
