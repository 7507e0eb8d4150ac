// SPDX-License-Identifier: GPL-2.0-or-later
// Elements and their text. What comes from outside (names of files, reasons) only ever becomes a text node or an attribute's value set here;
// nothing is parsed as markup. Writing is done only where something changed, so that selections, focus and screen readers are left in peace.

const SVG = "http://www.w3.org/2000/svg";

// make("a", {class: "x", href: url, text: name}, child, ...): attributes by name; true stands for an empty one, null and false for none.
export function make(tag, attributes = {}, ...children) {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes)) {
		if (name === "text")
			element.textContent = value;
		else if (value !== null && value !== undefined && value !== false)
			element.setAttribute(name, value === true ? "" : value);
	}
	element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
	return element;
}

// One of the drawings in index.html; decoration beside a word.
export function sign(name) {
	const svg = document.createElementNS(SVG, "svg"), use = document.createElementNS(SVG, "use");
	svg.setAttribute("class", "sign");
	svg.setAttribute("aria-hidden", "true");
	use.setAttribute("href", `#sign-${name}`);
	svg.append(use);
	return svg;
}

export function setText(element, text) {
	if (element.textContent !== text)
		element.textContent = text;
}

export function setAttribute(element, name, value) {
	if (value === null || value === undefined || value === false)
		element.removeAttribute(name);
	else if (element.getAttribute(name) !== String(value))
		element.setAttribute(name, value);
}

export function show(element, visible) {
	if (element.hidden === Boolean(visible))
		element.hidden = !visible;
}

// A state as a drawing and a word; the colour comes from data-state.
export function stateMark(state) {
	const mark = make("span", { class: "state" });
	setState(mark, state);
	return mark;
}

export function setState(mark, state, word = state) {
	if (mark.dataset.state !== state) {
		mark.dataset.state = state;
		mark.replaceChildren(sign(state), make("span", { text: word }));
	}
	setText(mark.lastElementChild, word);
}

// Rebuilds the content only when key differs from the last time.
export function fill(parent, key, build) {
	const text = typeof key === "string" ? key : JSON.stringify(key);
	if (parent.filledWith === text)
		return;
	parent.filledWith = text;
	parent.replaceChildren(...[build()].flat().filter(Boolean));
}

// One child for each item, in this order, found again by its key: create(item) makes it, update(child, item) writes into it. Of items with one
// key the first counts.
export function list(parent, items, keyOf, create, update) {
	const known = new Map([...parent.children].filter((child) => child.key !== undefined).map((child) => [child.key, child]));
	const drawn = new Set();
	let at = parent.firstElementChild;
	for (const item of items) {
		const key = keyOf(item);
		if (drawn.has(key))
			continue;
		drawn.add(key);
		let child = known.get(key);
		known.delete(key);
		if (!child) {
			child = create(item);
			child.key = key;
		}
		update(child, item);
		if (child === at)
			at = at.nextElementSibling;
		else
			parent.insertBefore(child, at);
	}
	for (const child of known.values())
		child.remove();
}

// Rows of a table keep their roles when a narrow screen lays them out as cards: then CSS takes the table's own away.
export function tableHead(...titles) {
	const cells = titles.map(([text, className]) => make("th", { scope: "col", role: "columnheader", class: className, text }));
	return make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...cells));
}

export function cell(label, className, ...children) {
	return make("td", { role: "cell", "data-label": label, class: className }, ...children);
}

// Copies the text; the button itself says that it did.
export function copyButton(text, what) {
	const word = make("span", { text: "Copy" });
	const button = make("button", { type: "button", class: "copy", "aria-label": `Copy ${what}` }, sign("copy"), word);
	let back = 0;
	button.addEventListener("click", async () => {
		const copied = await copy(text);
		clearTimeout(back);
		setText(word, copied ? "Copied" : "Not copied");
		button.setAttribute("aria-label", copied ? `Copied ${what}` : "The browser did not let it be copied");
		back = setTimeout(() => {
			setText(word, "Copy");
			button.setAttribute("aria-label", `Copy ${what}`);
		}, 2000);
	});
	return button;
}

// navigator.clipboard is there on https and localhost only.
async function copy(text) {
	if (navigator.clipboard) {
		try {
			await navigator.clipboard.writeText(text);
			return true;
		} catch {
			// asked and denied: the old way may still be open
		}
	}
	const area = make("textarea", { class: "unseen", "aria-hidden": "true", tabindex: "-1" });
	area.value = text;
	document.body.append(area);
	area.select();
	const copied = document.execCommand("copy");
	area.remove();
	return copied;
}

export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// A custom property of the style sheet, for canvases.
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
