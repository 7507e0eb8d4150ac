// SPDX-License-Identifier: GPL-2.0-or-later
// Lists that a view shows are fetched whole when the mill reports that their members or their order changed, at most
// once a second each. Changes inside them come with the stream. While the page polls, the visible views are fetched
// with each new status.

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

	// The page requests everything again: the mill does not know what was missed.
	forget() {
		for (const entry of this.#fetched.values())
			entry.mark = null;
	}

	// needs: [{path, list, take(answer), lacking}]. The pipelines and the waiting files are always among them,
	// because every view warns of them. lacking: the view has no answer of this path, even if an earlier view had
	// one and nothing changed since.
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
