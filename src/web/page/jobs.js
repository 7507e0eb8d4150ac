// SPDX-License-Identifier: GPL-2.0-or-later
// The view of all jobs: filters, a page of rows from the server, and what to do when there is none.

import { make, list, setText, show, tableHead } from "./dom.js";
import { number, plural, roughly, some } from "./words.js";
import { store, known, since } from "./store.js";
import { jobsPath } from "./api.js";
import { jobsLink } from "./router.js";
import { takeJobsAnswer } from "./lists.js";
import { createRow, updateRow } from "./job-row.js";
import { EmptyMill } from "./empty.js";

const TYPED_MS = 250;

function filterOf(given) {
	const state = given.get("state") || "", page = Number.parseInt(given.get("page"), 10);
	return {
		state: ["queued", "running", "done", "failed"].includes(state) ? state : "", pipeline: given.get("pipeline") || "",
		q: given.get("q") || "", page: page > 0 && page <= 1000000 ? page : 1,
	};
}

export class JobsView {
	title = "Jobs";
	answer = null; // the page that is shown: {total, page, pages, jobs}
	path = null; // whose it is
	error = null;

	constructor({ given }, changed) {
		this.changed = changed;
		this.filter = filterOf(given);
		this.#build();
	}

	#build() {
		const option = (value, text) => make("option", { value, text });
		this.state = make("select", { name: "state" }, option("", "all"), ...["queued", "running", "done", "failed"].map((s) => option(s, s)));
		this.pipeline = make("select", { name: "pipeline" });
		this.q = make("input", { type: "search", name: "q", autocomplete: "off", spellcheck: "false", placeholder: "part of a name" });
		this.form = make("form", { class: "filter", role: "search", "aria-label": "Filter the jobs" },
			make("label", {}, "State", this.state), make("label", {}, "Pipeline", this.pipeline), make("label", { class: "wide" }, "Name", this.q));
		this.form.addEventListener("submit", (event) => event.preventDefault());
		let typing = 0;
		this.form.addEventListener("input", (event) => {
			clearTimeout(typing);
			typing = setTimeout(() => this.#go({ ...Object.fromEntries(new FormData(this.form)), page: 1 }), event.target === this.q ? TYPED_MS : 0);
		});
		this.rows = make("tbody", { role: "rowgroup" });
		this.table = make("table", { role: "table", class: "jobs", "aria-labelledby": "view-title" },
			tableHead(["Picture"], ["State"], ["Progress"], ["Time", "n"], ["Result"]), this.rows);
		this.none = make("p", { class: "empty" });
		this.empty = new EmptyMill();
		this.newer = make("button", { type: "button", text: "Newer" });
		this.older = make("button", { type: "button", text: "Older" });
		this.newer.addEventListener("click", () => this.#turn(-1));
		this.older.addEventListener("click", () => this.#turn(1));
		this.where = make("span", { role: "status" });
		this.pager = make("nav", { class: "pager", "aria-label": "Pages of jobs" }, this.newer, this.where, this.older);
		this.waitingRows = make("ul", { class: "waiting" });
		this.waitingMore = make("p", { class: "sub" });
		this.waiting = make("section", { "aria-labelledby": "waiting-title" },
			make("h3", { id: "waiting-title", text: "Not taken yet" }), this.waitingRows, this.waitingMore);
		this.element = make("section", { "aria-labelledby": "view-title" },
			make("div", { class: "title-bar" }, make("h2", { id: "view-title", tabindex: "-1", text: "Jobs" }), this.form),
			this.empty.element, this.none, this.table, this.pager, this.waiting);
		for (const part of [this.empty.element, this.none, this.table, this.pager, this.waiting])
			part.hidden = true;
		this.#choose();
	}

	// The form says what the address says.
	#choose() {
		this.state.value = this.filter.state;
		if (this.q.value !== this.filter.q)
			this.q.value = this.filter.q;
		this.#pipelines();
	}

	#pipelines() {
		const names = [...new Set([...(store.pipelines || []).map((p) => p.name), this.filter.pipeline])].filter(Boolean).sort();
		list(this.pipeline, ["", ...names], (name) => name, (name) => make("option", { value: name, text: name || "all" }), () => {});
		if (this.pipeline.value !== this.filter.pipeline)
			this.pipeline.value = this.filter.pipeline;
	}

	#go(changes) {
		this.filter = { ...this.filter, ...changes };
		history.replaceState(null, "", jobsLink(this.filter));
		this.changed();
	}

	#turn(by) {
		const filter = { ...this.filter, page: this.filter.page + by };
		location.hash = jobsLink(filter).slice(1);
		this.element.querySelector("h2").scrollIntoView({ block: "nearest" });
	}

	reroute({ given }) {
		this.filter = filterOf(given);
		this.#choose();
		return true;
	}

	needs() {
		const path = jobsPath(this.filter);
		return [{
			path, list: "jobs", lacking: this.path !== path,
			take: (answer) => {
				if (path !== jobsPath(this.filter)) // the filter changed meanwhile: the next answer is the right one
					return;
				this.answer = takeJobsAnswer(answer);
				this.path = path;
				this.error = null;
			},
			failed: (error) => {
				this.error = error;
			},
		}];
	}

	draw() {
		this.#pipelines();
		this.#waiting();
		if (!this.answer)
			return;
		const { jobs, total, page, pages } = this.answer, { filter } = this;
		const filtered = filter.state || filter.pipeline || filter.q || filter.page > 1;
		show(this.table, jobs.length > 0);
		list(this.rows, jobs.map(known), (job) => job.id, createRow, updateRow);
		show(this.empty.element, jobs.length === 0 && !filtered);
		if (jobs.length === 0 && !filtered)
			this.empty.draw();
		show(this.none, jobs.length === 0 && filtered);
		setText(this.none, filter.page > 1 ? "There is no such page." : "No job matches this filter.");
		show(this.pager, pages > 1 || page > 1);
		this.newer.disabled = page <= 1;
		this.older.disabled = page >= pages;
		setText(this.where, some(`page ${number(page)} of ${number(pages)}`, plural(total, "job")));
	}

	#waiting() {
		const all = store.waiting;
		show(this.waiting, Boolean(all && all.total > 0));
		if (!all)
			return;
		list(this.waitingRows, all.waiting, (w) => w.path,
			() => make("li", {}, make("b"), make("span"), make("span", { class: "sub" })),
			(row, w) => [w.path, w.why, `for ${roughly(since(w.since))}`].forEach((text, i) => setText(row.children[i], text)));
		const shown = all.waiting.reduce((sum, w) => sum + w.files, 0);
		setText(this.waitingMore, all.total > shown ? `and ${number(all.total - shown)} more` : "");
	}
}
