// SPDX-License-Identifier: GPL-2.0-or-later
// Ties the page together: the stream feeds the store, the store is drawn by the header and by the one view that the address names.

import { make, setAttribute, calm } from "./dom.js";
import { store, takeEvent, takeStatus, lookAt } from "./store.js";
import { Line } from "./line.js";
import { takePictures, askForPicturesAgain } from "./picture.js";
import { parse } from "./router.js";
import { Header } from "./header.js";
import { Notices } from "./notices.js";
import { JobsView } from "./jobs.js";
import { JobView } from "./job.js";
import { WorkersView } from "./workers.js";
import { PipelinesView } from "./pipelines.js";
import { ThroughputView } from "./throughput.js";
import { Lists } from "./lists.js";

const VIEWS = { jobs: JobsView, job: JobView, workers: WorkersView, pipelines: PipelinesView, throughput: ThroughputView };
const TICK_MS = 1000;

const place = document.getElementById("view");
const header = new Header(() => line.now());
const notices = new Notices();
const lists = new Lists(() => soon());
let view = null, drawing = 0, first = true;

const line = new Line({
	event(event) {
		if (event.pictures)
			takePictures(event.pictures);
		if (!event.status)
			return;
		takeEvent(event);
		if (event.full) {
			lists.forget();
			askForPicturesAgain();
		}
		soon();
	},
	status(status) {
		takeStatus(status);
		askForPicturesAgain(); // no stream tells of them
		soon();
	},
	state(state, detail) {
		header.connection(state, detail);
		lists.polling = state === "polling";
		soon();
	},
});

// At most one drawing a frame, however fast events come.
function soon() {
	if (!drawing && !document.hidden)
		drawing = requestAnimationFrame(draw);
}

function draw() {
	drawing = 0;
	header.draw();
	if (!store.status)
		return;
	lists.refresh(view.needs());
	notices.draw();
	view.draw();
}

function open() {
	const route = parse(location.hash);
	const Kind = VIEWS[route.name];
	for (const link of document.querySelectorAll("nav a[data-view]"))
		setAttribute(link, "aria-current", link.dataset.view === route.name ? "page" :
			link.dataset.view === "jobs" && route.name === "job" ? "true" : null);
	if (view instanceof Kind && view.reroute?.(route)) { // another page of the same list
		soon();
		return;
	}
	view?.close?.();
	lookAt(route.id);
	view = new Kind(route, soon);
	place.replaceChildren(view.element);
	header.title(view.title);
	line.ask(view.wish || {});
	if (!first) {
		place.querySelector("h2")?.focus({ preventScroll: true });
		scrollTo({ top: 0, behavior: calm() ? "auto" : "smooth" });
	}
	first = false;
	soon();
}

// The address is the view's: skipping must not change it.
document.querySelector("[data-skip]").addEventListener("click", (event) => {
	event.preventDefault();
	place.focus();
});
place.replaceChildren(make("p", { class: "empty", text: "Asking the mill …" }));
addEventListener("hashchange", open);
document.addEventListener("visibilitychange", soon);
open();
line.run();
setInterval(soon, TICK_MS);
