// SPDX-License-Identifier: GPL-2.0-or-later
// A mill that has processed nothing yet: what to do, with paths to copy.

import { make, fill, copyButton, sign } from "./dom.js";
import { store } from "./store.js";

export class EmptyMill {
	element = make("div", { class: "welcome" });

	draw() {
		if (!store.pipelines)
			return;
		const on = store.pipelines.filter((p) => p.enabled && p.inbox);
		fill(this.element, on.map((p) => [p.name, p.inbox, p.description]), () => on.length ? this.#folders(on) : this.#noPipeline());
	}

	#folders(on) {
		return [
			sign("drop"),
			make("h3", { text: "Nothing milled yet" }),
			make("p", { text: "Drop an image into one of these folders. It appears here at once, and finished in the out folder." }),
			make("ul", { class: "folders" }, ...on.map((p) => make("li", {},
				make("div", {}, make("b", { text: p.name }), p.description ? make("span", { class: "sub", text: p.description }) : null),
				make("div", { class: "path" }, make("code", { text: p.inbox }), copyButton(p.inbox, `the folder of ${p.name}`))))),
			make("p", { class: "sub" }, "Or in a terminal: ", make("code", { text: `cp photo.jpg ${on[0].inbox}/` })),
		];
	}

	#noPipeline() {
		return [
			sign("warning"),
			make("h3", { text: "No pipeline is on" }),
			make("p", {}, "Put a ", make("code", { text: ".yaml" }), " file into the pipelines folder; ", make("code", { text: "dropmill check" }),
				" says what is wrong with one."),
		];
	}
}
