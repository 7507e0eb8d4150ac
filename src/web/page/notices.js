// SPDX-License-Identifier: GPL-2.0-or-later
// Problems that somebody should fix, above every view: each with the command that fixes it.

import { make, fill, show, sign } from "./dom.js";
import { store } from "./store.js";
import { plural } from "./words.js";

function texts() {
	const { broker, workers, mixed, groups, jobs, ready } = store.status, list = [];
	if (broker.note)
		list.push({ text: broker.note });
	else if (broker.state === "down")
		list.push({ text: "The broker is down. Nothing is lost: the mill waits and goes on when it is back." });
	if (ready && workers.live + workers.late === 0)
		list.push(broker.kind === "embedded" ?
			{ text: "No worker is running: pictures wait. The mill starts its workers again by itself; its log says why they end." } :
			{ text: `No worker is running: ${jobs.queued + jobs.running ? "pictures wait" : "pictures will wait"}. Start one, here or on another machine:`,
				command: `dropmill worker --brokers ${broker.servers || "HOST:PORT"}` });
	if (mixed) {
		const those = (used) => groups.filter((g) => g.used === used).map((g) => `${plural(g.workers, "worker")} with libvips ${g.vips} (dropmill ${g.version}, pixels ${g.pixels.slice(0, 8)})`).join(", ");
		list.push({ text: `The workers are mixed: they compute different pixels. New pictures go to ${those(true) || "none of them"}. Not used: ${those(false)}. Install the same versions everywhere.` });
	}
	for (const p of store.pipelines || [])
		if (p.error)
			list.push({ text: `Pipeline “${p.name}” ${p.enabled ? "has an error and runs its last good version" : "is off until its definition is mended"}.`,
				link: ["#/pipelines", "What is wrong"] });
	return list;
}

export class Notices {
	box = document.getElementById("notices");

	draw() {
		const list = texts();
		show(this.box, list.length > 0);
		fill(this.box, list, () => list.map(({ text, command, link }) => {
			const words = make("p", {}, text);
			if (command)
				words.append(" ", make("code", { text: command }));
			if (link)
				words.append(" ", make("a", { href: link[0], text: link[1] }));
			return make("li", {}, sign("warning"), words);
		}));
	}
}
