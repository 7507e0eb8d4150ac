// SPDX-License-Identifier: GPL-2.0-or-later
// Words for numbers: durations, sizes, times. A missing value is "–" or left out, never 0 and never NaN.

const THIN = "\u00a0"; // a number stays with its unit
const numbers = new Intl.NumberFormat("en");
const two = (n) => String(n).padStart(2, "0");

export const number = (n) => n === null || n === undefined || !Number.isFinite(n) ? "–" : numbers.format(n);
export const plural = (n, word, words = word + "s") => `${number(n)}${THIN}${n === 1 ? word : words}`;
export const some = (...parts) => parts.filter(Boolean).join(" · ");

// With one decimal below ten, else none: 4.2, 41.
export function short(n) {
	if (n === null || n === undefined || !Number.isFinite(n))
		return "–";
	return n < 9.95 && n > 0 ? n.toFixed(1) : number(Math.round(n));
}

export function duration(s) {
	if (s === null || s === undefined || !Number.isFinite(s))
		return "–";
	if (s === 0)
		return `0${THIN}s`;
	if (s < 0.0995)
		return `${Math.max(s * 1000, 0).toFixed(s < 0.00995 ? 1 : 0)}${THIN}ms`;
	if (s < 9.95)
		return `${s.toFixed(s < 0.995 ? 2 : 1)}${THIN}s`;
	s = Math.round(s);
	if (s < 60)
		return `${s}${THIN}s`;
	if (s < 3600)
		return `${Math.floor(s / 60)}${THIN}min ${two(s % 60)}${THIN}s`;
	if (s < 86400)
		return `${Math.floor(s / 3600)}${THIN}h ${two(Math.floor(s / 60) % 60)}${THIN}min`;
	return `${Math.floor(s / 86400)}${THIN}d ${Math.floor(s / 3600) % 24}${THIN}h`;
}

// That ticks while somebody looks: tenths below ten seconds, whole ones above.
export const ticking = (s) => s < 9.95 ? `${Math.max(s, 0).toFixed(1)}${THIN}s` : duration(s);

// For how long ago something was: one unit is enough.
export function roughly(s) {
	if (s < 60)
		return `${Math.max(Math.floor(s), 0)}${THIN}s`;
	if (s < 3600)
		return `${Math.floor(s / 60)}${THIN}min`;
	return s < 86400 ? `${Math.floor(s / 3600)}${THIN}h` : `${Math.floor(s / 86400)}${THIN}d`;
}

export function bytes(n) {
	if (n === null || n === undefined)
		return "";
	const units = ["B", "kB", "MB", "GB", "TB"];
	let unit = 0;
	while (n >= 999.5 && unit < units.length - 1) {
		n /= 1000;
		unit++;
	}
	return `${unit && n < 9.95 ? n.toFixed(1) : Math.round(n)}${THIN}${units[unit]}`;
}

export const size = (it) => it.width && it.height ? `${it.width}${THIN}×${THIN}${it.height}` : "";
export const megapixels = (n) => n === null || n === undefined || n < 0.95 ? "" : `${short(n)}${THIN}MP`;

// The number of the process for an id like host-4711-c0de, because people look for it. The end of any other id.
export function shortWorker(id) {
	const parts = id.split("-");
	return parts.length > 2 ? parts.at(-2) : id.slice(-8);
}

const pad = (date) => `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;

// The time of day, with the date when it is not today's.
export function clock(at, now = Date.now()) {
	const date = new Date(at), today = new Date(now);
	const day = date.toDateString() === today.toDateString() ? "" :
		`${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} `;
	return day + pad(date);
}

export const minuteOf = (at) => pad(new Date(at)).slice(0, 5);
