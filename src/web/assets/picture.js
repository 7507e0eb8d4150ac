// SPDX-License-Identifier: GPL-2.0-or-later
// Small pictures of originals and outputs. The mill makes one when it is first asked for; until then, and where there is none, a quiet ground.

import { make, setAttribute } from "./dom.js";

const AGAIN_MS = [3000, 9000];

// size: 160, 320, 640 or 1600, the longer edge.
export function sized(thumb, size) {
	return thumb ? `${thumb}${thumb.includes("?") ? "&" : "?"}size=${size}` : null;
}

// Of a job's original; none of a file whose size nobody could tell, since that is no picture.
export function ofOriginal(job, size) {
	return job.state === "failed" && !job.width ? null : sized(job.original?.thumb, size);
}

export function thumbnail(className, alt = "") {
	const image = make("img", { alt, loading: "lazy", decoding: "async" });
	const frame = make("span", { class: `thumb ${className || ""}`, "data-state": "none" }, image);
	let tries = 0;
	image.hidden = true;
	image.addEventListener("load", () => {
		tries = 0;
		image.hidden = false;
		frame.dataset.state = "there";
	});
	image.addEventListener("error", () => {
		frame.dataset.state = "none";
		image.hidden = true;
		const url = frame.url, pause = AGAIN_MS[tries++];
		if (pause)
			setTimeout(() => frame.isConnected && frame.url === url && load(frame, image), pause);
	});
	frame.image = image;
	return frame;
}

// A hidden image is not lazy: it would never come into sight, and so never load.
function load(frame, image) {
	image.hidden = false;
	image.src = frame.url;
}

export function setThumbnail(frame, url, alt) {
	if (alt !== undefined)
		setAttribute(frame.image, "alt", alt);
	if (frame.url === url)
		return;
	frame.url = url;
	if (url) {
		load(frame, frame.image);
	} else {
		frame.dataset.state = "none";
		frame.image.hidden = true;
		frame.image.removeAttribute("src");
	}
}
