// What pages do by themselves. Every task works without it, but live updates, copying by a button,
// local times, reading charts off and single keys.
const root = document.documentElement;
const body = document.body;
const all = (selector, from = document) => [...from.querySelectorAll(selector)];
const make = (tag, text = "", className = "") => {
	const element = document.createElement(tag);
	element.textContent = text;
	if (className) element.className = className;
	return element;
};
const byId = (id) => document.getElementById(id);
const on = (type, work, from = document) => from.addEventListener(type, work);
const identity = { createHTML: (html) => html };
const policy = window.trustedTypes?.createPolicy("simbridge", identity) ?? identity;
const parse = (html) =>
	new DOMParser().parseFromString(policy.createHTML(html), "text/html");

// Times

const zone = root.dataset.zone === "utc" ? "UTC" : undefined;
const format = (options) =>
	new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeStyle: "medium", ...options });
const wholeFormat = format({ dateStyle: "medium" });
const clockFormat = format();

const { floor, max } = Math;
const span = (seconds) => {
	if (seconds < 60) return `${seconds} s`;
	if (seconds < 3600) return `${floor(seconds / 60)} min`;
	if (seconds < 172800) return `${floor(seconds / 3600)} h`;
	return `${floor(seconds / 86400)} d`;
};
const two = (number) => String(number).padStart(2, "0");
const countDown = (seconds) => {
	if (seconds >= 86400) return span(seconds);
	const minutes = floor((seconds % 3600) / 60);
	const end = two(seconds % 60);
	return seconds >= 3600
		? `${floor(seconds / 3600)}:${two(minutes)}:${end}`
		: `${minutes}:${end}`;
};
const timeText = (show, at) => {
	switch (show) {
		case "ago": return span(max(0, floor((Date.now() - at) / 1000)));
		case "until": return countDown(max(0, Math.ceil((at - Date.now()) / 1000)));
		case "clock": return clockFormat.format(at);
		default: return wholeFormat.format(at);
	}
};
const showTime = (element) => {
	const at = new Date(element.dateTime);
	if (isNaN(at)) return;
	const { show, over } = element.dataset;
	const text = timeText(show, at);
	if (element.textContent !== text) element.textContent = text;
	if (show !== "moment") element.title = wholeFormat.format(at);
	if (show === "until" && at <= Date.now() && !over) {
		element.dataset.over = "yes";
		element.dispatchEvent(new CustomEvent("over", { bubbles: true }));
	}
};
// A bar that gets shorter until a time.
const showRest = (element) => {
	element.value = max(0, Number(element.dataset.until) - Date.now() / 1000);
};
setInterval(() => {
	if (document.hidden) return;
	all('time[data-show="ago"], time[data-show="until"]').forEach(showTime);
	all("progress[data-until]").forEach(showRest);
}, 1000);
if (!zone && byId("zone")) {
	byId("zone").textContent = `Times are in ${clockFormat.resolvedOptions().timeZone}.`;
}

// Copying

const copy = async (button) => {
	const text = button.dataset.copy;
	button.dataset.label ||= button.textContent;
	let isCopied = true;
	try {
		await navigator.clipboard.writeText(text);
	} catch {
		// Without TLS there is only the older way.
		const field = make("textarea", text);
		body.append(field);
		field.select();
		isCopied = document.execCommand("copy");
		field.remove();
		button.focus();
	}
	button.textContent = isCopied ? "Copied" : "Not copied";
	setTimeout(() => { button.textContent = button.dataset.label; }, 2000);
};

// Charts: the time that the slider chooses, or one points at, is read off the table of figures.

const tables = {};
const tableAt = async (address) => {
	const [page, id] = address.split("#");
	const answer = await fetch(page);
	return parse(await answer.text()).getElementById(id);
};
const readOff = async (slider) => {
	const { figures, from, step } = slider.dataset;
	const table = await (tables[figures] ||= tableAt(figures));
	const at = (+from + step * slider.value) * 1000;
	const time = all("time", table).find((time) => Date.parse(time.dateTime) === at);
	const name = (cell) => table.tHead.rows[0].cells[cell.cellIndex].textContent;
	const cells = time ? all("td", time.closest("tr")) : [];
	const values = cells.map((cell) => `${name(cell)} ${cell.textContent}`);
	const text = `${wholeFormat.format(at)}: ${values.join(", ") || "–"}`;
	slider.nextElementSibling.textContent = text;
	slider.setAttribute("aria-valuetext", text);
	const cursor = slider.previousElementSibling.lastElementChild;
	const x = (slider.value / slider.max) * cursor.dataset.width;
	cursor.setAttribute("transform", `translate(${x})`);
};
const pointAt = ({ target, clientX }) => {
	const slider = target.closest?.(".plot")?.nextElementSibling;
	if (!slider?.dataset.figures) return;
	const { left, width } = slider.getBoundingClientRect();
	slider.value = ((clientX - left) / width) * slider.max;
	readOff(slider);
};
on("pointermove", pointAt);
on("pointerdown", pointAt);
on("input", ({ target }) => { if (target.dataset.figures) readOff(target); });

// What a page needs each time that some of it is new.
const prepare = (from) => {
	all("time[data-show]", from).forEach(showTime);
	if (from.matches?.("time[data-show]")) showTime(from);
	all("progress[data-until]", from).forEach(showRest);
	all("[data-copy], [data-all], [data-figures]", from).forEach((element) => { element.hidden = false; });
};
prepare(document);

on("click", (event) => {
	const button = event.target.closest("[data-copy]");
	if (button) copy(button);
	all("details.drop[open]").forEach((menu) => {
		if (!menu.contains(event.target)) menu.open = false;
	});
});
on("change", ({ target: field }) => {
	if (field.dataset.all) {
		all(`input[type="checkbox"][form="${field.dataset.all}"]`)
			.forEach((box) => { box.checked = field.checked; });
	} else if (field.form?.matches("[data-filters]") && !field.matches('[type="search"]')) {
		field.form.requestSubmit();
	}
});

// Forms: one at a time, and those that take long say so.
on("submit", (event) => {
	const form = event.target;
	if (form.method !== "post") {
		// Empty filters are left out of the address.
		all("input, select", form).forEach((field) => { field.disabled = field.value === ""; });
		return;
	}
	if (form.dataset.sent) {
		event.preventDefault();
		return;
	}
	form.dataset.sent = "yes";
	// After the form was sent, because a button that is disabled is not sent with it.
	setTimeout(() => {
		all("button", form).forEach((button) => { button.disabled = true; });
		if (!form.dataset.takes) return;
		const text = `This runs now, and takes ${form.dataset.takes}. You may leave the page.`;
		const note = make("div", text, "running");
		note.setAttribute("role", "status");
		note.append(make("progress"));
		form.append(note);
	});
});
addEventListener("pageshow", (event) => {
	if (event.persisted) location.reload();
});
document.querySelector(".faults")?.focus();

// The token of a link stands behind the #, where no server sees it.
const linkForm = document.querySelector("[data-link-form] form");
if (linkForm && location.hash.length > 1) {
	const token = location.hash.slice(1);
	history.replaceState(null, "", location.pathname);
	linkForm.elements.token.value = token;
	linkForm.requestSubmit();
}

// Keys

const keys = root.dataset.keys === "on";
let going = 0;
on("keydown", (event) => {
	if (event.key === "Escape") {
		const menu = event.target.closest?.("details.drop[open]");
		if (menu) {
			menu.open = false;
			menu.querySelector("summary").focus();
		}
	}
	const isTyping = event.target.closest?.("input, select, textarea, dialog");
	if (!keys || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
	if (Date.now() < going) {
		going = 0;
		const link = document.querySelector(`nav a[data-key="${CSS.escape(event.key)}"]`);
		if (link) location.assign(link.href);
	} else if (event.key === "g") {
		going = Date.now() + 1500;
	} else if (event.key === "/" && byId("find")) {
		event.preventDefault();
		byId("find").focus();
	} else if (event.key === "?") {
		byId("keymap")?.showModal();
	}
});

// Keeping the page current. A part is changed element by element, so that what is the same stays:
// the focus, the place where one has scrolled to, an open menu.

const UNITS = "tr, li, p, form, details, dialog, pre, dd, dt, button, a, input, select, textarea";
const OPEN = "details[open], dialog[open]";
const FIELDS = "input, select, textarea";
const isEdited = (field) => {
	if (field.type === "checkbox") return field.checked !== field.defaultChecked;
	if (field.tagName !== "SELECT") return field.value !== field.defaultValue;
	return field.selectedIndex > 0 && !field.selectedOptions[0].defaultSelected;
};
const isBusy = (element) => {
	if (element.contains(document.activeElement)) return true;
	if (element.matches(OPEN) || element.querySelector(OPEN)) return true;
	const selection = getSelection();
	if (!selection.isCollapsed && selection.containsNode(element, true)) return true;
	const fields = element.matches(FIELDS) ? [element] : all(FIELDS, element);
	return fields.some(isEdited);
};
let hasWaited = false;
const morph = (old, fresh) => {
	if (old.isEqualNode(fresh)) return;
	if (old.nodeType !== Node.ELEMENT_NODE) {
		old.nodeValue = fresh.nodeValue;
		return;
	}
	if (old.matches(UNITS) && isBusy(old)) {
		hasWaited = true;
		return;
	}
	for (const { name } of [...old.attributes]) {
		if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
	}
	for (const { name, value } of fresh.attributes) {
		if (old.getAttribute(name) !== value) old.setAttribute(name, value);
	}
	morphChildren(old, fresh);
};
const morphChildren = (old, fresh) => {
	const known = new Map([...old.children].filter((it) => it.id).map((it) => [it.id, it]));
	const isList = old.tagName === "TBODY" && known.size > 0;
	let at = old.firstChild;
	for (const wanted of [...fresh.childNodes]) {
		const same = wanted.id ? known.get(wanted.id) : null;
		if (same) {
			known.delete(wanted.id);
			if (same === at) at = at.nextSibling;
			else old.insertBefore(same, at);
			morph(same, wanted);
		} else if (at && !at.id && !wanted.id && at.nodeName === wanted.nodeName) {
			const present = at;
			at = at.nextSibling;
			morph(present, wanted);
		} else {
			if (isList && wanted.classList) wanted.classList.add("fresh");
			old.insertBefore(wanted, at);
		}
	}
	while (at) {
		const next = at.nextSibling;
		if (at.nodeType === Node.ELEMENT_NODE && isBusy(at)) hasWaited = true;
		else at.remove();
		at = next;
	}
};

// Parts that wait while somebody is busy with what they change.
const waiting = new Map();
const newRows = (old, fresh) => {
	const table = fresh.querySelector('table[data-grows="top"]');
	const present = table && byId(table.id);
	if (!present || present.getBoundingClientRect().top >= 0) return 0;
	return all("tbody > tr", table).filter((row) => !byId(row.id)).length;
};
const offerNew = (part, count) => {
	let button = part.querySelector(":scope > .waiting");
	if (!button) {
		button = make("button", "", "waiting");
		button.type = "button";
		on("click", () => {
			part.scrollIntoView();
			applyWaiting(true);
		}, button);
		part.prepend(button);
	}
	button.textContent = `${count} new`;
};
const applyPart = (id, html, isAsked) => {
	const fresh = parse(html).body.firstElementChild;
	const old = byId(id);
	if (!fresh) return;
	if (!old) {
		document.querySelector("main .parts")?.append(fresh);
		prepare(fresh);
		return;
	}
	const count = isAsked ? 0 : newRows(old, fresh);
	if (count > 0) {
		waiting.set(id, html);
		offerNew(old, count);
		return;
	}
	old.querySelector(":scope > .waiting")?.remove();
	hasWaited = false;
	morph(old, fresh);
	prepare(old);
	if (hasWaited) waiting.set(id, html);
	else waiting.delete(id);
};
const applyWaiting = (isAsked) => {
	for (const [id, html] of [...waiting]) applyPart(id, html, isAsked);
};
let retry = 0;
const retryWaiting = () => {
	if (waiting.size === 0) return;
	clearTimeout(retry);
	retry = setTimeout(() => applyWaiting(false), 300);
};
for (const event of ["focusout", "selectionchange", "toggle", "scroll"]) {
	document.addEventListener(event, retryWaiting, { capture: true, passive: true });
}

const beep = () => {
	if (root.dataset.sound !== "on") return;
	const audio = new AudioContext();
	const tone = audio.createOscillator();
	tone.frequency.value = 880;
	tone.connect(audio.destination);
	tone.start();
	tone.stop(audio.currentTime + 0.2);
};
const apply = (batch) => {
	const hadMark = document.title.startsWith("●");
	document.title = batch.title;
	if (!hadMark && batch.title.startsWith("●")) beep();
	batch.parts.forEach(({ id, html }) => applyPart(id, html, false));
	all("main .parts > [id]").forEach((part) => {
		if (!batch.order.includes(part.id) && !isBusy(part)) part.remove();
	});
	body.dataset.state = batch.state;
};

// The stream, and asking in its place.

const follow = (base) => {
	const FIRST_WITHIN = 5000;
	const ALIVE_WITHIN = 20000;
	const ASK_EVERY = 5000;
	const mark = byId("live");
	const bar = byId("connection");
	let source = null;
	let heardAt = 0;
	let hasYielded = false;
	let lostAt = null;
	let failures = 0;
	let timer = 0;

	const address = (more) =>
		`${base}&view=${body.dataset.view}&have=${body.dataset.state}${more}`;
	const say = (text, link) => {
		bar.hidden = !text;
		bar.textContent = text;
		if (link) {
			const anchor = make("a", link[1]);
			anchor.href = link[0];
			bar.append(" ", anchor);
		}
	};
	const showLive = (isLive) => {
		mark.hidden = false;
		mark.classList.toggle("asking", !isLive);
		mark.textContent = isLive ? "live" : "every 5 s";
		if (isLive) {
			lostAt = null;
			failures = 0;
			say("");
		}
	};
	const close = () => {
		source?.close();
		source = null;
		clearTimeout(timer);
	};
	const later = (work, after) => {
		clearTimeout(timer);
		timer = setTimeout(work, after);
	};
	const stop = (text, link) => {
		close();
		mark.hidden = true;
		say(text, link);
	};
	const signedOut = () => {
		const to = encodeURIComponent(location.pathname + location.search);
		stop("You are signed out.", [`/sign-in?to=${to}`, "Sign in"]);
	};
	const gone = () =>
		stop("This page is not what it was.", [location.href, "Load it again"]);
	const ask = async () => {
		try {
			const answer = await fetch(address("&once"), { cache: "no-store" });
			if (answer.status === 401) return signedOut();
			if (answer.status === 410) return gone();
			if (!answer.ok) throw new Error(answer.statusText);
			apply(await answer.json());
		} catch {
			mark.hidden = true;
			lostAt = lostAt || new Date();
			say(`No connection since ${clockFormat.format(lostAt)}. Trying again.`);
			later(ask, 2000);
			return;
		}
		showLive(false);
		const wasLost = lostAt;
		lostAt = null;
		say("");
		if (!hasYielded) {
			// A stream that brings nothing is tried again now and then.
			if (wasLost || failures % 12 === 0) return open();
			failures += 1;
			say("A proxy holds the stream back: this page asks every 5 s.");
		}
		later(ask, ASK_EVERY);
	};
	const fallBack = () => {
		close();
		failures += 1;
		ask();
	};
	const watch = () => {
		if (Date.now() - heardAt > ALIVE_WITHIN) fallBack();
		else later(watch, 1000);
	};
	const heard = () => { heardAt = Date.now(); };
	function open() {
		close();
		if (document.hidden) return;
		hasYielded = false;
		const stream = new EventSource(address(""));
		source = stream;
		later(fallBack, FIRST_WITHIN);
		on("parts", (event) => {
			heard();
			apply(JSON.parse(event.data));
			showLive(true);
			later(watch, 1000);
		}, stream);
		on("alive", heard, stream);
		on("yield", () => {
			close();
			hasYielded = true;
			showLive(false);
			later(ask, ASK_EVERY);
		}, stream);
		on("again", open, stream);
		on("gone", gone, stream);
		on("end", signedOut, stream);
		on("error", () => {
			if (source !== stream) return;
			close();
			later(ask, 500);
		}, stream);
	}
	on("visibilitychange", () => {
		if (document.hidden) close();
		else open();
	});
	const look = () => { if (hasYielded) open(); };
	addEventListener("focus", look);
	on("pointerdown", look);
	// What runs out on the page, such as an order, may look different soon after.
	on("over", () => setTimeout(async () => {
		const answer = await fetch(address("&once")).catch(() => null);
		if (answer?.ok) apply(await answer.json());
	}, 700));
	addEventListener("pagehide", close);
	open();
};
if (body.dataset.live) follow(body.dataset.live);
