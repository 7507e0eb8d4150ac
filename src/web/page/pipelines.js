// SPDX-License-Identifier: GPL-2.0-or-later
// The view of the pipelines: what each one does in readable words, where to drop, which version is live, and what is wrong with the newest.

import { make, fill, list, setText, setState, setAttribute, show, stateMark, copyButton } from "./dom.js";
import { number, duration, some, roughly } from "./words.js";
import { store, since } from "./store.js";
import { jobsLink } from "./router.js";
import { stepList } from "./job-parts.js";

const ORIGINALS = { archive: "moved to _done/ in the inbox", delete: "deleted once the results are safe", keep: "left where they are" };

export class PipelinesView {
	title = "Pipelines";

	constructor() {
		this.cards = make("ul", { class: "cards" });
		this.none = make("p", { class: "empty" }, "No pipeline is defined. Put a ", make("code", { text: ".yaml" }), " file into the pipelines folder; ",
			make("code", { text: "dropmill check" }), " says what is wrong with one.");
		this.element = make("section", { "aria-labelledby": "view-title" },
			make("div", { class: "title-bar" }, make("h2", { id: "view-title", tabindex: "-1", text: "Pipelines" })), this.none, this.cards);
		this.none.hidden = true;
	}

	needs = () => [];

	draw() {
		if (!store.pipelines)
			return;
		show(this.none, store.pipelines.length === 0);
		list(this.cards, store.pipelines, (p) => `${p.name}\n${p.file}`, createCard, updateCard);
	}
}

function createCard() {
	const f = {
		name: make("span"), state: stateMark("on"), description: make("p"), error: make("div", { class: "reason box" }), drop: make("div", { class: "path" }),
		steps: make("div"), facts: make("dl", { class: "facts" }), counts: make("p", { class: "counts" }), file: make("p", { class: "sub file" }),
	};
	const card = make("li", { class: "card" }, make("h3", {}, f.name, f.state), f.description, f.error, f.drop, f.counts, f.steps, f.facts, f.file);
	card.fields = f;
	return card;
}

function updateCard(card, p) {
	const f = card.fields;
	setAttribute(card, "data-state", p.enabled ? "on" : "off");
	setText(f.name, p.name);
	setState(f.state, p.enabled ? "on" : "off");
	setText(f.description, p.description || "");
	show(f.description, Boolean(p.description));
	fill(f.error, [p.error, p.enabled], () => [
		make("p", { text: p.enabled ? "The newest version has an error; the last good one is live:" : "It is off until this is mended:" }), make("pre", { text: p.error || "", tabindex: "0" })]);
	show(f.error, Boolean(p.error));
	fill(f.drop, [p.inbox, p.enabled], () => [make("span", { class: "sub", text: "Drop into" }), make("code", { text: p.inbox || "" }), copyButton(p.inbox || "", `the folder of ${p.name}`)]);
	show(f.drop, Boolean(p.enabled && p.inbox));
	drawCounts(f.counts, p);
	drawSteps(f.steps, p);
	drawFacts(f.facts, p);
	setText(f.file, some(p.file, p.hash && `version ${p.hash.slice(0, 8)}`, p.loaded_at && `loaded ${roughly(since(p.loaded_at))} ago`));
}

function drawCounts(parent, p) {
	fill(parent, [p.jobs, p.kept, p.median_s], () => p.jobs ? [
		...["queued", "running", "done", "failed"].filter((state) => p.jobs[state] > 0).map((state) => {
			const link = make("a", { href: jobsLink({ pipeline: p.name, state }) }), mark = stateMark(state);
			setState(mark, state, `${number(p.jobs[state])} ${state}`);
			link.append(mark);
			return link;
		}),
		p.kept ? make("span", { class: "sub", text: `${number(p.kept)} original${p.kept === 1 ? "" : "s"} left in the inbox` }) : "",
		make("span", { class: "sub", text: p.median_s !== null && p.median_s !== undefined ? `median ${duration(p.median_s)} from drop to done` : p.enabled ? "nothing milled yet" : "" }),
	] : []);
}

function drawSteps(parent, p) {
	fill(parent, [p.steps, p.outputs], () => {
		if (!p.steps)
			return [];
		return [
			p.steps.length ? stepList(p.steps) : null,
			...(p.outputs || []).flatMap((output) => [
				make("p", { class: "output" }, "→ ", make("code", { text: output.name }), " ", make("span", { class: "sub", text: some(output.format, output.text) })),
				output.steps?.length ? stepList(output.steps) : null,
			]),
		];
	});
}

function drawFacts(parent, p) {
	const facts = [
		p.originals && ["Originals", ORIGINALS[p.originals] || p.originals],
		p.allow && p.allow.length && ["Allows", p.allow.join(", ") + " (not vouched for by libvips)"],
		p.accept && ["Takes", p.accept.length ? p.accept.join(", ") : "every safe format, told by content"],
		p.recursive && ["Folders", "those below the inbox too"],
		p.priority ? ["Priority", String(p.priority)] : null,
	].filter(Boolean);
	fill(parent, p.enabled ? facts : [], () => !p.enabled ? [] : facts.map(([name, value]) => make("div", {}, make("dt", { text: name }), make("dd", { text: value }))));
}
