// SPDX-License-Identifier: GPL-2.0-or-later
// Before and after in one frame, with a slider between them: a real range input, so that the arrow keys move it. Where the two have not the same
// shape (a crop, a turn) they stand side by side instead.

import { make, list, setAttribute, setText, show } from "./dom.js";
import { thumbnail, setThumbnail, sized, ofOriginal } from "./picture.js";

const SAME_SHAPE = 0.02;

export class Compare {
	#chosen = 0;

	constructor() {
		this.before = thumbnail("before");
		this.after = thumbnail("after");
		this.slider = make("input", { type: "range", min: 0, max: 100, value: 50, step: 1, "aria-label": "How much of the picture shows the original" });
		this.slider.addEventListener("input", () => this.#slide());
		this.handle = make("span", { class: "handle", "aria-hidden": "true" });
		this.frame = make("div", { class: "frame" }, this.before, this.after, this.handle, this.slider);
		this.before.append(make("span", { class: "corner left", "aria-hidden": "true", text: "before" }));
		this.after.append(make("span", { class: "corner right", "aria-hidden": "true", text: "after" }));
		this.choices = make("fieldset", { class: "choices" });
		this.element = make("div", { class: "compare" }, this.choices, this.frame);
	}

	#slide() {
		const at = Number(this.slider.value);
		this.frame.style.setProperty("--at", `${at}%`);
		setAttribute(this.slider, "aria-valuetext", `${at} % original, ${100 - at} % result`);
	}

	// Whether there is something to compare.
	take(job) {
		const shown = job.outputs.map((output, n) => ({ ...output, n })).filter((output) => output.thumb);
		if (!job.original || shown.length === 0)
			return false;
		const output = shown.find((o) => o.n === this.#chosen) || shown[0];
		show(this.choices, shown.length > 1);
		if (shown.length > 1)
			this.#choices(shown, output, job);
		const before = job.width / job.height, after = output.width / output.height;
		const same = Math.abs(before / after - 1) < SAME_SHAPE || !Number.isFinite(before / after);
		setAttribute(this.frame, "data-shape", same ? "same" : "other");
		show(this.slider, same);
		show(this.handle, same);
		this.frame.style.setProperty("--shape", Number.isFinite(before) ? String(before) : "1.5");
		this.frame.style.setProperty("--other-shape", Number.isFinite(after) ? String(after) : "1.5");
		setThumbnail(this.before, ofOriginal(job, 1600), `the original, ${job.source}`);
		setThumbnail(this.after, sized(output.thumb, 1600), `the result, ${output.path}`);
		this.#slide();
		return true;
	}

	#choices(shown, chosen, job) {
		list(this.choices, shown, (o) => o.n, (o) => {
			const radio = make("input", { type: "radio", name: "compared", value: o.n });
			radio.addEventListener("change", () => {
				this.#chosen = o.n;
				this.take(job);
			});
			return make("label", {}, radio, make("span"));
		}, (label, o) => {
			label.firstElementChild.checked = o.n === chosen.n;
			setText(label.lastElementChild, o.path);
		});
	}
}
