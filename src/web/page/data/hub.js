// SPDX-License-Identifier: GPL-2.0-or-later
// A shared worker: one stream of events for all windows of a browser. A browser opens six connections to a server; with a stream a window, the
// seventh window would never load. Each window says what it wants to know. The stream carries all of it, and every
// window hears all.
// From a window:
//   - {wish: {job, tasks}}: it is visible and wants this
//   - {here}: it is still there
//   - {now}: connect at once
//   - {bye}: it is hidden or closed
// To a window: {state, detail}, {event}, {status}, as stream.js reports them.

import { Stream } from "./stream.js";

const LOST_MS = 20000, GATHER_MS = 20, MOST_JOBS = 32;

const lookers = new Map(); // port → {wish, at}
let state = ["waiting", {}], gathering = 0;

const toAll = (message) => {
	for (const port of lookers.keys())
		port.postMessage(message);
};

const stream = new Stream({
	event: (event) => toAll({ event }),
	status: (status) => toAll({ status }),
	state(name, detail) {
		state = [name, detail];
		toAll({ state: name, detail });
	},
});

function queryOf(wishes) {
	const jobs = [...new Set(wishes.map((wish) => wish.job).filter(Boolean))].sort().slice(0, MOST_JOBS);
	return ["pictures=1", jobs.length && `jobs=${jobs.map(encodeURIComponent).join(",")}`, wishes.some((wish) => wish.tasks) && "tasks=1"].filter(Boolean).join("&");
}

// Several windows that come at once make one question.
function gather() {
	gathering ||= setTimeout(() => {
		gathering = 0;
		if (lookers.size === 0) {
			stream.pause();
			return;
		}
		stream.ask(queryOf([...lookers.values()].map((looker) => looker.wish)));
		stream.resume();
	}, GATHER_MS);
}

function leave(port) {
	if (lookers.delete(port) && lookers.size === 0) // what the others asked for stays asked for
		gather();
}

function hear(port, message) {
	if (message.bye) {
		leave(port);
	} else if (message.wish) {
		lookers.set(port, { wish: message.wish, at: Date.now() });
		const [name, detail] = state[0] === "paused" ? ["waiting", {}] : state; // somebody looks now: it begins
		port.postMessage({ state: name, detail });
		gather();
	} else if (lookers.has(port)) {
		lookers.get(port).at = Date.now();
		if (message.now)
			stream.now();
	}
}

// A window that crashed says no goodbye.
setInterval(() => {
	for (const [port, looker] of lookers)
		if (looker.at < Date.now() - LOST_MS)
			leave(port);
}, LOST_MS / 2);

addEventListener("connect", ({ ports: [port] }) => {
	port.onmessage = ({ data }) => hear(port, data);
});
stream.run();
