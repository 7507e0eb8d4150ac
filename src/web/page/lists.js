// SPDX-License-Identifier: GPL-2.0-or-later
// Lists that a view shows are fetched whole when the mill says that their members or their order changed, at most once a second each; what
// changes inside of them comes with the stream. While the page polls, the views that are looked at are fetched with each new status.

import { ask } from "./api.js";
import { store, listNumber, takeJobs, takeWorkers, takeDetail } from "./store.js";

const AGAIN_MS = 1000, FAILED_MS = 3000;

const TAKE = {
	"/api/workers": takeWorkers,
	"/api/pipelines": (answer) => { store.pipelines = answer.pipelines; },
	"/api/waiting": (answer) => { store.waiting = answer; },
};

export class Lists {
	#fetched = new Map(); // path → {mark, at, busy}
	polling = false;

	constructor(changed) {
		this.changed = changed;
	}

	// Everything is asked for again: the mill cannot tell what was missed.
	forget() {
		for (const entry of this.#fetched.values())
			entry.mark = null;
	}

	// needs: [{path, list, take(answer), lacking}]; the pipelines and the waiting files, which every view warns of, are always among them.
	// lacking: what shows it has no answer of this path, even if an earlier view had one and nothing changed since.
	refresh(needs) {
		const all = [{ path: "/api/pipelines", list: "pipelines" }, ...needs];
		if (store.status.waiting > 0)
			all.push({ path: "/api/waiting", list: "waiting" });
		else
			store.waiting = null;
		for (const need of all)
			this.#refresh(need);
	}

	#mark(need) {
		if (this.polling || !store.status.lists)
			return `at ${store.status.sequence}`;
		return `${store.status.boot} ${listNumber(need.list)}`;
	}

	#refresh(need) {
		const entry = this.#fetched.get(need.path) || { mark: null, at: 0, busy: false };
		const mark = this.#mark(need);
		this.#fetched.set(need.path, entry);
		const again = entry.failed ? FAILED_MS : need.lacking ? 0 : AGAIN_MS;
		if (entry.busy || (entry.mark === mark && !need.lacking) || Date.now() - entry.at < again)
			return;
		entry.busy = true;
		entry.at = Date.now();
		ask(need.path).then((answer) => {
			entry.mark = mark;
			entry.failed = false;
			(need.take || TAKE[need.path])(answer);
		}, (error) => {
			entry.failed = true;
			need.failed?.(error);
		}).finally(() => {
			entry.busy = false;
			if (this.#fetched.size > 60)
				this.#fetched.clear();
			this.changed();
		});
	}
}

export function takeJobsAnswer(answer) {
	takeJobs(answer.jobs);
	return answer;
}

export function takeJobAnswer(id, answer) {
	takeDetail(id, answer, answer.run ?? 0, answer.tile_list || [], true);
}
