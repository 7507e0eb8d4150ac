// SPDX-License-Identifier: GPL-2.0-or-later
// The top of every view: is the data live, what goes on now, and a quiet word for screen readers when jobs ended.

import { make, setText, setAttribute, show } from "./dom.js";
import { number, plural, some, short, duration, roughly, ticking, clock } from "./words.js";
import { store, age } from "./store.js";
import { jobsLink } from "./router.js";

const STALE_S = 10, SAID_MS = 15000, LEAST_MS = 20000;
const byId = (id) => document.getElementById(id);

export class Header {
	#state = "waiting";
	#detail = {};
	#named = "";
	#said = null; // {at, done, failed}: what was last read out

	constructor(tryNow) {
		this.figures = Object.fromEntries([...byId("now").querySelectorAll("[data-figure]")].map((box) =>
			[box.dataset.figure, { box, number: box.querySelector(".number"), sub: box.querySelector(".sub") }]));
		for (const state of ["running", "queued", "done", "failed"])
			this.figures[state].box.querySelector("a").href = jobsLink({ state });
		this.line = byId("speed-line");
		byId("try-now").addEventListener("click", tryNow);
	}

	title(text) {
		this.#named = text;
		this.#title();
	}

	connection(state, detail) {
		this.#state = state;
		this.#detail = detail;
	}

	draw() {
		this.#fresh();
		this.#title();
		if (!store.status)
			return;
		this.#now(store.status);
		this.#broker(store.status.broker);
		this.#say(store.status.jobs);
		setText(byId("version"), some(`dropmill ${store.status.version}`, `up ${duration(store.status.uptime_s)}`));
	}

	#title() {
		const running = store.status?.jobs.running;
		const text = some(running && `${running} running`, this.#named, "dropmill");
		if (document.title !== text)
			document.title = text;
	}

	#fresh() {
		const broken = this.#state === "broken", old = store.status && age() > STALE_S && this.#state !== "paused";
		const stale = broken || old, chip = byId("fresh");
		const shown = stale ? "stale" : this.#state;
		const words = { stale: "Stale", live: "Live", polling: "Polling", paused: "Paused", waiting: "Connecting" };
		setAttribute(chip, "data-state", shown);
		setAttribute(chip, "title", shown === "polling" ? "Every stream of the mill is in use: this page asks every two seconds instead" : null);
		setText(chip.querySelector(".word"), words[shown]);
		show(byId("stale"), stale);
		document.body.toggleAttribute("data-stale", Boolean(stale));
		if (!stale)
			return;
		setText(byId("stale-since"), store.status ? `Data stale since ${clock(Date.now() - age() * 1000)}` : "The mill does not answer");
		const left = this.#detail.retryAt ? Math.ceil((this.#detail.retryAt - Date.now()) / 1000) : 0;
		setText(byId("stale-next"), broken ? left > 0 ? `Trying again in ${left} s.` : "Trying again …" : store.status.snapshot_age_s > STALE_S ? "Its main loop has not moved." : "It is silent.");
	}

	#set(name, value, sub, some) {
		const figure = this.figures[name];
		setText(figure.number, value);
		setText(figure.sub, sub);
		figure.box.toggleAttribute("data-some", Boolean(some));
	}

	#now({ jobs, workers, mixed, tiles, waiting, oldest_queued_s, oldest_source, now }) {
		this.#set("running", number(jobs.running), jobs.running ? tiles.running ? `${plural(tiles.running, "tile")} at work` : "reading or writing" : "idle", jobs.running);
		this.#set("queued", number(jobs.queued), waiting > 0 ? `+ ${number(waiting)} not taken yet` : oldest_queued_s === null ? "nothing waits" : `oldest: ${oldest_queued_s < 60 ? ticking(oldest_queued_s) : roughly(oldest_queued_s)}`, jobs.queued);
		setAttribute(this.figures.queued.sub, "title", oldest_source || null);
		this.#set("done", number(jobs.done), now?.jobs_per_min ? `${short(now.jobs_per_min)} a minute` : jobs.done ? "in all" : "none yet", jobs.done);
		this.#set("failed", number(jobs.failed), jobs.failed ? "see why" : "none", jobs.failed);
		const bad = workers.late + workers.gone + Number(mixed);
		this.#set("workers", number(workers.live), bad ? some(mixed && "mixed", workers.late && `${workers.late} late`, workers.gone && `${workers.gone} gone`) :
			workers.live ? "all live" : "none is live", bad || !workers.live);
		this.#set("speed", short(now?.megapixels_per_s ?? null), "megapixels/s", now?.megapixels_per_s);
		this.#speedLine();
	}

	// The last two minutes; the scale is their own, the number beside it says how much.
	#speedLine() {
		const speeds = store.speeds, last = Date.now(), most = Math.max(...speeds.map((s) => s.megapixels), 1);
		const span = Math.max(last - (speeds[0]?.at ?? last), LEAST_MS) / 100;
		const points = speeds.map((s) => `${(100 - (last - s.at) / span).toFixed(1)},${(23 - 21 * s.megapixels / most).toFixed(1)}`);
		setAttribute(this.line, "points", points.join(" "));
	}

	#broker(broker) {
		const chip = byId("broker"), lag = broker.lag > 0 ? `lag ${number(broker.lag)}` : "";
		setAttribute(chip, "data-state", broker.state);
		setAttribute(chip, "title", broker.servers || null);
		setText(chip.querySelector(".word"), some(`${broker.kind === "embedded" ? "Embedded broker" : "Kafka"} ${broker.state}`, lag));
	}

	// Not every number that moves: what ended since the last time, at most four times a minute.
	#say({ done, failed }) {
		const said = this.#said;
		if (!said || done < said.done || failed < said.failed) {
			this.#said = { at: Date.now(), done, failed };
			return;
		}
		if ((done === said.done && failed === said.failed) || Date.now() - said.at < SAID_MS)
			return;
		const parts = [done > said.done && `${plural(done - said.done, "job")} done`, failed > said.failed && `${plural(failed - said.failed, "job")} failed`];
		byId("said").replaceChildren(make("span", { text: parts.filter(Boolean).join(", ") }));
		this.#said = { at: Date.now(), done, failed };
	}
}
