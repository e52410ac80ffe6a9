// What pages do by themselves. Every task works without it, but live updates, copying by a button,
// local times and single keys.
(() => {
	"use strict";
	const root = document.documentElement;
	const body = document.body;
	const all = (selector, from = document) => [...from.querySelectorAll(selector)];
	const make = (tag, text = "", className = "") => {
		const element = document.createElement(tag);
		element.textContent = text;
		if (className) element.className = className;
		return element;
	};
	const identity = { createHTML: (html) => html };
	const policy = window.trustedTypes?.createPolicy("simbridge", identity) ?? identity;
	const parse = (html) =>
		new DOMParser().parseFromString(policy.createHTML(html), "text/html").body.firstElementChild;

	// Times

	const zone = root.dataset.zone === "utc" ? "UTC" : undefined;
	const format = (options) =>
		new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", ...options });
	const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
	const day = { day: "numeric", month: "short", year: "numeric" };
	const wholeFormat = format({ ...day, ...clock });
	const clockFormat = format(clock);

	const span = (seconds) => {
		if (seconds < 60) return `${seconds} s`;
		if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
		if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
		return `${Math.floor(seconds / 86400)} d`;
	};
	const two = (number) => String(number).padStart(2, "0");
	const countDown = (seconds) => {
		if (seconds >= 86400) return span(seconds);
		const minutes = Math.floor((seconds % 3600) / 60);
		const end = two(seconds % 60);
		return seconds >= 3600
			? `${Math.floor(seconds / 3600)}:${two(minutes)}:${end}`
			: `${minutes}:${end}`;
	};
	const timeText = (show, at) => {
		switch (show) {
			case "ago": return span(Math.max(0, Math.floor((Date.now() - at) / 1000)));
			case "until": return countDown(Math.max(0, Math.ceil((at - Date.now()) / 1000)));
			case "clock": return clockFormat.format(at);
			default: return wholeFormat.format(at);
		}
	};
	const showTime = (element) => {
		const at = new Date(element.dateTime);
		if (Number.isNaN(at.getTime())) return;
		const text = timeText(element.dataset.show, at);
		if (element.textContent !== text) element.textContent = text;
		if (element.dataset.show !== "moment") element.title = wholeFormat.format(at);
		if (element.dataset.show === "until" && at <= Date.now() && !element.dataset.over) {
			element.dataset.over = "yes";
			element.dispatchEvent(new CustomEvent("over", { bubbles: true }));
		}
	};
	// A bar that gets shorter until a time.
	const showRest = (element) => {
		element.value = Math.max(0, Number(element.dataset.until) - Date.now() / 1000);
	};
	setInterval(() => {
		if (document.hidden) return;
		all('time[data-show="ago"], time[data-show="until"]').forEach(showTime);
		all("progress[data-until]").forEach(showRest);
	}, 1000);
	const zoneNote = document.getElementById("zone");
	if (zoneNote && !zone) {
		zoneNote.textContent = `Times are in ${new Intl.DateTimeFormat().resolvedOptions().timeZone}.`;
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

	// What a page needs each time that some of it is new.
	const prepare = (from) => {
		all("time[data-show]", from).forEach(showTime);
		if (from.matches?.("time[data-show]")) showTime(from);
		all("progress[data-until]", from).forEach(showRest);
		all("[data-copy], [data-all]", from).forEach((element) => { element.hidden = false; });
	};
	prepare(document);

	document.addEventListener("click", (event) => {
		const button = event.target.closest("[data-copy]");
		if (button) copy(button);
		all("details.drop[open]").forEach((menu) => {
			if (!menu.contains(event.target)) menu.open = false;
		});
	});
	document.addEventListener("change", (event) => {
		const field = event.target;
		if (field.dataset.all) {
			all(`input[type="checkbox"][form="${field.dataset.all}"]`)
				.forEach((box) => { box.checked = field.checked; });
		} else if (field.form?.matches("[data-filters]") && !field.matches('[type="search"]')) {
			field.form.requestSubmit();
		}
	});

	// Forms: one at a time, and those that take long say so.
	document.addEventListener("submit", (event) => {
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
	const listKeys = () => {
		const dialog = make("dialog");
		const list = make("dl", "", "keys");
		const row = (key, meaning) => {
			const term = make("dt");
			term.append(make("kbd", key));
			list.append(term, make("dd", meaning));
		};
		if (document.getElementById("find")) row("/", "find");
		all("nav a[data-key]").forEach((link) => row(`g ${link.dataset.key}`, link.textContent));
		row("?", "this list");
		const close = make("button", "Close", "quiet");
		close.addEventListener("click", () => dialog.close());
		dialog.addEventListener("close", () => dialog.remove());
		dialog.setAttribute("aria-label", "Keys");
		dialog.append(make("h2", "Keys"), list, close);
		body.append(dialog);
		dialog.showModal();
	};
	let going = 0;
	document.addEventListener("keydown", (event) => {
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
		} else if (event.key === "/" && document.getElementById("find")) {
			event.preventDefault();
			document.getElementById("find").focus();
		} else if (event.key === "?") {
			listKeys();
		}
	});

	// Keeping the page current. A part is changed element by element, so that what is the same stays:
	// the focus, the place where one has scrolled to, an open menu.

	const UNITS = "tr, li, p, form, details, dialog, pre, dd, dt, button, a, input, select, textarea";
	const OPEN = "details[open], dialog[open]";
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
		const fields = element.matches("input, select, textarea")
			? [element] : all("input, select, textarea", element);
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
		const byId = new Map([...old.children].filter((it) => it.id).map((it) => [it.id, it]));
		const isList = old.tagName === "TBODY" && byId.size > 0;
		let at = old.firstChild;
		for (const wanted of [...fresh.childNodes]) {
			const known = wanted.id ? byId.get(wanted.id) : null;
			if (known) {
				byId.delete(wanted.id);
				if (known === at) at = at.nextSibling;
				else old.insertBefore(known, at);
				morph(known, wanted);
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
		const present = table && document.getElementById(table.id);
		if (!present || present.getBoundingClientRect().top >= 0) return 0;
		return all("tbody > tr", table).filter((row) => !document.getElementById(row.id)).length;
	};
	const offerNew = (part, count) => {
		let button = part.querySelector(":scope > .waiting");
		if (!button) {
			button = make("button", "", "waiting");
			button.type = "button";
			button.addEventListener("click", () => {
				part.scrollIntoView();
				applyWaiting(true);
			});
			part.prepend(button);
		}
		button.textContent = `${count} new`;
	};
	const applyPart = (id, html, isAsked) => {
		const fresh = parse(html);
		const old = document.getElementById(id);
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

	const base = body.dataset.live;
	if (!base) return;
	const FIRST_WITHIN = 5000;
	const ALIVE_WITHIN = 20000;
	const ASK_EVERY = 5000;
	const mark = document.getElementById("live");
	const bar = document.getElementById("connection");
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
	const signedOut = () => {
		close();
		mark.hidden = true;
		const to = encodeURIComponent(location.pathname + location.search);
		say("You are signed out.", [`/sign-in?to=${to}`, "Sign in"]);
	};
	const gone = () => {
		close();
		mark.hidden = true;
		say("This page is not what it was.", [location.href, "Load it again"]);
	};
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
		stream.addEventListener("parts", (event) => {
			heard();
			apply(JSON.parse(event.data));
			showLive(true);
			later(watch, 1000);
		});
		stream.addEventListener("alive", heard);
		stream.addEventListener("yield", () => {
			close();
			hasYielded = true;
			showLive(false);
			later(ask, ASK_EVERY);
		});
		stream.addEventListener("again", open);
		stream.addEventListener("gone", gone);
		stream.addEventListener("end", signedOut);
		stream.addEventListener("error", () => {
			if (source !== stream) return;
			close();
			later(ask, 500);
		});
	}
	document.addEventListener("visibilitychange", () => {
		if (document.hidden) close();
		else open();
	});
	const look = () => { if (hasYielded) open(); };
	addEventListener("focus", look);
	document.addEventListener("pointerdown", look);
	// What runs out on the page, such as an order, may look different soon after.
	document.addEventListener("over", () => setTimeout(async () => {
		const answer = await fetch(address("&once")).catch(() => null);
		if (answer?.ok) apply(await answer.json());
	}, 700));
	addEventListener("pagehide", close);
	open();
})();
