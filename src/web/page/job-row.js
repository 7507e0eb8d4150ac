// SPDX-License-Identifier: GPL-2.0-or-later
// One job in the table of jobs.

import { make, cell, fill, setText, setState, setAttribute, show, stateMark } from "./dom.js";
import { bytes, duration, size, some, plural, megapixels } from "./words.js";
import { bar, setBar, drawTiming } from "./progress.js";
import { thumbnail, setThumbnail, sized, ofOriginal } from "./picture.js";
import { jobLink } from "./router.js";

export function createRow() {
	const f = {
		original: thumbnail("original"), result: thumbnail("result"), name: make("a", { class: "name" }), what: make("span", { class: "sub" }),
		state: stateMark("queued"), lane: make("span", { class: "sub" }), bar: bar(), progress: make("span", { class: "sub" }),
		long: make("span", { class: "long" }), when: make("span", { class: "sub" }), error: make("p", { class: "reason" }), outputs: make("ul", { class: "outputs" }),
	};
	const row = make("tr", { role: "row" },
		make("th", { scope: "row", role: "rowheader", "data-label": "Picture" },
			make("div", { class: "picture" }, make("span", { class: "pair" }, f.original, f.result), make("span", { class: "named" }, f.name, f.what))),
		cell("State", null, f.state, f.lane),
		cell("Progress", null, f.bar, f.progress),
		cell("Time", "n", f.long, " ", f.when),
		cell("Result", "result-cell", f.error, f.outputs));
	row.fields = f;
	return row;
}

export function updateRow(row, job) {
	const f = row.fields;
	setAttribute(row, "data-state", job.state);
	setText(f.name, job.source);
	setAttribute(f.name, "href", jobLink(job.id));
	setText(f.what, some(job.pipeline, size(job), megapixels(job.megapixels)));
	setThumbnail(f.original, ofOriginal(job, 160));
	const shown = job.outputs.find((output) => output.thumb);
	setThumbnail(f.result, sized(shown?.thumb, 160));
	show(f.result, Boolean(shown));
	setState(f.state, job.state);
	setText(f.lane, some(job.lane, job.attempt > 1 && `run ${job.attempt}`));
	setText(f.progress, some(doing(job), setBar(f.bar, job), job.state === "running" && job.workers > 0 && plural(job.workers, "worker")));
	drawTiming(f.long, f.when, job);
	drawReason(f.error, job);
	const out = job.outputs.filter((output) => output.url || output.skipped); // the job's own view has the rest
	drawOutputs(f.outputs, out);
	f.outputs.parentElement.classList.toggle("empty-cell", !job.error && !job.waiting_for && out.length === 0);
}

// What is done for it now. One that stands says why instead.
export const doing = (job) => job.doing && !job.waiting_for ? job.doing : "";

// Why it failed, or why it stands.
export function drawReason(parent, job) {
	const again = job.retry_in_s > 0 ? ` (tried again in ${duration(job.retry_in_s)})` : "";
	setText(parent, job.error || (job.waiting_for ? `Waits: ${job.waiting_for}${again}` : ""));
	show(parent, Boolean(job.error || job.waiting_for));
}

// What came out of a job: a download with its size, or why it was left out.
function drawOutputs(parent, outputs) {
	fill(parent, outputs, () => outputs.map((output) => {
		const name = output.url ? make("a", { href: output.url, download: true, text: output.path }) : make("span", { text: output.path });
		const facts = output.skipped ? "skipped" : some(bytes(output.bytes), size(output));
		return make("li", {}, name, " ", make("span", { class: "sub", text: facts }),
			output.note ? make("span", { class: "note", text: output.note }) : null);
	}));
}
