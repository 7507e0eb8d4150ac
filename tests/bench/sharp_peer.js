// SPDX-License-Identifier: GPL-2.0-or-later
// sharp as a contestant: sharp_peer.js MODULES CHAIN. Says "ready VERSION", then reads lines IN, a tab, OUT until they end; two at a time,
// with one thread of libvips each. Its encoders get the options that libvips has by default: the same work as the others'.
const sharp = require(require("path").join(process.argv[2], "sharp"));
const name = process.argv[3];

sharp.concurrency(1);
sharp.cache(false);

const jpeg = image => image.jpeg({quality: 80, optimiseCoding: false});
const chains = {
	resize: image => jpeg(image.resize(1600)),
	thumbnail: image => jpeg(image.resize(320)),
	webp: image => image.resize(1600).webp({quality: 75}),
	avif: image => image.resize(800).avif({quality: 50, chromaSubsampling: "4:2:0"}),
	grey: image => jpeg(image.grayscale().blur(3)),
};

async function run(jobs) {
	for (let job = jobs.shift(); job; job = jobs.shift())
		await chains[name](sharp(job[0])).toFile(job[1]);
}

async function main() {
	let text = "";
	console.log("ready " + sharp.versions.sharp + " with libvips " + sharp.versions.vips);
	for await (const part of process.stdin)
		text += part;
	const jobs = text.trim().split("\n").map(line => line.split("\t"));
	await Promise.all([run(jobs), run(jobs)]);
}

main().catch(error => { console.error(error); process.exit(1); });
