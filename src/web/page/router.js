// SPDX-License-Identifier: GPL-2.0-or-later
// Which view is shown: the address after the #. "#/jobs?state=failed&page=2", "#/jobs/ID", "#/workers", "#/pipelines", "#/throughput".

export function parse(hash) {
	const [path, query] = hash.replace(/^#\/?/, "").split("?", 2);
	const [name, id] = path.split("/", 2);
	const given = new URLSearchParams(query || "");
	if (name === "jobs" && id) {
		let decoded = id;
		try {
			decoded = decodeURIComponent(id);
		} catch {
			// no escape: then it is the id as it stands
		}
		return { name: "job", id: decoded, given };
	}
	return { name: ["workers", "pipelines", "throughput"].includes(name) ? name : "jobs", id: null, given };
}

export const jobLink = (id) => `#/jobs/${encodeURIComponent(id)}`;

export function jobsLink(filter) {
	const given = new URLSearchParams();
	for (const name of ["state", "pipeline", "q"])
		if (filter[name])
			given.set(name, filter[name]);
	if (filter.page > 1)
		given.set("page", filter.page);
	const text = given.toString();
	return "#/jobs" + (text ? "?" + text : "");
}
