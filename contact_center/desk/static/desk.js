// The desk's own script: keys, countdowns, drafts, lines that arrive. Everything else is htmx.
(() => {
  "use strict";
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
  const body = document.body;
  const words = JSON.parse(body.dataset.words);
  const skew = Number(body.dataset.now) - Date.now(); // the server's clock counts
  const fill = (phrase, values) => phrase.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
  const rows = $("#rows"), ticket = $("#ticket");

  // Time passes
  function span(ms) {
    const minutes = Math.floor(Math.abs(ms) / 60000), hours = Math.floor(minutes / 60), days = Math.floor(hours / 24);
    if (minutes < 1) return words.now;
    if (hours < 1) return fill(words.m, { m: minutes });
    return days < 1 ? fill(words.hm, { h: hours, m: minutes % 60 }) : fill(words.dh, { d: days, h: hours % 24 });
  }
  function write(element, text) { if (element.textContent !== text) element.textContent = text; }
  function tick() {
    const now = Date.now() + skew;
    for (const element of $$("[data-due]")) {
      const left = Number(element.dataset.due) - now;
      element.classList.toggle("late", left < 0);
      element.classList.toggle("soon", left >= 0 && left < 900000);
      write(element, fill(left < 0 ? words.late : words.left, { span: span(left) }));
    }
    for (const element of $$("[data-since]")) write(element, span(now - Number(element.dataset.since)));
  }
  setInterval(tick, 5000);

  // Lines that arrive in a queue never move what the mouse is on
  const pending = new Map();
  const fresh = $("#fresh");
  const isBusy = () => rows.matches(":hover") || rows.contains(document.activeElement) || rows.querySelector(".chosen") !== null;
  function place(line) {
    const lines = [...rows.children].filter((other) => other.dataset.sort && !other.classList.contains("gone"));
    const next = lines.find((other) => other.dataset.sort > line.dataset.sort);
    if (!next && $("#more")) return false; // it belongs to a page that is not shown yet
    rows.insertBefore(line, next ?? $("#more"));
    htmx.process(line);
    return true;
  }
  function arrive(line) {
    const old = document.getElementById(line.id);
    if (line.dataset.gone !== undefined) {
      pending.delete(line.id);
      if (old) leave(old, line.dataset.gone);
      return;
    }
    if (old) {
      line.classList.toggle("chosen", old.classList.contains("chosen"));
      const hasFocus = old.contains(document.activeElement);
      old.replaceWith(line);
      htmx.process(line);
      if (hasFocus) $(".open", line).focus({ preventScroll: true });
    } else if (isBusy()) {
      pending.set(line.id, line);
    } else if (place(line)) {
      line.classList.add("arrived");
    }
  }
  function leave(line, why) {
    line.classList.add("gone");
    line.dataset.gone = why;
    const remove = () => {
      if (!line.isConnected || !line.classList.contains("gone")) return;
      if (rows.matches(":hover") || line.contains(document.activeElement)) { setTimeout(remove, 1500); return; }
      line.remove();
      settle();
    };
    setTimeout(remove, 2500);
  }
  function settle() {
    if (fresh) {
      fresh.hidden = pending.size === 0;
      write(fresh, fill(words.fresh, { n: pending.size }));
    }
    $("#empty")?.classList.toggle("shown", !rows.querySelector(".row") && pending.size === 0);
  }
  function release() {
    for (const line of pending.values()) if (place(line)) line.classList.add("arrived");
    pending.clear();
    settle();
  }
  if (rows) {
    rows.addEventListener("mouseleave", () => { if (!rows.contains(document.activeElement)) release(); });
    fresh?.addEventListener("click", () => { release(); window.scrollTo({ top: 0 }); });
    settle();
    const ids = $$(".row", rows).map((row) => row.dataset.id);
    sessionStorage.setItem("desk:list", JSON.stringify({ back: location.pathname + location.search, ids }));
  }

  // Messages that arrive on a ticket
  const talk = $("#said");
  const isAtEnd = () => talk.scrollHeight - talk.scrollTop - talk.clientHeight < 120;
  const toEnd = () => {
    talk.scrollTop = talk.scrollHeight;
    if (talk.scrollHeight <= talk.clientHeight) talk.lastElementChild?.scrollIntoView({ block: "center" }); // on a phone the page scrolls
  };
  function say(line) {
    const old = document.getElementById(line.id);
    if (old) old.replaceWith(line);
    else {
      const next = [...talk.children].find((other) => Number(other.dataset.id) > Number(line.dataset.id));
      talk.insertBefore(line, next ?? null);
    }
    htmx.process(line);
  }
  function lastMessage() {
    return $$(".said", talk).reduce((last, line) => Math.max(last, Number(line.dataset.id)), 0);
  }
  let seen = 0;
  function noteSeen() {
    if (!talk || document.hidden) return;
    const last = lastMessage();
    if ($("#after")) $("#after").value = last;
    if (last <= seen) return;
    seen = last;
    send(`/desk/tickets/${ticket.dataset.id}/seen?message=${last}`);
  }
  function send(url) {
    const headers = JSON.parse(body.getAttribute("hx-headers:inherited"));
    return fetch(url, { method: "POST", headers, keepalive: true }).catch(() => {});
  }

  htmx.registerExtension("desk", {
    handle_swap: (style, target, fragment) => {
      if (style === "rows" && rows) {
        [...fragment.children].forEach(arrive);
        settle(); tick();
        return [];
      }
      if (style === "lines" && talk) {
        const stay = !isAtEnd();
        [...fragment.children].forEach(say);
        if (!stay) toEnd();
        noteSeen();
        return [];
      }
      return style === "rows" || style === "lines";
    },
  });

  // What the streams tell
  const plainTitle = document.title;
  let mine = 0, unread = 0;
  function showTitle() {
    const number = unread || (rows && rows.dataset.queue ? mine : 0);
    document.title = number ? `(${number}) ${plainTitle}` : plainTitle;
  }
  let offersShown; // what is offered, as the server last told
  setInterval(() => { // seconds count here
    for (const element of $$("[data-ends]")) {
      const left = Math.floor((Number(element.dataset.ends) - Date.now() - skew) / 1000);
      if (left < 0) element.closest(".offer").remove();
      else write(element, `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`);
    }
  }, 1000);
  body.addEventListener("counts", (event) => {
    const { offers: offered, ...counts } = JSON.parse(event.detail.data);
    if (offered !== undefined && offered !== offersShown) { offersShown = offered; htmx.trigger(body, "offers"); }
    for (const [queue, count] of Object.entries(counts)) {
      const element = $(`[data-count="${queue}"]`);
      if (!element) continue;
      if (element.textContent !== count) stale = [...stale, ...$$(`[data-fresh="${queue}"]`)];
      write(element, count);
      element.classList.toggle("none", count === "0");
      if (rows?.dataset.queue === queue) mine = count === "0" ? 0 : count;
    }
    showTitle();
    freshen();
  });
  let stale = []; // lists that are no longer as they are shown
  function freshen() { // not under the hands of who is writing in them
    const busy = (list) => $("details[open]", list) || list.contains(document.activeElement);
    for (const list of stale.filter((one) => !busy(one))) htmx.trigger(list, "fresh");
    stale = stale.filter(busy);
  }
  body.addEventListener("toggle", freshen, true);
  body.addEventListener("reload", () => { // not again and again when very much happens
    const last = Number(sessionStorage.getItem("desk:reloaded"));
    if (Date.now() - last < 30000) return;
    sessionStorage.setItem("desk:reloaded", String(Date.now()));
    location.reload();
  });
  body.addEventListener("company", (event) => {
    const { viewing, typing } = JSON.parse(event.detail.data);
    const names = (list) => list.join(words.and);
    const text = typing.length ? fill(words.typing, { names: names(typing) }) : viewing.length ? fill(words.viewing, { names: names(viewing) }) : "";
    $("#company").textContent = text;
    $("#company").hidden = !text;
  });
  let offline = 0;
  const online = () => { clearTimeout(offline); $("#offline").hidden = true; };
  body.addEventListener("htmx:sse:after:connection", online);
  body.addEventListener("htmx:sse:error", (event) => {
    if (event.detail.status === 401) { location.href = `/desk/login?next=${encodeURIComponent(location.pathname)}`; return; }
    clearTimeout(offline);
    offline = setTimeout(() => { $("#offline").hidden = false; }, 1500);
  });
  body.addEventListener("htmx:error", (event) => {
    if (event.detail.ctx?.request?.action?.includes("/live/")) return;
    const line = document.createElement("p");
    line.className = "alert";
    line.textContent = words.failed;
    (event.target.closest("form")?.querySelector(".error") ?? $("#notice")).replaceChildren(line);
  });
  setInterval(async () => { // streams rest in tabs nobody looks at; the title does not
    if (!document.hidden) return;
    const answer = await fetch("/desk/badge").catch(() => null);
    if (!answer?.ok) return;
    unread = (await answer.json()).unread;
    showTitle();
  }, 45000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { unread = 0; showTitle(); noteSeen(); tick(); } });

  // Dialogs, menus
  body.addEventListener("click", (event) => { // what is missing is done on the page below
    const place = event.target.closest(".missing a");
    place?.closest("dialog")?.close();
    if (place?.hash === "#composer") text.focus();
  });
  body.addEventListener("click", (event) => {
    const button = event.target.closest("[data-open],[data-close],[data-toggle],[data-split],[data-split-end],[data-back]");
    if (!button) return;
    if (button.dataset.open) open(button.dataset.open);
    if ("close" in button.dataset) button.closest("dialog").close();
    if (button.dataset.toggle) {
      const isShown = document.getElementById(button.dataset.toggle).classList.toggle("shown");
      button.setAttribute("aria-expanded", String(isShown));
    }
    if ("split" in button.dataset) choose(true);
    if ("splitEnd" in button.dataset) choose(false);
    if ("back" in button.dataset) { event.preventDefault(); back(); }
  });
  function open(name) {
    const dialog = document.getElementById(name);
    if (!dialog) return;
    $$(".error", dialog).forEach((element) => element.replaceChildren());
    if (name === "split") $("#split-messages").value = $$(".pick:checked").map((box) => box.value).join(",");
    if (name === "edit" && $("#version")) $("#version").value = $("#head").dataset.version;
    $$("[popover]").forEach((menu) => { if (menu.matches(":popover-open")) menu.hidePopover(); });
    dialog.showModal();
  }
  function choose(on) {
    $("#splitting").hidden = !on;
    talk.classList.toggle("choosing", on);
    $$("[popover]:popover-open").forEach((menu) => menu.hidePopover());
  }
  body.addEventListener("toggle", (event) => { // where popovers open: beside their buttons
    const menu = event.target;
    if (!menu.matches?.("[popover]") || event.newState !== "open") return;
    const button = $(`[popovertarget="${menu.id}"]`).getBoundingClientRect(), size = menu.getBoundingClientRect();
    const isBelow = button.bottom + size.height + 8 < innerHeight;
    menu.style.left = `${Math.max(8, button.right - size.width) + scrollX}px`;
    menu.style.top = `${(isBelow ? button.bottom + 4 : button.top - size.height - 4) + scrollY}px`;
  }, true);
  body.addEventListener("htmx:after:request", (event) => {
    const { ctx } = event.detail, source = ctx.sourceElement;
    if (!ctx.response || ctx.response.status >= 400 || ctx.request.method === "GET") return;
    $("#notice")?.replaceChildren();
    if (ctx.text?.includes("class=\"secret\"")) return; // it must be read before it is closed
    if (!source.matches(".kept-message form")) source.closest("dialog")?.close();
    if (source.id === "composer") sent();
    if (source.matches(".presence")) source.className = `presence ${$("select", source).value}`;
  });

  // Writing: drafts, canned replies, files
  const composer = $("#composer"), text = $("#text");
  const draftKey = ticket && `desk:draft:${ticket.dataset.me}:${ticket.dataset.id}`;
  const mode = () => $("[name=mode]:checked", composer).value;
  let told = 0;
  function keep() {
    const value = text.value.trim() ? JSON.stringify({ text: text.value, mode: mode() }) : null;
    if (value) localStorage.setItem(draftKey, value);
    else localStorage.removeItem(draftKey);
    write($("#draft-state"), value ? words.draft : "");
  }
  function show(kind) {
    $(`[name=mode][value=${kind}]`, composer).checked = true;
    composer.classList.toggle("is-note", kind === "note");
    text.placeholder = kind === "note" ? text.dataset.note : replyHint;
  }
  const replyHint = text?.placeholder;
  function sent() {
    text.value = "";
    $("#then").value = "";
    $("[name=files]", composer).value = "";
    $("#picked").replaceChildren();
    $("#promise-until").value = "";
    $("#offer").hidden = true;
    $(".error", composer).replaceChildren();
    keep();
    toEnd();
  }
  if (composer) {
    const draft = JSON.parse(localStorage.getItem(draftKey) ?? "null");
    if (draft) { text.value = draft.text; show(draft.mode); write($("#draft-state"), words.draft); }
    composer.addEventListener("change", (event) => {
      if (event.target.name === "mode") { show(mode()); keep(); text.focus(); }
      if (event.target.name === "files") $("#picked").replaceChildren(...[...event.target.files].map((file) => {
        const line = document.createElement("li");
        line.textContent = `${file.name} · ${Math.ceil(file.size / 1024)} kB`;
        return line;
      }));
    });
    text.addEventListener("input", () => {
      keep();
      const note = mode() === "note";
      if (text.value.trim() && Date.now() - told > 3000) { told = Date.now(); send(`${composer.dataset.typing}?note=${note}`); }
      suggest();
      offerLater();
    });
    composer.addEventListener("click", (event) => {
      const button = event.target.closest("[data-then]");
      if (button) $("#then").value = button.dataset.then;
      if (event.target.closest("button[data-canned]")) { text.focus(); if (!text.value.endsWith("/")) text.value += "/"; suggest(); }
    });
    text.addEventListener("keydown", (event) => {
      if (!list.hidden && pick(event)) return;
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        $("#then").value = "";
        composer.requestSubmit();
      }
    });
  }
  // What looks like a promise with a time is offered as one
  let offering = 0, offered = null;
  function offerLater() {
    clearTimeout(offering);
    if (mode() === "note" || $("#promise-until")?.value) { $("#offer").hidden = true; return; }
    offering = setTimeout(async () => {
      const headers = { ...JSON.parse(body.getAttribute("hx-headers:inherited")), "Content-Type": "application/x-www-form-urlencoded" };
      const answer = await fetch(composer.dataset.offers, { method: "POST", headers, body: new URLSearchParams({ text: text.value.slice(0, 5000) }) }).catch(() => null);
      offered = answer?.ok ? await answer.json() : null;
      $("#offer").hidden = !offered?.until;
      if (offered?.until) write($("#offer b"), offered.said);
    }, 600);
  }
  $("#offer")?.addEventListener("click", (event) => {
    if (!event.target.closest("[data-promise]") || !offered) return;
    $("#promise-until").value = offered.until;
    $("#offer").hidden = true;
  });
  const list = $("#canned");
  let loading = null;
  async function suggest() {
    const word = text.value.slice(0, text.selectionStart).match(/(?:^|\s)\/([\p{L}\p{N}_-]*)$/u);
    if (!word || mode() === "note" && !word) { list.hidden = true; return; }
    loading ??= htmx.ajax("GET", composer.dataset.canned, { source: list, target: list, swap: "innerHTML" });
    await loading;
    const wanted = word[1].toLowerCase();
    const options = $$("[data-shortcut]", list);
    options.forEach((option) => { option.hidden = !finds(option, wanted); });
    select(options.find((option) => !option.hidden));
    list.hidden = options.length > 0 && !options.some((option) => !option.hidden);
  }
  function finds(option, wanted) { // Chinese has no spaces between its words
    const { find } = option.dataset;
    return find.split(/[\s-]+/).some((word) => word.startsWith(wanted)) || (/[^\x00-\x7f]/.test(wanted) && find.includes(wanted));
  }
  function select(option) {
    $$("[aria-selected=true]", list).forEach((other) => other.setAttribute("aria-selected", "false"));
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    text.setAttribute("aria-activedescendant", option?.id ?? "");
  }
  function insert(option) {
    const start = text.value.slice(0, text.selectionStart).replace(/\/[\p{L}\p{N}_-]*$/u, "");
    text.setRangeText(option.dataset.text, start.length, text.selectionStart, "end");
    list.hidden = true;
    keep();
    text.focus();
  }
  function pick(event) {
    const options = $$("[data-shortcut]:not([hidden])", list), now = options.findIndex((option) => option.ariaSelected === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      select(options[(now + (event.key === "ArrowDown" ? 1 : -1) + options.length) % options.length]);
    } else if ((event.key === "Enter" || event.key === "Tab") && options[now] && !event.ctrlKey) insert(options[now]);
    else if (event.key === "Escape") list.hidden = true;
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }
  list?.addEventListener("mousedown", (event) => {
    const option = event.target.closest("[data-shortcut]");
    if (option) { event.preventDefault(); insert(option); }
  });

  // Keys
  const chosen = () => $(".row.chosen", rows ?? document);
  function move(by) {
    if (!rows) { neighbour(by); return; }
    const all = $$(".row", rows), at = all.indexOf(chosen());
    const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)];
    if (!next) return;
    chosen()?.classList.remove("chosen");
    next.classList.add("chosen");
    $(".open", next).focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }
  function shelf() { return JSON.parse(sessionStorage.getItem("desk:list") ?? "null"); }
  function neighbour(by) {
    const { ids = [] } = shelf() ?? {}, next = ids[ids.indexOf(ticket?.dataset.id) + by];
    if (ticket && ids.includes(ticket.dataset.id) && next) location.href = `/desk/tickets/${next}`;
  }
  function back() { location.href = shelf()?.back ?? "/desk"; }
  function write_(kind) { if (composer) { show(kind); text.focus(); } }
  const KEYS = {
    j: () => move(1), k: () => move(-1), ArrowDown: () => rows && move(1), ArrowUp: () => rows && move(-1),
    c: () => (rows ? $(".claim", chosen() ?? document.createElement("i")) : $("#claim"))?.click(),
    r: () => write_("reply"), n: () => write_("note"),
    t: () => $(".steps [data-open=transfer]")?.click(), e: () => $(".steps [data-open=resolve]")?.click(), w: () => $(".steps [data-open=wait]")?.click(),
    "/": () => { if (getComputedStyle($("#side")).display === "none") location.href = "/desk/search"; else { $("#find").focus(); $("#find").select(); } },
    "?": () => open("help"),
  };
  const GO = { u: "unclaimed", m: "mine", t: "team", w: "waiting", b: "breached", a: "all" };
  let wentAt = 0;
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const isTyping = event.target.matches("input:not([type=checkbox],[type=radio]), textarea, select");
    if (event.key === "Escape") {
      if (isTyping) event.target.blur();
      else if (ticket && !$("dialog[open]") && !$("[popover]:popover-open")) back();
      return;
    }
    if (isTyping || $("dialog[open]")) return;
    if (event.key === "g") { wentAt = Date.now(); return; }
    if (Date.now() - wentAt < 1200 && GO[event.key]) { event.preventDefault(); location.href = `/desk/queues/${GO[event.key]}`; return; }
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !rows) return;
    const act = KEYS[event.key];
    if (act) { event.preventDefault(); act(); }
  });
  rows?.addEventListener("focusin", (event) => {
    const row = event.target.closest(".row");
    if (row && row !== chosen()) { chosen()?.classList.remove("chosen"); row.classList.add("chosen"); }
  });

  if (talk) { toEnd(); noteSeen(); }
  tick();
})();
