// SPDX-License-Identifier: GPL-2.0-or-later
// The tiles that deserve a look, as a real table: running and failed ones, those that were tried again, then the slowest.

import { make, list, setText, setState, show, stateMark, tableHead, cell } from "./dom.js";
import { duration, plural } from "./words.js";

const SHOWN = 25, WEIGHT = { failed: 3e9, running: 2e9, done: 0, ready: -1e9, waiting: -2e9 };

const weight = (tile) => WEIGHT[tile.state] + (tile.attempt - 1) * 1e6 + (tile.seconds || 0);

export class TileTable {
	constructor() {
		this.rows = make("tbody", { role: "rowgroup" });
		this.more = make("p", { class: "sub" });
		this.element = make("details", { class: "tile-table" }, make("summary", { text: "Tiles as a table" }),
			make("table", { role: "table", class: "plain" }, tableHead(["Tile", "n"], ["State"], ["Worker"], ["Time", "n"], ["Attempt", "n"]), this.rows), this.more);
	}

	draw(job, tiles) {
		show(this.element, tiles.size > 1);
		if (!this.element.open || tiles.size <= 1)
			return;
		const shown = [...tiles.values()].sort((a, b) => weight(b) - weight(a)).slice(0, SHOWN);
		list(this.rows, shown, (tile) => tile.n, (tile) => {
			const row = make("tr", { role: "row" }, make("th", { scope: "row", role: "rowheader", "data-label": "Tile", class: "n", text: String(tile.n) }),
				cell("State", null, stateMark(tile.state)), cell("Worker"), cell("Time", "n"), cell("Attempt", "n"));
			return row;
		}, (row, tile) => {
			setState(row.children[1].firstElementChild, tile.state);
			setText(row.children[2], tile.worker || "–");
			setText(row.children[3], tile.seconds === null ? "–" : duration(tile.seconds));
			setText(row.children[4], String(tile.attempt));
		});
		setText(this.more, tiles.size > SHOWN ? `Of ${plural(tiles.size, "tile")}: failed, running and tried again first, then the slowest.` : "");
	}
}
