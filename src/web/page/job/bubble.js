// SPDX-License-Identifier: GPL-2.0-or-later
// The words beside what is pointed at on a canvas. For eyes it floats there; for ears a live region says the same when the keyboard moves.

import { make, setText, show } from "./dom.js";

export class Bubble {
	constructor() {
		this.words = make("div", { class: "bubble", "aria-hidden": "true" });
		this.said = make("p", { class: "unseen", role: "status" });
		this.words.hidden = true;
		this.parts = [this.words, this.said];
	}

	// Above the place from x, top to bottom of a frame whose width is given, or below it; lines: the first one is the title.
	at({ x, top, bottom, width }, lines, aloud) {
		if (this.key !== lines.join("\n")) {
			this.key = lines.join("\n");
			this.words.replaceChildren(...lines.map((line, i) => make(i ? "span" : "b", { text: line })));
		}
		show(this.words, true);
		const room = this.words.offsetWidth / 2 + 4;
		this.words.style.left = `${Math.min(Math.max(x, room), Math.max(width - room, room))}px`;
		const below = top < this.words.offsetHeight + 16;
		this.words.style.top = `${below ? bottom : top}px`;
		this.words.toggleAttribute("data-below", below);
		if (aloud)
			setText(this.said, lines.join(", "));
	}

	hide() {
		show(this.words, false);
		this.key = null;
	}
}
