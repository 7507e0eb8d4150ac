// SPDX-License-Identifier: GPL-2.0-or-later
// Small pictures of originals and outputs. The mill makes one when it is first asked for. Nothing is loaded before it
// is made. The page requests the state of all visible thumbnails at once (/api/pictures), and the stream reports the
// others. Until then, and where there is none, a quiet ground.

import { make, setAttribute } from "./dom.js";
import { ask } from "./api.js";

const GATHER_MS = 30, AT_ONCE = 40, AGAIN_MS = 3000, TRIES = 3;

// size: 160, 320, 640 or 1600, the longer edge.
export function sized(thumb, size) {
	return thumb ? `${thumb}${thumb.includes("?") ? "&" : "?"}size=${size}` : null;
}

// The thumbnail of a job's original. A file without a known size has none, because it is not a picture.
export function ofOriginal(job, size) {
	return job.state === "failed" && !job.width ? null : sized(job.original?.thumb, size);
}

// Addresses that are wanted and not yet known to be made → {users: Set of functions, asked, tries}. A user is called with true when the
// picture can be loaded, and with false when there is none.
const wanted = new Map();
let gathering = 0;

// Calls back once. Returns what takes the wish back.
export function whenMade(url, user) {
	if (!wanted.has(url))
		wanted.set(url, { users: new Set(), asked: false, tries: 0 });
	wanted.get(url).users.add(user);
	gather(GATHER_MS);
	return () => {
		const entry = wanted.get(url);
		entry?.users.delete(user);
		if (entry?.users.size === 0)
			wanted.delete(url);
	};
}

function gather(ms) {
	gathering ||= setTimeout(() => {
		gathering = 0;
		const urls = [...wanted].filter(([, entry]) => !entry.asked).map(([url]) => url).slice(0, AT_ONCE);
		if (urls.length)
			askFor(urls);
	}, ms);
}

async function askFor(urls) {
	for (const url of urls)
		wanted.get(url).asked = true;
	try {
		takePictures((await ask("/api/pictures?" + urls.map((url) => `url=${encodeURIComponent(url)}`).join("&"))).pictures);
	} catch {
		const again = urls.map((url) => wanted.get(url)).filter(Boolean); // the mill does not answer: the header says so
		for (const entry of again)
			entry.asked = ++entry.tries >= TRIES;
		gather(AGAIN_MS);
		return;
	}
	gather(GATHER_MS);
}

// What the mill says of some: "making" waits on.
export function takePictures(pictures) {
	for (const { url, state } of pictures) {
		const entry = wanted.get(url);
		if (!entry || state === "making")
			continue;
		wanted.delete(url);
		for (const user of entry.users)
			user(state === "ready");
	}
}

// The mill may have reported some while nobody listened.
export function askForPicturesAgain() {
	for (const entry of wanted.values()) {
		entry.asked = false;
		entry.tries = 0;
	}
	gather(GATHER_MS);
}

// The page requests only visible thumbnails.
const sight = new IntersectionObserver((entries) => {
	for (const { target: frame, isIntersecting } of entries) {
		if (!isIntersecting || !frame.url)
			continue;
		sight.unobserve(frame);
		const url = frame.url;
		frame.takeBack = whenMade(url, (made) => {
			if (made && frame.url === url) {
				frame.image.hidden = false;
				frame.image.src = url;
			}
		});
	}
}, { rootMargin: "200px" });

export function thumbnail(className, alt = "") {
	const image = make("img", { alt, decoding: "async", fetchpriority: "low" });
	const frame = make("span", { class: `thumb ${className || ""}`, "data-state": "none" }, image);
	image.hidden = true;
	image.addEventListener("load", () => {
		image.hidden = false;
		frame.dataset.state = "there";
	});
	image.addEventListener("error", () => {
		frame.dataset.state = "none";
		image.hidden = true;
	});
	frame.image = image;
	return frame;
}

export function setThumbnail(frame, url, alt) {
	if (alt !== undefined)
		setAttribute(frame.image, "alt", alt);
	if (frame.url === url)
		return;
	frame.takeBack?.();
	frame.takeBack = null;
	frame.url = url;
	frame.dataset.state = "none";
	frame.image.hidden = true;
	frame.image.removeAttribute("src");
	if (url)
		sight.observe(frame);
	else
		sight.unobserve(frame);
}
