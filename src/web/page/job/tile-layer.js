// SPDX-License-Identifier: GPL-2.0-or-later
// The tiles as they stand, on a canvas of their own: only changed tiles are painted again, so that a picture of many
// thousand tiles can be watched. What moves (tiles at work, a tile that has just turned) is painted over a copy of it.

import { paintStill, WAITING_VEIL } from "./tile-paint.js";

export class TileLayer {
	canvas = document.createElement("canvas");
	#context = this.canvas.getContext("2d");
	#painted = new Map(); // n → how it was painted
	#key = "";

	// place: {width, height, ratio, image or null, colours, key}; another key begins again. boxOf(tile): its
	// rectangle.
	update(list, boxOf, place) {
		const anew = place.key !== this.#key;
		if (anew)
			this.#begin(list, boxOf, place);
		for (const tile of list) {
			const look = `${tile.state} ${tile.attempt} ${tile.left} ${tile.top} ${tile.width}`;
			if (this.#painted.get(tile.n) === look)
				continue;
			this.#painted.set(tile.n, look);
			const box = boxOf(tile);
			if (!anew) // else the whole ground is there, without a veil yet
				this.#ground(box, place);
			paintStill(this.#context, tile, box, place.colours, !place.image);
		}
	}

	// One picture for all tiles at once: a piece for each would take seconds. What lies below the last tile that is known waits, too.
	#begin(list, boxOf, place) {
		const { width, height, ratio, colours: c } = place;
		this.#key = place.key;
		this.#painted.clear();
		this.canvas.width = Math.round(width * ratio);
		this.canvas.height = Math.round(height * ratio);
		this.#context.setTransform(ratio, 0, 0, ratio, 0, 0);
		this.#ground({ x: 0, y: 0, w: width, h: height }, place);
		const bottom = list.reduce((most, tile) => Math.max(most, tile.top + tile.height), 0);
		const { y } = boxOf({ left: 0, top: bottom, width: 0, height: 0 });
		this.#context.globalAlpha = WAITING_VEIL;
		this.#context.fillStyle = c.veil;
		this.#context.fillRect(0, y, width, height - y);
		this.#context.globalAlpha = 1;
	}

	#ground({ x, y, w, h }, { width, height, image, colours: c }) {
		this.#context.fillStyle = c.track;
		this.#context.fillRect(x, y, w, h);
		if (image) {
			const sx = image.naturalWidth / width, sy = image.naturalHeight / height;
			this.#context.drawImage(image, x * sx, y * sy, w * sx, h * sy, x, y, w, h);
		}
	}
}
