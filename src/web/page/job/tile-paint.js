// SPDX-License-Identifier: GPL-2.0-or-later
// How a tile looks. Colour is never alone. Unfinished tiles are veiled. Ready has a dot, running a frame and its
// worker's name, done a check, failed a cross. A tile that was tried again has the number of its attempt in the corner.

import { colour } from "./dom.js";
import { shortWorker } from "./words.js";

const NAMES = ["paper", "ink", "track", "veil", "done", "running", "failed", "late", "line"];
const ROOM_SIGN = 16, ROOM_NAME = 40;

export const colours = () => Object.fromEntries(NAMES.map((name) => [name, colour(name)]));

export const WAITING_VEIL = 0.84;
const VEIL = { waiting: WAITING_VEIL, ready: 0.68, running: 0.3, done: 0, failed: 0.5 };

// On the picture's own ground. bare: there is no picture, so a tile that is done has nothing to uncover and is tinted.
export function paintStill(context, tile, box, c, bare) {
	const { x, y, w, h } = box, side = Math.min(w, h), tinted = bare && tile.state === "done";
	context.globalAlpha = tinted ? 0.3 : VEIL[tile.state] ?? WAITING_VEIL;
	context.fillStyle = tinted ? c.done : c.veil;
	context.fillRect(x, y, w, h);
	context.globalAlpha = 1;
	if (tile.state === "failed")
		paintFailed(context, box, c);
	else if (tile.state === "done")
		paintDone(context, box, c);
	else if (tile.state === "ready" && side >= ROOM_SIGN)
		dot(context, x + w / 2, y + h / 2, Math.min(side / 10, 4), c.ink);
	if (side >= 5) { // its own half of the grid
		context.globalAlpha = 0.55;
		context.fillStyle = c.veil;
		context.fillRect(x, y, w, 1);
		context.fillRect(x, y, 1, h);
		context.globalAlpha = 1;
	}
	if (tile.attempt > 1)
		paintAgain(context, tile, box, c);
}

// What moves: a tile at work breathes, one that has just turned fades from its colour. now: 0 for who wants no motion.
export function paintMoving(context, tile, box, c, { flash, now }) {
	if (tile.state === "running")
		paintRunning(context, tile, box, c, now);
	if (flash <= 0)
		return;
	context.globalAlpha = 0.5 * flash;
	context.fillStyle = c.done;
	context.fillRect(box.x, box.y, box.w, box.h);
	context.globalAlpha = 1;
}

function dot(context, x, y, radius, style) {
	context.beginPath();
	context.arc(x, y, radius, 0, 2 * Math.PI);
	context.fillStyle = style;
	context.fill();
}

function paintRunning(context, tile, { x, y, w, h }, c, now) {
	const breath = now ? 0.16 + 0.1 * Math.sin(now / 260) : 0.2;
	context.globalAlpha = breath;
	context.fillStyle = c.running;
	context.fillRect(x, y, w, h);
	context.globalAlpha = 1;
	context.strokeStyle = c.running;
	context.lineWidth = Math.min(3, Math.max(1.5, w / 20));
	context.strokeRect(x + context.lineWidth / 2, y + context.lineWidth / 2, w - context.lineWidth, h - context.lineWidth);
	if (w >= ROOM_NAME && h >= ROOM_SIGN + 4 && tile.worker)
		label(context, x + w / 2, y + h / 2, shortWorker(tile.worker), c.running, c.paper, w - 8);
	else if (Math.min(w, h) >= ROOM_SIGN)
		triangle(context, x + w / 2, y + h / 2, Math.min(w, h) / 5, c.running);
}

function triangle(context, x, y, r, style) {
	context.beginPath();
	context.moveTo(x - r * 0.8, y - r);
	context.lineTo(x + r, y);
	context.lineTo(x - r * 0.8, y + r);
	context.closePath();
	context.fillStyle = style;
	context.fill();
}

function label(context, x, y, text, back, front, room) {
	context.font = "600 11px system-ui, sans-serif";
	const wide = Math.min(context.measureText(text).width + 10, room);
	context.beginPath();
	context.roundRect(x - wide / 2, y - 9, wide, 18, 9);
	context.fillStyle = back;
	context.fill();
	context.fillStyle = front;
	context.textAlign = "center";
	context.textBaseline = "middle";
	context.fillText(text, x, y + 0.5, wide - 6);
}

function paintDone(context, { x, y, w, h }, c) {
	if (Math.min(w, h) < ROOM_SIGN)
		return;
	const r = Math.min(7, Math.min(w, h) / 5), cx = x + w - r - 3, cy = y + h - r - 3;
	context.globalAlpha = 0.82;
	dot(context, cx, cy, r, c.done);
	context.globalAlpha = 1;
	context.beginPath();
	context.moveTo(cx - r * 0.45, cy);
	context.lineTo(cx - r * 0.1, cy + r * 0.4);
	context.lineTo(cx + r * 0.5, cy - r * 0.4);
	context.strokeStyle = c.paper;
	context.lineWidth = Math.max(1.2, r / 4.5);
	context.stroke();
}

// However small the tile: its cross can be seen.
function paintFailed(context, { x, y, w, h }, c) {
	const r = Math.max(Math.min(w, h) / 3.2, 4), cx = x + w / 2, cy = y + h / 2;
	context.globalAlpha = 0.35;
	context.fillStyle = c.failed;
	context.fillRect(x, y, w, h);
	context.globalAlpha = 1;
	context.beginPath();
	for (const side of [-1, 1]) {
		context.moveTo(cx - r, cy - r * side);
		context.lineTo(cx + r, cy + r * side);
	}
	context.lineCap = "round";
	for (const [style, width] of [[c.paper, Math.max(r / 2.2, 3) + 2], [c.failed, Math.max(r / 2.2, 2)]]) {
		context.strokeStyle = style;
		context.lineWidth = width;
		context.stroke();
	}
	context.lineCap = "butt";
}

function paintAgain(context, tile, { x, y, w, h }, c) {
	if (Math.min(w, h) < ROOM_SIGN) {
		dot(context, x + w / 2, y + h / 2, 2, c.late);
		return;
	}
	const text = `${tile.attempt}×`;
	context.font = "700 10px system-ui, sans-serif";
	const wide = context.measureText(text).width + 7;
	context.beginPath();
	context.roundRect(x + 3, y + 3, wide, 14, 4);
	context.fillStyle = c.late;
	context.fill();
	context.fillStyle = c.paper;
	context.textAlign = "left";
	context.textBaseline = "middle";
	context.fillText(text, x + 6.5, y + 10.5);
}
