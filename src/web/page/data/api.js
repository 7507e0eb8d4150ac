// SPDX-License-Identifier: GPL-2.0-or-later
// Questions to the mill: GET with ETag, so that an answer that has not changed costs a header.

const TIMEOUT_MS = 8000, KEPT = 40;
const heard = new Map(); // path → { etag, body }

export class Refused extends Error {
	constructor(path, status, reason) {
		super(reason || `${path} answered ${status}`);
		this.status = status;
	}
}

async function reasonOf(answer) {
	try {
		return (await answer.json()).error;
	} catch {
		return ""; // no JSON: the status says enough
	}
}

export async function ask(path, signal) {
	const known = heard.get(path);
	const limit = AbortSignal.timeout(TIMEOUT_MS);
	const answer = await fetch(path, {
		headers: known ? { "If-None-Match": known.etag } : {}, cache: "no-store",
		signal: signal ? AbortSignal.any([signal, limit]) : limit,
	});
	if (answer.status === 304 && known)
		return known.body;
	if (!answer.ok)
		throw new Refused(path, answer.status, await reasonOf(answer));
	const body = await answer.json();
	heard.delete(path);
	heard.set(path, { etag: answer.headers.get("ETag") || "", body });
	if (heard.size > KEPT)
		heard.delete(heard.keys().next().value);
	return body;
}

export function jobsPath(filter) {
	const wanted = new URLSearchParams();
	for (const name of ["state", "pipeline", "q"])
		if (filter[name])
			wanted.set(name, filter[name]);
	if (filter.page > 1)
		wanted.set("page", filter.page);
	const text = wanted.toString();
	return "/api/jobs" + (text ? "?" + text : "");
}
