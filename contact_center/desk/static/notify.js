// Notices on the desktop, for who has asked for them in this browser.
(() => {
  "use strict";
  const key = `desk:notify:${document.body.dataset.me}`, looking = `${key}:looking`, card = document.querySelector("#notify");
  const read = (name, other) => JSON.parse(localStorage.getItem(name) ?? "null") ?? other;
  const write = (name, value) => localStorage.setItem(name, JSON.stringify(value));
  const RECENT = 600000; // ms: older news are no news
  if (!document.body.dataset.me) return;

  function state() {
    if (!("Notification" in window) || !navigator.locks) return "missing";
    if (Notification.permission === "denied") return "denied";
    return Notification.permission === "granted" && read(key) ? "on" : "off";
  }
  function show() {
    card?.querySelectorAll("[data-when]").forEach((element) => { element.hidden = element.dataset.when !== state(); });
  }
  card?.addEventListener("click", async (event) => { // browsers ask people who have clicked
    const button = event.target.closest("button");
    if (!button) return;
    const wanted = button.dataset.when === "off" && await Notification.requestPermission() === "granted";
    write(key, wanted);
    update();
    card.querySelector("button:not([hidden])")?.focus();
  });

  // One page of the browser listens for all; when it is closed, another does
  let stop = null;
  function update() {
    show();
    if (state() !== "on") { stop?.abort(); stop = null; return; }
    if (stop) return;
    stop = new AbortController();
    const { signal } = stop;
    navigator.locks.request(`${key}:stream`, { signal }, () => new Promise((end) => listen(signal, end))).catch(() => {});
  }
  function listen(signal, end) {
    const { at, time } = read(`${key}:at`, { at: 0, time: 0 });
    const stream = new EventSource(`/desk/live/notices?after=${Date.now() - time < RECENT ? at : 0}`);
    signal.addEventListener("abort", () => { stream.close(); end(); });
    if (signal.aborted) { stream.close(); end(); }
    stream.addEventListener("notices", (event) => {
      const { at: last, notices } = JSON.parse(event.data);
      write(`${key}:at`, { at: last, time: Date.now() });
      notices.forEach(tell);
    });
    stream.addEventListener("error", () => { // refused, not cut: later it may be let in
      if (stream.readyState === EventSource.CLOSED && !signal.aborted) setTimeout(() => signal.aborted || listen(signal, end), 30000);
    });
  }
  function tell({ tag, kind, title, url }) {
    const told = read(`${key}:told`, []), place = read(looking, "");
    if (told.includes(tag)) return;
    write(`${key}:told`, [...told, tag].slice(-200));
    if (place === url || (place && kind === "offer")) return; // it is on the page in front
    const notice = new Notification(title, { tag, lang: document.documentElement.lang });
    notice.onclick = () => { notice.close(); window.focus(); location.href = url; };
  }

  const look = () => write(looking, document.hasFocus() ? location.pathname : "");
  addEventListener("focus", look);
  addEventListener("blur", () => write(looking, ""));
  addEventListener("pagehide", () => write(looking, ""));
  addEventListener("storage", (event) => { if (event.key === key) update(); });
  if (document.hasFocus()) look();
  update();
})();
