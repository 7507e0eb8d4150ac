// SPDX-License-Identifier: GPL-2.0-or-later
// How far a job is, as a bar in segments (done, running, failed, to do) and in words. The bar is never fuller than the truth: a failed job keeps
// the part that was done, and a whole picture at work has no measured part at all.

import { make, setText, setAttribute } from "./dom.js";
import { number, plural, some, duration, roughly } from "./words.js";
import { since } from "./store.js";

const KINDS = ["done", "running", "failed", "rest"];

export function bar() {
	return make("span", { class: "bar", "aria-hidden": "true" }, ...KINDS.map((kind) => make("i", { "data-kind": kind })));
}

export function partsOf(job) {
	const { total, done, running = 0 } = job.tiles;
	if (job.state === "done")
		return { parts: [1, 0, 0, 0], text: total > 1 ? plural(total, "tile") : "one piece" };
	if (total <= 1)
		return {
			parts: { queued: [0, 0, 0, 1], running: [0, 1, 0, 0], failed: [0, 0, 1, 0] }[job.state],
			text: job.state === "failed" && "not finished",
		};
	const words = `${number(done)} of ${plural(total, "tile")}`;
	if (job.state === "failed")
		return { parts: [done, 0, total - done, 0], text: `${words}, then failed` };
	return { parts: [done, running, 0, Math.max(total - done - running, 0)], text: words };
}

export function setBar(element, job) {
	const { parts, text } = partsOf(job);
	[...element.children].forEach((child, i) => {
		const grow = String(parts[i]);
		if (child.style.flexGrow !== grow)
			child.style.flexGrow = grow;
	});
	setAttribute(element, "data-state", job.state);
	return some(text, job.tiles.failed > 0 && job.state !== "failed" && `${plural(job.tiles.failed, "try", "tries")} failed`);
}

// [how long, what that means]
export function timing(job) {
	if (job.finished_at) {
		const begun = job.started_at || job.queued_at || job.finished_at;
		const took = job.elapsed_s ?? (Date.parse(job.finished_at) - Date.parse(begun)) / 1000;
		const waited = job.started_at && job.queued_at ? (Date.parse(job.started_at) - Date.parse(job.queued_at)) / 1000 : 0;
		return [duration(took), some(waited >= 1 && `waited ${duration(waited)}`, `${roughly(since(job.finished_at))} ago`)];
	}
	if (job.started_at)
		return [duration(since(job.started_at)), job.eta_s !== null && job.eta_s !== undefined ? `about ${duration(Math.max(job.eta_s, 1))} left, then writing` : "so far"];
	return [job.queued_at ? duration(since(job.queued_at)) : "–", "in the queue"];
}

export function drawTiming(long, sub, job) {
	const [how, what] = timing(job);
	setText(long, how);
	setText(sub, what);
}
