// SPDX-License-Identifier: GPL-2.0-or-later
// Parts of a job: its results, its steps with their parameters, and its timeline.

import { make, fill, sign } from "./dom.js";
import { bytes, size, some, clock, duration } from "./words.js";
import { thumbnail, setThumbnail, sized } from "./picture.js";

export function drawResults(parent, job) {
	fill(parent, [job.state, job.outputs.map((o) => [o.path, o.bytes, o.url, o.thumb, o.note])], () => job.outputs.length ? job.outputs.map((output) => {
		const frame = thumbnail("result");
		setThumbnail(frame, sized(output.thumb, 160));
		const facts = output.skipped ? "skipped" : output.bytes === null ? some("to come", size(output)) : some(bytes(output.bytes), size(output), output.text);
		return make("li", {}, frame, make("div", {},
			output.url ? make("a", { href: output.url, download: true }, output.path) : make("span", { text: output.path }),
			make("span", { class: "sub", text: facts }), output.note ? make("span", { class: "note", text: output.note }) : null));
	}) : make("li", { class: "sub", text: job.state === "failed" ? "Nothing came out: the reason stands above." : "Nothing yet." }));
}

// The condition, and what became of what hangs on it; of a step that nobody wrote, why it was done.
export function condition(part) {
	if (part.implied)
		return make("span", { class: "condition" }, make("b", { text: "implied" }), `: ${part.why}`);
	return part.when ? make("span", { class: "condition" }, "when ", make("code", { text: part.when }), part.left_out ? make("b", { text: " → not done" }) : null) : null;
}

// A list of steps: name, then each parameter as name and value, then the condition.
export function stepList(steps) {
	return make("ol", { class: "steps" }, ...steps.map((step) => make("li", { class: step.left_out ? "left-out" : step.implied ? "implied" : null }, make("span", { class: "step" },
		make("b", { text: step.name }), ...step.parameters.map((p) => make("span", { class: "parameter" }, p.name, " ", make("code", { text: p.value }))), condition(step)))));
}

export function drawSteps(parent, job) {
	fill(parent, [job.steps, job.outputs.map((o) => o.steps), job.left_out, job.pipeline_hash], () => {
		if (!job.steps)
			return [];
		const own = job.outputs.filter((output) => output.steps?.length);
		return [
			job.steps.length ? stepList(job.steps) : make("p", { class: "sub", text: own.length ? "None that all outputs share." : "None: only the format changes." }),
			...own.flatMap((output) => [make("p", { class: "sub", text: `then, for ${output.path}` }), stepList(output.steps)]),
			...(job.left_out || []).map((output) => make("p", { class: "sub" }, `${output.name} is not made: `, condition(output))),
			job.pipeline_hash ? make("p", { class: "sub" }, `of pipeline ${job.pipeline}, version `, make("code", { text: job.pipeline_hash.slice(0, 8) })) : null,
		];
	});
}

const SIGNS = {
	dropped: "drop", claimed: "queued", started: "running", planned: "grid", retried: "again", reissued: "again", worker_lost: "gone", waiting: "queued", restarted: "again",
	lane: "grid", failed: "failed", committed: "done", archived: "done", done: "done",
};

export function drawTimeline(parent, job) {
	const events = job.timeline || [];
	fill(parent, events, () => {
		const begun = events.length ? Date.parse(events[0].at) : 0;
		return events.map((event) => {
			const after = (Date.parse(event.at) - begun) / 1000;
			return make("li", { "data-kind": event.kind }, sign(SIGNS[event.kind] || "queued"),
				make("span", { class: "what", text: event.kind === "dropped" ? `dropped as ${event.text}` : event.text }),
				make("time", { datetime: event.at, class: "sub", text: after > 0 ? `+${duration(after)}` : clock(event.at), title: clock(event.at) }));
		});
	});
}
