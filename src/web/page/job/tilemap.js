// SPDX-License-Identifier: GPL-2.0-or-later
// The picture's grid over its thumbnail. What is not done lies under a veil, and each tile that is done uncovers its part of the picture; every
// state has a drawing besides its colour (tile-paint.js). Pointing at a tile, or the arrow keys, tell its worker, time and attempt.

import { make, setText, setAttribute, show, sign, calm } from "./dom.js";
import { number, plural, some, duration } from "./words.js";
import { sized, ofOriginal, whenMade } from "./picture.js";
import { Bubble } from "./bubble.js";
import { TileLayer } from "./tile-layer.js";
import { paintMoving, colours } from "./tile-paint.js";

const STATES = ["waiting", "ready", "running", "done", "failed"];
const SAME_SHAPE = 0.03, FLASH_MS = 900, LONGEST_SIDE = 1600;

export class TileMap {
	#at = null;       // n of the tile that is pointed at
	#frame = 0;

	constructor() {
		this.canvas = make("canvas", { tabindex: "0", role: "application", "aria-roledescription": "tile map", "aria-describedby": "map-help" });
		this.context = this.canvas.getContext("2d");
		this.layer = new TileLayer();
		this.bubble = new Bubble();
		this.holder = make("div", { class: "map" }, this.canvas, ...this.bubble.parts);
		this.legend = make("ul", { class: "legend" }, ...[...STATES, "again"].map((state) =>
			make("li", { "data-state": state }, sign(`tile-${state}`), make("span"))));
		this.note = make("p", { class: "sub" });
		this.element = make("div", {}, this.holder, this.legend, this.note,
			make("p", { id: "map-help", class: "unseen", text: "The arrow keys go from tile to tile." }));
		this.image = new Image();
		this.image.addEventListener("load", () => this.#soon());
		this.observer = new ResizeObserver(() => this.#soon());
		this.observer.observe(this.holder);
		this.dark = matchMedia("(prefers-color-scheme: dark)");
		this.turned = () => this.#soon();
		this.dark.addEventListener("change", this.turned);
		this.canvas.addEventListener("pointermove", (event) => this.#point(event));
		this.canvas.addEventListener("pointerdown", (event) => this.#point(event));
		this.canvas.addEventListener("pointerleave", () => this.#leave());
		this.canvas.addEventListener("blur", () => this.#leave());
		this.canvas.addEventListener("keydown", (event) => this.#key(event));
	}

	close() {
		this.observer.disconnect();
		this.dark.removeEventListener("change", this.turned);
		cancelAnimationFrame(this.#frame);
	}

	draw(job, tiles, complete) {
		this.job = job;
		this.all = tiles;
		// An output that is cut by itself has tiles of its own; the map shows those of the first.
		const first = tiles.values().next().value?.output ?? 0;
		this.list = [...tiles.values()].filter((tile) => tile.output === first);
		const output = job.outputs[first];
		this.width = output?.width || Math.max(...this.list.map((t) => t.left + t.width), 0) || job.width;
		this.height = output?.height || Math.max(...this.list.map((t) => t.top + t.height), 0) || job.height;
		show(this.canvas, this.list.length > 0 && this.width > 0);
		show(this.legend, this.list.length > 0);
		this.#picture(output);
		this.#words(complete);
		this.#soon();
	}

	// Under the tiles: the result where it is there, else the original when it has the same shape.
	#picture(output) {
		const same = Math.abs(this.job.width / this.job.height / (this.width / this.height) - 1) < SAME_SHAPE;
		const url = sized(output?.thumb, LONGEST_SIDE) || (same ? ofOriginal(this.job, LONGEST_SIDE) : null);
		if (this.url === url)
			return;
		this.url = url;
		this.takeBack?.();
		this.takeBack = url && whenMade(url, (made) => {
			if (made)
				this.image.src = url;
		});
	}

	#words(complete) {
		const counts = Object.fromEntries(STATES.map((state) => [state, 0]));
		let again = 0;
		for (const tile of this.list) {
			counts[tile.state]++;
			again += tile.attempt > 1;
		}
		const words = { ...counts, again };
		for (const item of this.legend.children) {
			const n = words[item.dataset.state], word = item.dataset.state === "again" ? "tried again" : item.dataset.state;
			setText(item.lastElementChild, `${number(n)} ${word}`);
			item.toggleAttribute("data-none", n === 0);
		}
		setAttribute(this.canvas, "aria-label", `Tile map: ${plural(this.list.length, "tile")}; ${STATES.filter((s) => counts[s]).map((s) => `${counts[s]} ${s}`).join(", ")}`);
		setText(this.note, this.list.length === 0 ? this.job.state === "queued" ? "The picture waits for its turn." : this.job.state === "running" ?
			"The picture is being looked at." : "Its tiles are no longer remembered." : complete ? "" : "The picture has more tiles than a page can show; these are the first.");
		show(this.note, this.note.textContent !== "");
	}

	#soon() {
		if (!this.#frame)
			this.#frame = requestAnimationFrame(() => this.#paint());
	}

	#paint() {
		this.#frame = 0;
		if (!this.list?.length || !this.holder.clientWidth || !this.width)
			return;
		const tall = innerHeight * 0.72, scale = Math.min(this.holder.clientWidth / this.width, tall / this.height);
		const width = Math.max(Math.round(this.width * scale), 1), height = Math.max(Math.round(this.height * scale), 1), ratio = devicePixelRatio || 1;
		this.scale = width / this.width;
		if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
			this.canvas.width = Math.round(width * ratio);
			this.canvas.height = Math.round(height * ratio);
			this.canvas.style.width = `${width}px`;
			this.canvas.style.height = `${height}px`;
		}
		const context = this.context, c = colours(), now = performance.now(), still = calm();
		const image = this.url && this.image.complete && this.image.naturalWidth ? this.image : null;
		this.layer.update(this.list, (tile) => this.#box(tile), { width, height, ratio, image, colours: c,
			key: [width, height, ratio, image && this.url, this.dark.matches, this.job.id].join(" ") });
		context.setTransform(1, 0, 0, 1, 0, 0);
		context.drawImage(this.layer.canvas, 0, 0);
		context.setTransform(ratio, 0, 0, ratio, 0, 0);
		let moving = false;
		for (const tile of this.list) {
			const flash = still || tile.state !== "done" || !tile.turnedAt ? 0 : Math.max(0, 1 - (now - tile.turnedAt) / FLASH_MS);
			if (tile.state !== "running" && flash <= 0)
				continue;
			paintMoving(context, tile, this.#box(tile), c, { flash, now: still ? 0 : now });
			moving ||= !still;
		}
		const at = this.all.get(this.#at);
		if (at)
			this.#outline(context, this.#box(at), c);
		if (moving)
			this.#soon();
	}

	#box(tile) {
		const x = tile.left * this.scale, y = tile.top * this.scale;
		return { x, y, w: (tile.left + tile.width) * this.scale - x, h: (tile.top + tile.height) * this.scale - y };
	}

	#outline(context, { x, y, w, h }, c) {
		for (const [inset, style, width] of [[0, c.paper, 4], [0, c.ink, 2]]) {
			context.strokeStyle = style;
			context.lineWidth = width;
			context.strokeRect(x + inset, y + inset, w - 2 * inset, h - 2 * inset);
		}
	}

	#point(event) {
		const box = this.canvas.getBoundingClientRect();
		const x = (event.clientX - box.left) / this.scale, y = (event.clientY - box.top) / this.scale;
		const tile = this.list.find((t) => x >= t.left && y >= t.top && x < t.left + t.width && y < t.top + t.height);
		if (tile)
			this.#show(tile, false);
		else
			this.#leave();
	}

	#leave() {
		this.#at = null;
		this.bubble.hide();
		this.#soon();
	}

	// Arrow keys: the tile beyond that edge of this one.
	#key(event) {
		const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }, step = steps[event.key];
		if (event.key === "Escape")
			this.#leave();
		if (!step && event.key !== "Home" && event.key !== "End")
			return;
		event.preventDefault();
		const from = this.all.get(this.#at);
		let to = event.key === "End" ? this.list.at(-1) : this.list[0];
		if (step && from) {
			const x = step[0] < 0 ? from.left - 1 : step[0] > 0 ? from.left + from.width : from.left;
			const y = step[1] < 0 ? from.top - 1 : step[1] > 0 ? from.top + from.height : from.top;
			to = this.list.find((t) => x >= t.left && y >= t.top && x < t.left + t.width && y < t.top + t.height) || from;
		}
		if (to)
			this.#show(to, true);
	}

	#show(tile, aloud) {
		this.#at = tile.n;
		const box = this.#box(tile);
		const doing = { waiting: "waits", ready: "is ready to go", running: `at work${tile.worker ? ` on ${tile.worker}` : ""}`,
			done: some(`done${tile.worker ? ` by ${tile.worker}` : ""}`, tile.seconds !== null && duration(tile.seconds)), failed: `failed${tile.worker ? ` on ${tile.worker}` : ""}` };
		const top = this.canvas.offsetTop + box.y;
		this.bubble.at({ x: this.canvas.offsetLeft + box.x + box.w / 2, top, bottom: top + box.h, width: this.holder.clientWidth },
			[`Tile ${tile.n}`, doing[tile.state] || tile.state, some(`attempt ${tile.attempt}`, `${tile.width} × ${tile.height} at ${tile.left}, ${tile.top}`)], aloud);
		this.#soon();
	}
}
