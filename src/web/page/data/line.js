// SPDX-License-Identifier: GPL-2.0-or-later
// The page's end of the stream: through the hub that all windows share, or a stream of its own where the browser has no shared workers. A
// window that nobody looks at leaves the hub; it comes back with a first event that is whole.

import { Stream } from "./stream.js";

const HERE_MS = 5000, HUB_MS = 3000;

export class Line {
	#wish = {};
	#port = null;
	#stream = null;

	// on: {event(object), status(object), state(name, detail)}, as in stream.js.
	constructor(on) {
		this.on = on;
		document.addEventListener("visibilitychange", () => this.#turn());
		addEventListener("online", () => this.now());
		addEventListener("pagehide", () => this.#turn(true));
		addEventListener("pageshow", () => this.#turn());
	}

	// {job, tasks}: the job that is followed, and whether ended tasks are sent.
	ask(wish) {
		if (wish.job === this.#wish.job && wish.tasks === this.#wish.tasks)
			return;
		this.#wish = wish;
		this.#turn();
	}

	// Now, not when the pause is over.
	now() {
		this.#port?.postMessage({ now: true });
		this.#stream?.now();
	}

	run() {
		if (!globalThis.SharedWorker) {
			this.#alone();
			return;
		}
		let heard = false;
		const worker = new SharedWorker("/assets/hub.js", { type: "module", name: "dropmill" });
		const port = worker.port;
		const giveUp = () => {
			if (heard || this.#stream)
				return;
			port.postMessage({ bye: true });
			port.close();
			this.#port = null;
			this.#alone();
		};
		port.onmessage = ({ data }) => {
			heard = true;
			this.#hear(data);
		};
		worker.onerror = giveUp;
		this.#port = port;
		this.#turn();
		setTimeout(() => document.hidden || giveUp(), HUB_MS);
		setInterval(() => document.hidden || this.#port?.postMessage({ here: true }), HERE_MS);
	}

	#alone() {
		this.#stream = new Stream({ event: (event) => this.#hear({ event }), status: this.on.status, state: this.on.state });
		this.#stream.run();
		this.#turn();
	}

	#turn(left = false) {
		const looked = !left && !document.hidden;
		if (this.#port)
			this.#port.postMessage(looked ? { wish: this.#wish } : { bye: true });
		if (!looked)
			this.on.state("paused", {});
		if (!this.#stream)
			return;
		if (!looked) {
			this.#stream.pause();
			return;
		}
		this.#stream.ask(["pictures=1", this.#wish.job && `jobs=${encodeURIComponent(this.#wish.job)}`, this.#wish.tasks && "tasks=1"].filter(Boolean).join("&"));
		this.#stream.resume();
	}

	// From the jobs that all windows follow, this one's.
	#hear({ state, detail, event, status }) {
		if (document.hidden) // a last word on the way
			return;
		if (state)
			this.on.state(state, detail);
		if (status)
			this.on.status(status);
		if (event) {
			const own = event.followed?.find((followed) => followed.id === this.#wish.job);
			this.on.event(own ? { ...event, run: own.run, job: own.job, tiles: own.tiles } : event);
		}
	}
}
