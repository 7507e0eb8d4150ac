// SPDX-License-Identifier: GPL-2.0-or-later
// The view of the last hour and day: how much was processed and how long it took, drawn by Chart.js, with the numbers
// as a table below.

import { make, fill, setText, colour } from "./dom.js";
import { ask } from "./api.js";
import { number, short, duration, bytes, minuteOf, some, plural } from "./words.js";

const AGAIN_MS = 10000;
let library = null; // Chart.js, fetched when first needed

async function chartLibrary() {
	library ||= import("./chart.js").then(() => globalThis.Chart);
	return library;
}

// Stripes for what failed: colour is not its only sign.
function stripes(tint) {
	const tile = make("canvas", { width: 8, height: 8 }), context = tile.getContext("2d");
	context.strokeStyle = tint;
	context.lineWidth = 2.5;
	for (const x of [-4, 4, 12]) {
		context.moveTo(x - 4, 8);
		context.lineTo(x + 4, 0);
	}
	context.stroke();
	return context.createPattern(tile, "repeat");
}

function chartsOf(answer) {
	const b = answer.buckets, labels = b.map((bucket) => minuteOf(bucket.at)), unit = answer.span === "day" ? "quarter of an hour" : "minute";
	const line = (label, data, tint, more) => ({ type: "line", label, data, borderColor: tint, backgroundColor: tint, borderWidth: 2, pointRadius: 0, pointStyle: "line", pointHitRadius: 12, cubicInterpolationMode: "monotone", spanGaps: false, ...more });
	return {
		pictures: { title: `Pictures a ${unit}`, labels, stacked: true, format: number, sets: [
			{ type: "bar", label: "done", data: b.map((x) => x.jobs), backgroundColor: colour("done") },
			{ type: "bar", label: "failed", data: b.map((x) => x.failed), backgroundColor: stripes(colour("failed")), borderColor: colour("failed"), borderWidth: { top: 1, right: 1, bottom: 0, left: 1 } }] },
		megapixels: { title: "Megapixels a second", labels, format: short, sets: [
			line("megapixels a second", b.map((x) => x.megapixels / answer.bucket_s), colour("running"), { fill: "origin", backgroundColor: colour("running-wash") })] },
		latency: { title: "From drop to done", labels, format: duration, sets: [
			line("half are done in (median)", b.map((x) => x.latency_p50_s), colour("done")),
			line("95 % are done in", b.map((x) => x.latency_p95_s), colour("late"), { borderDash: [6, 4] })] },
	};
}

function settings(chart) {
	const soft = colour("soft"), grid = colour("line");
	const axis = (more) => ({ grid: { color: grid, drawTicks: false, drawBorder: false }, border: { display: false }, ticks: { color: soft, padding: 8, font: { size: 12 }, ...more.ticks }, ...more.rest });
	return {
		responsive: true, maintainAspectRatio: false, animation: false, interaction: { mode: "index", intersect: false },
		scales: {
			x: { ...axis({ ticks: { maxRotation: 0, autoSkipPadding: 24 } }), grid: { display: false, drawBorder: false }, stacked: Boolean(chart.stacked) },
			y: axis({ ticks: { maxTicksLimit: 5, callback: (value) => chart.format(value) }, rest: { beginAtZero: true, stacked: Boolean(chart.stacked), suggestedMax: chart.format === duration ? 0.1 : 1 } }),
		},
		plugins: {
			legend: { display: chart.sets.length > 1, align: "end", labels: { color: colour("ink"), boxWidth: 22, boxHeight: 8, usePointStyle: !chart.stacked } },
			tooltip: { backgroundColor: colour("ink"), titleColor: colour("paper"), bodyColor: colour("paper"), displayColors: false, callbacks: { label: (item) => `${item.dataset.label}: ${chart.format(item.parsed.y)}` } },
		},
	};
}

export class ThroughputView {
	title = "Throughput";
	#charts = new Map();
	#fetched = 0;
	#closed = false;

	constructor({ given }, changed) {
		this.changed = changed;
		this.span = given.get("span") === "day" ? "day" : "hour";
		const choice = (span, text) => {
			const radio = make("input", { type: "radio", name: "span", value: span });
			radio.checked = span === this.span;
			radio.addEventListener("change", () => this.#choose(span));
			return make("label", {}, radio, make("span", { text }));
		};
		this.cards = Object.fromEntries(["pictures", "megapixels", "latency"].map((name) => {
			const canvas = make("canvas", { role: "img" }), title = make("h3", { id: `${name}-title` });
			return [name, { canvas, title, element: make("section", { class: "card chart", "aria-labelledby": `${name}-title` }, title, make("div", { class: "plot" }, canvas)) }];
		}));
		this.sum = make("p", { class: "sub" });
		this.table = make("tbody");
		this.element = make("section", { "aria-labelledby": "view-title" },
			make("div", { class: "title-bar" }, make("h2", { id: "view-title", tabindex: "-1", text: "Throughput" }),
				make("fieldset", { class: "choices" }, make("legend", { class: "unseen", text: "Time shown" }), choice("hour", "Last hour"), choice("day", "Last day"))),
			this.sum, make("div", { class: "charts" }, ...Object.values(this.cards).map((card) => card.element)),
			make("details", { class: "tile-table" }, make("summary", { text: "The same as a table" }),
				make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Throughput as a table" }, make("table", { class: "plain" },
					make("thead", {}, make("tr", {}, ...["From", "Done", "Failed", "Megapixels", "In", "Out", "Median", "95 %"].map((text) => make("th", { scope: "col", class: "n", text })))), this.table))));
		this.dark = matchMedia("(prefers-color-scheme: dark)");
		this.turned = () => { // Chart.js keeps the colours of a drawn chart: begin again
			for (const chart of this.#charts.values())
				chart.destroy();
			this.#charts.clear();
			this.#drawAll();
		};
		this.dark.addEventListener("change", this.turned);
	}

	needs = () => [];

	close() {
		this.#closed = true;
		this.dark.removeEventListener("change", this.turned);
		for (const chart of this.#charts.values())
			chart.destroy();
	}

	#choose(span) {
		this.span = span;
		this.#fetched = 0;
		history.replaceState(null, "", span === "day" ? "#/throughput?span=day" : "#/throughput");
		this.changed();
	}

	draw() {
		if (Date.now() - this.#fetched < AGAIN_MS)
			return;
		this.#fetched = Date.now();
		const span = this.span;
		ask(`/api/throughput?span=${span}`).then((answer) => {
			if (span === this.span && !this.#closed) {
				this.answer = answer;
				this.#drawAll();
			}
		}, () => setText(this.sum, this.answer ? this.sum.textContent : "The mill does not tell its throughput now."));
	}

	async #drawAll() {
		if (!this.answer)
			return;
		const Chart = await chartLibrary();
		if (this.#closed)
			return;
		Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
		this.#words();
		for (const [name, chart] of Object.entries(chartsOf(this.answer))) {
			const card = this.cards[name], drawn = this.#charts.get(name);
			setText(card.title, chart.title);
			card.canvas.setAttribute("aria-label", `${chart.title}: the numbers are in the table below`);
			if (drawn) {
				drawn.data.labels = chart.labels;
				chart.sets.forEach((set, i) => Object.assign(drawn.data.datasets[i], set));
				drawn.options = settings(chart);
				drawn.update("none");
			} else {
				this.#charts.set(name, new Chart(card.canvas, { type: "bar", data: { labels: chart.labels, datasets: chart.sets }, options: settings(chart) }));
			}
		}
	}

	#words() {
		const b = this.answer.buckets, sum = (field) => b.reduce((all, bucket) => all + bucket[field], 0);
		setText(this.sum, some(plural(sum("jobs"), "picture") + " done", `${number(sum("failed"))} failed`, `${number(Math.round(sum("megapixels")))} megapixels`, `${bytes(sum("bytes_in"))} in`, `${bytes(sum("bytes_out"))} out`));
		const shown = b.filter((x) => x.jobs || x.failed).reverse();
		fill(this.table, [this.answer.span, shown], () => shown.length ? shown.map((x) => make("tr", {}, ...[minuteOf(x.at), number(x.jobs), number(x.failed), short(x.megapixels),
			bytes(x.bytes_in), bytes(x.bytes_out), duration(x.latency_p50_s), duration(x.latency_p95_s)].map((text, i) => make(i ? "td" : "th", { class: "n", scope: i ? null : "row", text })))) :
			make("tr", {}, make("td", { colspan: "8", text: "Nothing was milled in this time." })));
	}
}
