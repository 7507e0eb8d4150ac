// SPDX-License-Identifier: GPL-2.0-or-later
// The stream of events (/api/events) while the page is visible. It is read with fetch. EventSource cannot tell a refusal (503) from a broken
// connection, and does not let us choose when to try again. The states:
//   live     events come; silence of more than SILENT_MS counts as a broken connection.
//   polling  all streams of the mill are taken (503). /api/status is read every POLL_MS, and the stream is tried now and then.
//   broken   no answer. It is tried again after 1, 2, 4, ... 15 s.
// While the page is hidden it is paused and holds no connection. It runs in hub.js, for all windows of a browser, or in the page itself (line.js).

import { ask } from "./api.js";

const SILENT_MS = 12000, POLL_MS = 2000, POLLS = 8, LONGEST_MS = 15000;

export class Stream {
	#query = "";
	#lastId = null;
	#abort = null;
	#wake = null;
	#tries = 0;

	#paused = true;

	// on: {event(object), status(object), state(name, detail)}; detail.retryAt: when it is tried again, detail.error: why not now.
	constructor(on) {
		this.on = on;
	}

	// What the stream is to tell ("jobs=ID,ID&tasks=1"), from a first event that is whole.
	ask(query) {
		this.#query = query;
		this.#lastId = null;
		this.now();
	}

	pause() {
		this.#paused = true;
		this.#abort?.abort();
	}

	resume() {
		if (!this.#paused)
			return;
		this.#paused = false;
		this.now();
	}

	// Now, not when the pause is over.
	now() {
		this.#tries = 0;
		this.#abort?.abort();
		this.#wake?.();
	}

	async run() {
		for (;;) {
			if (this.#paused) {
				this.on.state("paused", {});
				await this.#pause(null);
				continue;
			}
			const query = this.#query;
			try {
				await this.#follow(query);
			} catch (error) {
				if (this.#paused || query !== this.#query)
					continue;
				if (this.#abort?.signal.reason?.name === "AbortError") // by now(): at once
					continue;
				await this.#retry(error);
			}
		}
	}

	async #retry(error) {
		const pause = Math.min(1000 * 2 ** this.#tries++, LONGEST_MS) * (0.85 + Math.random() * 0.3);
		this.on.state("broken", { error: error.message, retryAt: Date.now() + pause });
		await this.#pause(pause);
	}

	#pause(ms) {
		return new Promise((resolve) => {
			const timer = ms === null ? 0 : setTimeout(resolve, ms);
			this.#wake = () => {
				clearTimeout(timer);
				resolve();
			};
		});
	}

	async #follow(query) {
		const abort = this.#abort = new AbortController();
		let watchdog = 0;
		const heard = () => {
			clearTimeout(watchdog);
			watchdog = setTimeout(() => abort.abort(new Error("the mill is silent")), SILENT_MS);
		};
		heard();
		try {
			const answer = await fetch("/api/events" + (query ? "?" + query : ""), {
				headers: this.#lastId ? { "Last-Event-ID": this.#lastId } : {}, cache: "no-store", signal: abort.signal,
			});
			if (!answer.ok) { // somebody answers, with anything but a stream
				clearTimeout(watchdog);
				return await this.#poll(abort.signal);
			}
			const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
			for (let rest = ""; ;) {
				const { value, done } = await reader.read();
				if (done)
					throw new Error("the stream ended");
				heard();
				rest = this.#take(rest + value);
			}
		} finally {
			clearTimeout(watchdog);
		}
	}

	// Events are ended by an empty line; what comes after the last one is kept for the next piece.
	#take(text) {
		const events = text.split(/\r?\n\r?\n/), rest = events.pop();
		for (const lines of events) {
			let data = "", id = null;
			for (const line of lines.split(/\r?\n/)) {
				if (line.startsWith("data:"))
					data += line.slice(5);
				else if (line.startsWith("id:"))
					id = line.slice(3).trim();
			}
			if (!data)
				continue;
			this.#lastId = id ?? this.#lastId;
			this.#tries = 0;
			this.on.state("live", {});
			this.on.event(JSON.parse(data));
		}
		return rest;
	}

	async #poll(signal) {
		this.#lastId = null;
		for (let i = 0; i < POLLS && !signal.aborted; i++) {
			const status = await ask("/api/status", signal);
			this.#tries = 0;
			this.on.state("polling", {});
			this.on.status(status);
			await this.#pause(POLL_MS);
		}
	}
}
