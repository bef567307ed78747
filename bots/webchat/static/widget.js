/* The chat window of a contact centre, for any web page:
 *
 *   <script src="https://support.example.com/chat/widget.js" data-title="Example Ltd" async></script>
 *
 * One file, no dependencies, no cookies. Everything lives in a shadow root; texts only ever become
 * text nodes. The server deduplicates messages by the id given to them here, so anything may be
 * sent again. docs/webchat.md describes the attributes, the page's CSP and the JavaScript calls.
 */
(() => {
  "use strict";
  if (window.ContactCenterChat) return;

  const script = document.currentScript || document.querySelector('script[src*="/chat/widget.js"]');
  const settings = { ...script.dataset };
  const base = new URL(".", settings.server ? settings.server + "/chat/" : script.src).href;
  const STORE = "contact-center:" + base + ":";
  const SILENCE = 45000; // the server says something every 15 seconds; longer means it is gone
  const TYPING_EVERY = 3000;

  const STRINGS = {
    en: {
      title: "Chat with us", open: "Open chat", close: "Close chat", unread: "{n} unread messages",
      write: "Write a message…", send: "Send", attach: "Attach a file", remove: "Remove {name}",
      offline: "You are offline. What you write is sent as soon as you are back.",
      reconnecting: "Connecting…", loading: "Loading…", you: "You", bot: "Assistant",
      agent: "Customer service", sending: "Sending…", waiting: "Waiting for the network",
      sent: "Sent", failed: "Not sent.", retry: "Try again", discard: "Delete", typing: "{name} is typing…",
      charge: "{name} takes care of you", acting: "{acting} stands in for {name}", page: "Where your request stands", promised: "Answer by {time}", uploading: "Uploading…",
      tooLarge: "{name} is too large (at most {size}).", tooMany: "At most {n} files in one message.",
      notUploaded: "{name} could not be uploaded.", drop: "Drop files here", today: "Today",
      yesterday: "Yesterday", tooLong: "This is too long: at most {n} characters.",
      newMessages: "New messages", expired: "Please load this page again to go on.", hint: "We usually answer right here in the chat.",
    },
    zh: {
      title: "在线客服", open: "打开对话", close: "关闭对话", unread: "{n} 条未读消息",
      write: "请输入消息…", send: "发送", attach: "添加附件", remove: "移除 {name}",
      offline: "网络已断开，恢复后会自动发送您的消息。",
      reconnecting: "正在连接…", loading: "加载中…", you: "您", bot: "智能助手",
      agent: "客服", sending: "发送中…", waiting: "等待网络恢复",
      sent: "已发送", failed: "发送失败。", retry: "重试", discard: "删除", typing: "{name} 正在输入…",
      charge: "{name} 为您服务", acting: "{acting} 代 {name} 为您服务", page: "查看处理进度", promised: "{time} 前答复", uploading: "上传中…",
      tooLarge: "{name} 过大（最大 {size}）。", tooMany: "每条消息最多 {n} 个文件。",
      notUploaded: "{name} 上传失败。", drop: "将文件拖放到此处", today: "今天",
      yesterday: "昨天", tooLong: "内容过长：最多 {n} 个字符。",
      newMessages: "新消息", expired: "请刷新页面后继续。", hint: "我们会在此对话中答复您。",
    },
  };

  const CSS = `
:host{all:initial;--brand:#1f5eff;--on-brand:#fff;--page:#fff;--text:#1b1f27;--quiet:#5b6472;--line:#e3e6eb;
--them:#f1f3f6;--field:#fff;--bad:#b42318;--warn-page:#fff4d6;--warn:#6b4a00;--shade:0 12px 40px rgba(16,24,40,.22);
color-scheme:light}
:host([data-theme=dark]){--page:#171a21;--text:#eceef2;--quiet:#a3abb8;--line:#2c313c;--them:#262b35;--field:#1e222b;
--bad:#ff8a7e;--warn-page:#3a2f10;--warn:#ffdf95;--shade:0 12px 40px rgba(0,0,0,.6);color-scheme:dark}
*{box-sizing:border-box;font:inherit;margin:0}
.root{font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC","Noto Sans SC",sans-serif;
color:var(--text);-webkit-text-size-adjust:100%}
[hidden]{display:none!important}
button{border:0;background:none;color:inherit;cursor:pointer;padding:0}
button:disabled{cursor:default}
:focus-visible{outline:3px solid var(--focus,var(--brand));outline-offset:2px}
.hide{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
svg{display:block;width:24px;height:24px;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
.launcher{position:fixed;z-index:2147483000;right:20px;bottom:calc(20px + env(safe-area-inset-bottom));width:60px;height:60px;
border-radius:50%;background:var(--brand);color:var(--on-brand);box-shadow:0 6px 20px rgba(16,24,40,.28);display:grid;place-items:center;
transition:transform .15s}
.launcher:hover{transform:scale(1.05)}
.launcher svg{width:28px;height:28px}
.badge{position:absolute;top:-3px;right:-3px;min-width:22px;height:22px;border-radius:11px;padding:0 6px;background:#d92d20;color:#fff;
font-size:13px;font-weight:600;line-height:22px;text-align:center}
.panel{position:fixed;z-index:2147483001;right:20px;bottom:calc(92px + env(safe-area-inset-bottom));width:384px;height:min(640px,calc(100vh - 116px));
display:flex;flex-direction:column;background:var(--page);border-radius:18px;box-shadow:var(--shade);overflow:hidden;
animation:rise .18s ease-out}
@keyframes rise{from{opacity:0;transform:translateY(12px)}}
header{display:flex;align-items:center;gap:12px;padding:16px 12px 16px 18px;background:var(--brand);color:var(--on-brand)}
header>div{flex:1;min-width:0}
h2{font-size:17px;font-weight:650;line-height:1.3;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.sub{font-size:13px;opacity:.92;overflow-wrap:anywhere}.sub a{color:inherit;white-space:nowrap}
header button{--focus:var(--on-brand);width:40px;height:40px;border-radius:10px;display:grid;place-items:center;flex:none}
header button:hover{background:color-mix(in srgb,currentColor 16%,transparent)}
.banner{padding:9px 16px;font-size:13px;background:var(--warn-page);color:var(--warn)}
.log{flex:1;min-height:0;overflow-y:auto;overscroll-behavior:contain;padding:16px 16px 8px;display:flex;flex-direction:column}
.log:focus-visible{outline-offset:-3px}
.log>:first-child{margin-top:auto}
.note{align-self:center;color:var(--quiet);font-size:12.5px;padding:6px 0 12px;text-align:center}
.row{max-width:86%;align-self:flex-start;margin-bottom:10px;min-width:0}
.row.me{align-self:flex-end}
.row.next{margin-top:-5px}
.row.next .who{display:none}
.who{font-size:12.5px;color:var(--quiet);margin:0 4px 3px}
.me .who{display:none}
.bubble{padding:9px 13px;border-radius:16px;border-start-start-radius:5px;background:var(--them);white-space:pre-wrap;overflow-wrap:anywhere;
unicode-bidi:plaintext;text-align:start;width:fit-content;max-width:100%}
.me .bubble{background:var(--brand);color:var(--on-brand);border-start-start-radius:16px;border-end-end-radius:5px;margin-inline-start:auto}
.system .bubble{background:none;border:1px solid var(--line)}
.bubble a{color:inherit;text-decoration:underline}
.meta{font-size:11.5px;color:var(--quiet);margin:3px 4px 0}
.me .meta{text-align:end}
.meta button{color:inherit;text-decoration:underline;margin-inline-start:6px;padding:2px}
.waiting .bubble{opacity:.72}
.failed .meta{color:var(--bad)}
.files{display:flex;flex-direction:column;gap:6px;margin-top:6px;align-items:flex-start}
.me .files{align-items:flex-end}
.files img{display:block;max-width:220px;max-height:200px;border-radius:12px;border:1px solid var(--line);background:var(--them)}
.file{display:flex;gap:8px;align-items:center;max-width:100%;padding:8px 12px;border:1px solid var(--line);border-radius:12px;color:var(--text);
text-decoration:none;overflow-wrap:anywhere;font-size:14px}
.file:hover{background:var(--them)}
.file svg,.chip svg{width:18px;height:18px;flex:none}
.quick{display:flex;flex-wrap:wrap;gap:8px;margin-top:9px}
.quick button{border:1.5px solid var(--brand-text,var(--brand));color:var(--brand-text,var(--brand));border-radius:18px;padding:6px 14px;font-size:14px;font-weight:550;
background:var(--page);text-align:start}
.quick button:hover:enabled{background:var(--brand);color:var(--on-brand)}
.quick button:disabled{opacity:.5}
.typing{padding:0 20px 6px;font-size:13px;color:var(--quiet)}
.typing:empty{padding:0}
form{border-top:1px solid var(--line);padding:10px 10px calc(10px + env(safe-area-inset-bottom))}
.chips{display:flex;flex-wrap:wrap;gap:6px;padding:0 2px 8px}
.chip{display:flex;align-items:center;gap:6px;max-width:100%;background:var(--them);border-radius:10px;padding:4px 4px 4px 10px;font-size:13px}
.chip span{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;max-width:180px}
.chip.busy{opacity:.65}
.chip.bad{color:var(--bad)}
.chip button{padding:4px;border-radius:6px}
.alert{color:var(--bad);font-size:13px;padding:0 4px 8px}
.line{display:flex;align-items:flex-end;gap:4px}
textarea{flex:1;min-width:0;resize:none;border:1px solid var(--line);border-radius:14px;background:var(--field);color:var(--text);padding:9px 12px;max-height:132px;
height:42px;font-size:16px;line-height:1.4;overflow-y:hidden}
textarea::placeholder{color:var(--quiet);opacity:1}
textarea:focus{outline:2px solid var(--brand-text,var(--brand));outline-offset:-1px}
.icon{width:42px;height:42px;border-radius:12px;display:grid;place-items:center;color:var(--quiet);flex:none}
.icon:hover:enabled{background:var(--them)}
.icon.send{color:var(--brand-text,var(--brand))}
.icon:disabled{opacity:.4}
.drop{position:absolute;inset:0;display:grid;place-items:center;background:color-mix(in srgb,var(--page) 88%,transparent);border:3px dashed var(--brand);
border-radius:18px;font-weight:600;pointer-events:none}
.more{position:absolute;left:50%;transform:translateX(-50%);bottom:84px;background:var(--text);color:var(--page);border-radius:16px;padding:6px 14px;font-size:13px;
box-shadow:0 4px 14px rgba(16,24,40,.25)}
@media (max-width:520px){.panel{inset:0;width:auto;height:auto;border-radius:0;animation:none}header{padding-top:calc(14px + env(safe-area-inset-top))}
.panel.tall{bottom:auto;height:var(--visible)}.open .launcher{display:none}}
@media (prefers-reduced-motion:reduce){*{animation:none!important;transition:none!important}}
@media print{.root{display:none}}
@media (forced-colors:active){.bubble,.launcher,.panel{border:1px solid}}`;

  const ICONS = {
    chat: "M21 11.5a8.4 8.4 0 0 1-12.2 7.5L3 21l2-5.6A8.4 8.4 0 1 1 21 11.5z",
    close: "M6 6l12 12M18 6L6 18",
    down: "M6 9l6 6 6-6",
    clip: "M21 11l-9 9a6 6 0 0 1-8.5-8.5l9-9a4 4 0 0 1 5.7 5.7l-9 9a2 2 0 0 1-2.9-2.9l8.3-8.2",
    send: "M4 12l16-8-6 16-3-7z",
    file: "M14 3H6v18h12V7zM14 3v4h4",
  };

  // ---- Small tools -------------------------------------------------------------------------------

  const el = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value === true) node.setAttribute(name, "");
      else if (value !== false && value != null) node.setAttribute(name, value);
    }
    node.append(...children.filter((child) => child != null && child !== false));
    return node;
  };

  const icon = (name) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    path.setAttribute("d", ICONS[name]);
    svg.append(path);
    return svg;
  };

  // A page may forbid storage; then the conversation lasts as long as the page does.
  const memory = {};
  const store = {
    get(key) {
      try { return JSON.parse(localStorage.getItem(STORE + key)); } catch { return memory[key] ?? null; }
    },
    set(key, value) {
      memory[key] = value;
      try { localStorage.setItem(STORE + key, JSON.stringify(value)); } catch { /* kept in memory */ }
    },
    remove(key) {
      delete memory[key];
      try { localStorage.removeItem(STORE + key); } catch { /* there is none */ }
    },
    keys(prefix) {
      let all = [];
      try { all = Object.keys(localStorage); } catch { all = Object.keys(memory).map((key) => STORE + key); }
      return all.filter((key) => key.startsWith(STORE + prefix)).map((key) => key.slice(STORE.length));
    },
  };

  // Tabs take turns, but none waits long for one that its browser has put to sleep.
  async function exclusively(name, work) {
    if (!navigator.locks) return work();
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), 10000);
    let mine = false;
    try {
      return await navigator.locks.request(STORE + name, { signal: patience.signal }, () => {
        mine = true;
        clearTimeout(timer);
        return work();
      });
    } catch (error) {
      if (mine || error.name !== "AbortError") throw error;
      return work();
    }
  }

  const newId = () => {
    if (crypto.randomUUID) return crypto.randomUUID(); // only where the page came over HTTPS
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    return [...bytes].map((byte, i) => ([4, 6, 8, 10].includes(i) ? "-" : "") + byte.toString(16).padStart(2, "0")).join("");
  };

  // A pause ends early when the network returns.
  const pauses = new Set();
  const pause = (ms) => new Promise((done) => {
    const end = () => { clearTimeout(timer); pauses.delete(end); done(); };
    const timer = setTimeout(end, ms);
    pauses.add(end);
  });
  const hurry = () => [...pauses].forEach((end) => end());
  const backOff = (attempt) => Math.min(30000, 1000 * 2 ** Math.min(attempt, 5)) * (0.5 + Math.random() / 2);

  const size = (bytes) => (bytes >= 1048576 ? Math.round(bytes / 1048576) + " MB" : Math.max(1, Math.round(bytes / 1024)) + " kB");

  // ---- Language ----------------------------------------------------------------------------------

  const supported = (language) => (/^zh\b/i.test(language || "") ? "zh" : language ? "en" : null);
  let language = supported(settings.language) || supported(document.documentElement.lang) || supported(navigator.language) || "en";
  const say = (key, values = {}) =>
    (STRINGS[language][key] || "").replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
  // "en" alone means American habits; the browser knows which English it is.
  const locale = () => (navigator.languages || []).find((one) => supported(one) === language && one.slice(0, 2) === language) || language;
  const clockTime = (at) => at.toLocaleTimeString(locale(), { hour: "numeric", minute: "2-digit" });
  const dayOf = (at) => {
    const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / 86400000);
    if (days === 0) return say("today");
    if (days === 1) return say("yesterday");
    return at.toLocaleDateString(locale(), { weekday: "long", day: "numeric", month: "long", year: days > 300 ? "numeric" : undefined });
  };
  const moment = (at) => {
    const today = new Date().toDateString() === at.toDateString();
    return today ? clockTime(at) : at.toLocaleString(locale(), { weekday: "short", day: "numeric", month: "short", hour: "numeric", minute: "2-digit" });
  };

  // ---- Talking to the server -----------------------------------------------------------------------

  class Refused extends Error {
    constructor(status, problem, retryAfter) {
      super(problem.detail || problem.title || "HTTP " + status);
      this.status = status;
      this.retryAfter = retryAfter;
    }
  }

  let session = store.get("session");
  let identity = settings.identity || null;
  // Nobody inherits the conversation of the customer who has logged out of this browser.
  if (session?.verified && !identity) session = null;

  async function call(path, { body, form, signal, headers = {} } = {}) {
    const response = await fetch(base + path, {
      method: body || form ? "POST" : "GET",
      headers: { ...(body && { "Content-Type": "application/json" }), ...(session && { Authorization: "Bearer " + session.token }), ...headers },
      body: form || (body && JSON.stringify(body)),
      credentials: "omit",
      cache: "no-store",
      signal,
    });
    if (!response.ok) {
      const problem = await response.json().catch(() => ({}));
      throw new Refused(response.status, problem, Number(response.headers.get("Retry-After")) || 0);
    }
    return response;
  }

  // One visitor for all tabs: the first one asks, the others find the answer.
  let opening = null, expired = false, era = 0; // a new one begins when he logs in or out
  const openSession = (again) =>
    (opening ||= exclusively("session", async () => {
      let asked;
      do await askForSession(again, (asked = era)); while (asked !== era);
    }).finally(() => (opening = null)));

  async function askForSession(again, asked) {
    const stored = store.get("session");
    if (stored && !(stored.verified && !identity)) {
      if (again && stored.token !== session?.token) return use(stored);
      session = stored;
    }
    const body = { language, page: location.href.slice(0, 500) };
    if (session && !again) body.token = session.token;
    if (identity) body.identity = identity;
    let answer;
    try {
      answer = await call("session", { body });
    } catch (error) {
      if (asked !== era) return;
      if (error.status !== 401 || !identity) throw error;
      if (session?.verified) { // the page is older than the customer's login
        expired = true;
        connected(false);
      }
      if (expired) throw error;
      console.warn("Contact centre chat: data-identity was refused:", error.message);
      identity = null; // better an unknown customer than none
      delete body.token;
      answer = await call("session", { body });
    }
    const opened = await answer.json();
    if (asked !== era) return; // it is of whom he was when we asked
    store.set("session", opened);
    use(opened);
  }

  function use(opened) {
    // What an unknown visitor has not sent yet is sent when he is known; never the other way round.
    if (session && session.visitor !== opened.visitor) forget(!session.verified);
    session = opened;
    drawGreeting();
  }

  // A refusal may come late: whoever opened a session meanwhile stays who he is.
  const renew = async (refused) => { if (session?.token === refused) await openSession(true); };

  async function asVisitor(path, options) {
    await start();
    const used = session.token;
    try {
      return await call(path, options);
    } catch (error) {
      if (error.status !== 401) throw error;
      await renew(used);
      return call(path, options);
    }
  }

  // ---- What has been said ---------------------------------------------------------------------------

  const messages = new Map(); // by the server's id
  const outgoing = new Map(); // by our id, until the server shows it to us
  let lastId = 0;
  let caughtUp = false;

  function forget(keepUnsent) {
    messages.clear();
    lastId = 0;
    caughtUp = false;
    for (const key of store.keys("out:"))
      if (!keepUnsent || store.get(key)?.done) {
        store.remove(key);
        outgoing.delete(key.slice(4));
      }
    store.remove("read");
    store.remove("known");
    if (!keepUnsent) {
      store.remove("draft");
      ui.text.value = "";
    }
    showTicket(null);
    drawMessages();
  }

  function arrived(message) {
    if (messages.has(message.id)) return;
    if (message.client_id) {
      outgoing.delete(message.client_id);
      store.remove("out:" + message.client_id);
    }
    messages.set(message.id, message);
    lastId = Math.max(lastId, message.id);
    if (message.from !== "customer") showTyping(null);
    store.set("known", true);
    drawMessages();
    countUnread();
  }

  // ---- The stream -------------------------------------------------------------------------------------

  let streaming = null; // an AbortController while a loop runs

  async function listen() {
    if (streaming) return;
    const control = (streaming = new AbortController());
    for (let attempt = 0; !control.signal.aborted; attempt++) {
      let used;
      try {
        await start();
        if (control.signal.aborted) break;
        used = session.token;
        await read(control, () => { attempt = 0; });
      } catch (error) {
        if (control.signal.aborted) break;
        if (error.status === 401) await renew(used).catch(() => {});
        connected(false);
        await pause(navigator.onLine ? Math.max(backOff(attempt), (error.retryAfter || 0) * 1000) : 30000);
        continue;
      }
      connected(false);
      await pause(300);
    }
    if (streaming === control) streaming = null;
  }

  function hangUp() {
    streaming?.abort();
    streaming = null;
  }

  async function read(control, opened) {
    const connection = new AbortController();
    const stop = () => connection.abort();
    control.signal.addEventListener("abort", stop);
    let watch = setTimeout(stop, SILENCE);
    interrupt = stop;
    try {
      const response = await call("stream", { signal: connection.signal, headers: lastId ? { "Last-Event-ID": String(lastId) } : {} });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      opened();
      connected(true);
      for (let rest = ""; ; ) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(watch);
        watch = setTimeout(stop, SILENCE);
        const blocks = (rest + value).split("\n\n");
        rest = blocks.pop();
        blocks.forEach(handleBlock);
      }
    } finally {
      clearTimeout(watch);
      control.signal.removeEventListener("abort", stop);
    }
  }
  let interrupt = () => {};

  function handleBlock(block) {
    let kind = "message", data = "";
    for (const line of block.split("\n")) {
      if (line.startsWith("event:")) kind = line.slice(6).trim();
      else if (line.startsWith("data:")) data += line.slice(5);
    }
    if (!data) return;
    const value = JSON.parse(data);
    if (kind === "message") arrived(value);
    else if (kind === "status") showTicket(value.ticket);
    else if (kind === "typing") showTyping(value);
    else if (kind === "ready") readyToRead();
  }

  // Every visible tab listens; of the hidden ones only that which holds the lock, because browsers
  // allow a page few connections to one server.
  let release = null;
  function listenAsVisible() {
    if (!listening) return;
    if (document.visibilityState === "visible") {
      release?.();
      release = null;
      listen();
    } else if (navigator.locks) {
      hangUp();
      navigator.locks.request(STORE + "hidden", () => new Promise((done) => {
        if (document.visibilityState === "visible") return done();
        release = done;
        listen();
      })).catch(() => {});
    }
  }
  let listening = false;
  function beginListening() {
    listening = true;
    listenAsVisible();
  }

  // ---- Sending ------------------------------------------------------------------------------------------

  function enqueue({ id = newId(), text, button = null, files = [] }) {
    const item = { id, text, button, files, at: Date.now() };
    store.set("out:" + id, item);
    outgoing.set(id, { ...item, state: "sending" });
    drawMessages();
    scrollDown();
    flush();
    beginListening();
  }

  let flushing = false, flushAgain = false;
  async function flush() {
    if (flushing) { flushAgain = true; return; }
    flushing = true;
    try {
      // Tabs take turns; what another one has sent meanwhile is gone from the store.
      await exclusively("send", async () => {
        for (const item of queued()) if (!(await deliver(item))) break;
      });
    } finally {
      flushing = false;
    }
    if (flushAgain) { flushAgain = false; flush(); }
  }

  const queued = () =>
    store.keys("out:").map((key) => store.get(key)).filter((item) => item && !item.refused && !item.done).sort((a, b) => a.at - b.at);

  async function deliver(item, attempt = 0) {
    const { id, text, button, files } = item;
    mark(id, navigator.onLine ? "sending" : "waiting");
    try {
      await asVisitor("messages", { body: { id, text, ...(button && { button }), files: files.map((file) => file.reference) } });
    } catch (error) {
      return undelivered(item, error, attempt);
    }
    store.set("out:" + id, { ...item, done: true }); // goes when the stream shows it
    mark(id, "sent");
    return true;
  }

  async function undelivered(item, error, attempt) {
    const { status, retryAfter } = error;
    if (status && status < 500 && ![401, 408, 425, 429].includes(status)) {
      store.set("out:" + item.id, { ...item, refused: error.message });
      mark(item.id, "failed", error.message);
      return true; // this one waits for the customer, the next one need not
    }
    if (!navigator.onLine) { mark(item.id, "waiting"); return false; }
    if (attempt >= 3 && status !== 429) {
      mark(item.id, "failed");
      setTimeout(flush, 30000);
      return false;
    }
    mark(item.id, "waiting");
    await pause(Math.max(backOff(attempt), retryAfter * 1000));
    return navigator.onLine && store.get("out:" + item.id) ? deliver(item, attempt + 1) : false;
  }

  function mark(id, state, reason = "") {
    const item = outgoing.get(id);
    if (!item) return;
    Object.assign(item, { state, reason });
    drawMessages();
  }

  function tryAgain(id) {
    const item = store.get("out:" + id);
    if (!item) return;
    delete item.refused;
    store.set("out:" + id, item);
    flush();
  }

  function discard(id) {
    store.remove("out:" + id);
    outgoing.delete(id);
    drawMessages();
  }

  function restoreOutgoing() {
    for (const key of store.keys("out:")) {
      const item = store.get(key);
      if (item && !outgoing.has(item.id) && ![...messages.values()].some((message) => message.client_id === item.id))
        outgoing.set(item.id, { ...item, state: item.done ? "sent" : item.refused ? "failed" : "waiting", reason: item.refused });
    }
    drawMessages();
  }

  // ---- Files ----------------------------------------------------------------------------------------------

  let draft = { id: newId(), files: [] };

  function addFiles(list) {
    const limits = session?.limits || {};
    warn("");
    for (const file of list) {
      if (draft.files.length >= (limits.files || 10)) { warn(say("tooMany", { n: limits.files || 10 })); break; }
      if (limits.file_bytes && file.size > limits.file_bytes) { warn(say("tooLarge", { name: file.name, size: size(limits.file_bytes) })); continue; }
      const entry = { file, name: file.name, state: "busy" };
      draft.files.push(entry);
      upload(entry);
    }
    drawDraft();
  }

  async function upload(entry) {
    const owner = draft;
    entry.state = "busy";
    drawDraft();
    const form = new FormData();
    form.append("file", entry.file, entry.file.name || "image.png");
    try {
      const answer = await asVisitor("files?message=" + owner.id, { form });
      Object.assign(entry, await answer.json(), { state: "done" });
    } catch (error) {
      entry.state = "bad";
      warn(error.status ? error.message : say("notUploaded", { name: entry.name }));
    }
    drawDraft();
  }

  // ---- The window -------------------------------------------------------------------------------------------

  const host = el("div", { "data-contact-center-chat": true });
  const shadow = host.attachShadow({ mode: "open" });
  const ui = {};

  function build() {
    ui.badge = el("span", { class: "badge", hidden: true });
    ui.launcher = el("button", { type: "button", class: "launcher", "aria-haspopup": "dialog", "aria-expanded": "false", onclick: () => toggle() }, icon("chat"), ui.badge);
    ui.title = el("h2", { id: "title" });
    ui.sub = el("p", { class: "sub" });
    ui.close = el("button", { type: "button", onclick: () => hide() }, icon("close"));
    ui.banner = el("div", { class: "banner", role: "status", hidden: true });
    ui.log = el("div", { class: "log", role: "log", "aria-live": "off", tabindex: "0" });
    ui.more = el("button", { type: "button", class: "more", hidden: true, onclick: () => scrollDown(true) });
    ui.typing = el("div", { class: "typing", "aria-hidden": "true" });
    ui.picker = el("input", { type: "file", multiple: true, hidden: true, tabindex: "-1", onchange: () => { addFiles([...ui.picker.files]); ui.picker.value = ""; } });
    ui.chips = el("div", { class: "chips", hidden: true });
    ui.alert = el("div", { class: "alert", role: "alert", hidden: true });
    ui.attach = el("button", { type: "button", class: "icon", onclick: () => ui.picker.click() }, icon("clip"));
    ui.text = el("textarea", { rows: "1", dir: "auto", autocomplete: "off", enterkeyhint: "send", oninput: typed, onkeydown: keyInText, onpaste: pasted });
    ui.send = el("button", { type: "submit", class: "icon send", disabled: true }, icon("send"));
    ui.form = el("form", { novalidate: true, onsubmit: (event) => { event.preventDefault(); submit(); } },
      ui.chips, ui.alert, el("div", { class: "line" }, ui.attach, ui.text, ui.send, ui.picker));
    ui.drop = el("div", { class: "drop", hidden: true });
    ui.panel = el("section", { class: "panel", role: "dialog", id: "panel", "aria-labelledby": "title", hidden: true, onkeydown: keyInPanel },
      el("header", {}, el("div", {}, ui.title, ui.sub), ui.close), ui.banner, ui.log, ui.more, ui.typing, ui.form, ui.drop);
    ui.root = el("div", { class: "root" }, ui.panel, ui.launcher);
    ui.launcher.setAttribute("aria-controls", "panel");
    for (const [name, act] of [["dragenter", 1], ["dragover", 1], ["dragleave", 0], ["drop", 0]])
      ui.panel.addEventListener(name, (event) => {
        if (!event.dataTransfer?.types.includes("Files")) return;
        event.preventDefault();
        ui.drop.hidden = !act || name === "dragleave";
        if (name === "drop") addFiles([...event.dataTransfer.files]);
      });
    let stuck = true;
    ui.log.addEventListener("scroll", () => { if ((stuck = atBottom())) ui.more.hidden = true; });
    new ResizeObserver(() => stuck && scrollDown()).observe(ui.log);
    shadow.append(ui.root);
    dress();
    translate();
  }

  function dress() {
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(CSS);
      shadow.adoptedStyleSheets = [sheet];
    } catch {
      shadow.prepend(el("style", { nonce: script.nonce }, CSS)); // browsers before 2023
    }
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const theme = () => {
      const chosen = script.dataset.theme;
      const isDark = chosen === "dark" || (chosen !== "light" && dark.matches);
      host.setAttribute("data-theme", isDark ? "dark" : "light");
      paint(isDark);
    };
    dark.addEventListener?.("change", theme);
    new MutationObserver(theme).observe(script, { attributeFilter: ["data-theme"] });
    theme();
  }

  // The page's colour, with a text colour that can be read on it, and readable as a text colour.
  function paint(isDark) {
    if (!/^#[0-9a-f]{6}$/i.test(settings.color || "#1f5eff")) return;
    const colour = settings.color || "#1f5eff";
    const parts = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
    const light = ([r, g, b]) => {
      const [x, y, z] = [r, g, b].map((part) => ((part /= 255) <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
      return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const page = isDark ? light([23, 26, 33]) : 1;
    let ink = parts;
    for (let i = 0; i < 20 && contrast(light(ink), page) < 4.5; i++)
      ink = ink.map((part) => Math.round(isDark ? part + (255 - part) * 0.12 : part * 0.88));
    host.style.setProperty("--brand", colour);
    host.style.setProperty("--on-brand", contrast(light(parts), 1) >= 4.5 ? "#fff" : "#111");
    host.style.setProperty("--brand-text", `rgb(${ink.join(",")})`);
  }

  function translate() {
    ui.root.lang = language;
    ui.title.textContent = settings.title || say("title");
    ui.close.setAttribute("aria-label", say("close"));
    ui.text.placeholder = say("write");
    ui.text.setAttribute("aria-label", say("write").replace("…", ""));
    ui.send.setAttribute("aria-label", say("send"));
    ui.attach.setAttribute("aria-label", say("attach"));
    for (const button of [ui.close, ui.send, ui.attach]) button.title = button.getAttribute("aria-label");
    ui.log.setAttribute("aria-label", settings.title || say("title"));
    ui.drop.textContent = say("drop");
    ui.more.textContent = say("newMessages");
    showTicket(ticket);
    connected(isConnected);
    drawMessages();
    countUnread();
  }

  // ---- Drawing ------------------------------------------------------------------------------------------

  // Rows are kept by key and only changed where they differ: screen readers read what is new.
  const rows = new Map();

  function drawMessages() {
    if (!ui.log) return;
    const stick = atBottom();
    const list = [...[...messages.values()].sort((a, b) => a.id - b.id),
      ...[...outgoing.values()].sort((a, b) => a.at - b.at).map(echo)];
    const last = list[list.length - 1];
    const wanted = [];
    const sameBreath = (one, other) => one && other && one.from === other.from && one.name === other.name &&
      Math.abs(new Date(one.at) - new Date(other.at)) < 300000 && new Date(one.at).getDay() === new Date(other.at).getDay();
    let day = null, before = null;
    if (!list.length || messages.size < 200) wanted.push(...greetingRow(list.length === 0));
    for (const [index, message] of list.entries()) {
      const at = new Date(message.at);
      if (day !== at.toDateString()) {
        day = at.toDateString();
        wanted.push(["day:" + day, dayOf(at), () => el("div", { class: "note", role: "separator" }, dayOf(at))]);
        before = null;
      }
      const follows = before && before.from === message.from && before.name === message.name;
      const active = message === last && message.buttons?.length;
      const timed = Boolean(message.state) || !sameBreath(message, list[index + 1]);
      const shape = JSON.stringify([message, follows, active, timed, language]);
      wanted.push([message.key || message.client_id || "m" + message.id, shape, () => row(message, follows, active, timed)]);
      before = message;
    }
    place(wanted);
    if (stick) scrollDown();
    else if (last && last.from !== "customer" && !messages.get(last.id)?.seen) ui.more.hidden = false;
    if (last) last.seen = true;
  }

  function place(wanted) {
    const keys = new Set(wanted.map(([key]) => key));
    for (const [key, { node }] of rows) if (!keys.has(key)) { node.remove(); rows.delete(key); }
    let cursor = ui.log.firstChild;
    for (const [key, shape, make] of wanted) {
      let known = rows.get(key);
      if (!known || known.shape !== shape) {
        const node = make();
        if (known) known.node.replaceWith(node);
        if (cursor === known?.node) cursor = node;
        rows.set(key, (known = { shape, node }));
      }
      if (known.node === cursor) cursor = cursor.nextSibling;
      else ui.log.insertBefore(known.node, cursor);
    }
  }

  const echo = ({ id, text, files, at, state, reason }) => ({
    key: id, client_id: id, from: "customer", text, at, state, reason,
    files: files.map(({ name, type, size: bytes }) => ({ name, type, size: bytes })),
  });

  function greetingRow(alone) {
    if (!session?.greeting) return caughtUp || !ui.panel || ui.panel.hidden ? [] : [["loading", language, () => el("div", { class: "note" }, say("loading"))]];
    const greeting = { from: "bot", name: session.company, text: session.greeting.text, buttons: session.greeting.buttons };
    return [["greeting", JSON.stringify([greeting, alone, language]), () => row(greeting, false, alone)]];
  }

  function drawGreeting() {
    drawMessages();
  }

  function row(message, follows, active, timed) {
    const mine = message.from === "customer";
    const name = mine ? say("you") : (message.from !== "agent" && settings.title) || message.name || say(message.from === "agent" ? "agent" : "bot");
    const node = el("div", { class: ["row", mine ? "me" : message.from, follows && "next", ["waiting", "failed"].includes(message.state) && message.state].filter(Boolean).join(" ") });
    node.append(el("div", { class: "who", "aria-hidden": mine || follows ? "true" : null }, name));
    if (mine || follows) node.append(el("span", { class: "hide" }, name + ": "));
    if (message.text) node.append(el("div", { class: "bubble", dir: "auto" }, ...linked(message.text)));
    if (message.files?.length) node.append(el("div", { class: "files" }, ...message.files.map(attachment)));
    if (message.buttons?.length && active) node.append(quickReplies(message.buttons));
    if (timed) node.append(meta(message));
    return node;
  }

  function meta(message) {
    const at = new Date(message.at);
    const node = el("div", { class: "meta" }, el("time", { datetime: at.toISOString() }, clockTime(at)));
    if (message.state && message.state !== "failed") node.append(" · " + say(message.state));
    if (message.state === "failed")
      node.append(" · " + say("failed") + (message.reason ? " " + message.reason : ""),
        el("button", { type: "button", onclick: () => tryAgain(message.key) }, say("retry")),
        el("button", { type: "button", onclick: () => discard(message.key) }, say("discard")));
    return node;
  }

  // Addresses become links; every other character stays a text node.
  const linked = (text) =>
    text.split(/(https?:\/\/[^\s<>"'，。！？；、（）]+[^\s<>"'，。！？；、（）.,;:!?)\]])/g).map((part, i) =>
      i % 2 ? el("a", { href: part, target: "_blank", rel: "noopener noreferrer nofollow" }, part) : part);

  function attachment({ url: path, ...file }) {
    const url = path && new URL(path, base).href;
    const isImage = /^image\/(png|jpeg|gif|webp)$/.test(file.type) && url;
    if (isImage) {
      const picture = el("img", { src: url, alt: file.name, loading: "lazy", onload: () => stickDown() });
      return el("a", { href: url, target: "_blank", rel: "noopener" }, picture);
    }
    return el("a", { class: "file", href: url, target: "_blank", rel: "noopener" }, icon("file"), `${file.name} (${size(file.size || 0)})`);
  }

  function quickReplies(buttons) {
    const group = el("div", { class: "quick" });
    for (const { label, value } of buttons)
      group.append(el("button", { type: "button", onclick: () => {
        for (const other of group.children) other.disabled = true;
        enqueue({ text: label, button: value });
        ui.text.focus({ preventScroll: true });
      } }, label));
    return group;
  }

  let ticket = null;
  function showTicket(value) {
    ticket = value;
    if (!ui.sub) return;
    const parts = [];
    if (value?.owner) parts.push(say(value.acting ? "acting" : "charge", { name: value.owner, acting: value.acting }));
    if (value) parts.push(value.words);
    if (value?.reference)
      parts.push(el("a", { href: value.page, target: "_blank", rel: "noopener noreferrer", title: say("page") }, value.reference));
    const promised = value?.promised_at && new Date(value.promised_at);
    if (promised && promised > new Date()) parts.push(say("promised", { time: moment(promised) }));
    ui.sub.replaceChildren(...(parts.length ? parts.flatMap((part, n) => (n ? [" · ", part] : [part])) : [say("hint")]));
  }

  let typingEnds = 0;
  function showTyping(value) {
    clearTimeout(typingEnds);
    ui.typing.textContent = value ? say("typing", { name: value.name || say("agent") }) : "";
    if (value) typingEnds = setTimeout(() => showTyping(null), 6000);
  }

  let isConnected = null; // null: not asked for yet
  let lost = 0;
  function connected(now) {
    isConnected = now;
    clearTimeout(lost);
    if (!ui.banner) return;
    if (now === false || !navigator.onLine) showTyping(null);
    if (expired) banner(say("expired"));
    else if (!navigator.onLine) banner(say("offline"));
    else if (now === false) lost = setTimeout(() => banner(say("reconnecting")), 4000); // a blink is not worth a word
    else banner("");
  }
  function banner(text) {
    ui.banner.textContent = text;
    ui.banner.hidden = !text;
  }
  function warn(text) {
    ui.alert.textContent = text;
    ui.alert.hidden = !text;
  }

  function drawDraft() {
    ui.chips.replaceChildren(...draft.files.map((entry) =>
      el("div", { class: "chip " + entry.state }, icon("file"), el("span", {}, entry.name),
        entry.state === "bad" && el("button", { type: "button", onclick: () => upload(entry) }, say("retry")),
        entry.state === "busy" && el("span", { class: "hide" }, say("uploading")),
        el("button", { type: "button", "aria-label": say("remove", { name: entry.name }), onclick: () => { draft.files = draft.files.filter((other) => other !== entry); drawDraft(); ui.text.focus(); } }, icon("close")),
      )));
    ui.chips.hidden = !draft.files.length;
    const busy = draft.files.some((entry) => entry.state !== "done");
    ui.send.disabled = busy || (!ui.text.value.trim() && !draft.files.length);
  }

  const atBottom = () => ui.log.scrollHeight - ui.log.scrollTop - ui.log.clientHeight < 60;
  function scrollDown(smooth) {
    ui.log.scrollTo({ top: ui.log.scrollHeight, behavior: smooth ? "smooth" : "auto" });
    ui.more.hidden = true;
  }
  const stickDown = () => { if (ui.log.scrollHeight - ui.log.scrollTop - ui.log.clientHeight < 300) scrollDown(); };

  // ---- Reading ------------------------------------------------------------------------------------------

  const isRead = () => !ui.panel.hidden && document.visibilityState === "visible";

  function countUnread() {
    if (!ui.badge) return;
    if (isRead()) markRead();
    const read = store.get("read") || 0;
    const unread = [...messages.values()].filter((message) => message.from !== "customer" && message.id > read).length;
    ui.badge.textContent = unread > 9 ? "9+" : unread;
    ui.badge.hidden = !unread;
    ui.launcher.setAttribute("aria-label", (ui.panel.hidden ? say("open") : say("close")) + (unread ? ", " + say("unread", { n: unread }) : ""));
  }

  let reading = 0;
  function markRead() {
    if (!lastId || (store.get("read") || 0) >= lastId) return;
    store.set("read", lastId);
    clearTimeout(reading);
    reading = setTimeout(() => asVisitor("read", { body: { message_id: lastId } }).catch(() => {}), 500);
  }

  function readyToRead() {
    caughtUp = true;
    restoreOutgoing();
    countUnread();
    setTimeout(() => ui.log.setAttribute("aria-live", "polite"), 500); // the past is not news
  }

  // ---- Writing -----------------------------------------------------------------------------------------

  let lastTyping = 0;
  function typed() {
    grow();
    drawDraft();
    store.set("draft", ui.text.value);
    if (messages.size && ui.text.value && Date.now() - lastTyping > TYPING_EVERY && navigator.onLine) {
      lastTyping = Date.now();
      asVisitor("typing", { body: {} }).catch(() => {});
    }
  }

  function grow() {
    ui.text.style.height = "auto";
    const needed = ui.text.scrollHeight + 2;
    ui.text.style.height = Math.min(132, Math.max(42, needed)) + "px";
    ui.text.style.overflowY = needed > 132 ? "auto" : "hidden";
  }

  function keyInText(event) {
    // An input method uses Enter to choose characters.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    submit();
  }

  function submit() {
    const text = ui.text.value.trim();
    if (ui.send.disabled) return;
    const longest = session?.limits?.text || 10000;
    if (text.length > longest) return warn(say("tooLong", { n: longest }));
    const files = draft.files.map(({ file, reference, name, type, size: bytes }) => ({ reference, name, type, size: bytes }));
    enqueue({ id: draft.id, text, files });
    draft = { id: newId(), files: [] };
    ui.text.value = "";
    store.remove("draft");
    warn("");
    grow();
    drawDraft();
    ui.text.focus();
  }

  function pasted(event) {
    const files = [...(event.clipboardData?.files || [])];
    if (!files.length) return;
    event.preventDefault();
    addFiles(files);
  }

  function keyInPanel(event) {
    if (event.key === "Escape") { event.stopPropagation(); return hide(); }
    if (event.key !== "Tab" || !fillsScreen()) return;
    // Only where the window covers the page: elsewhere the page stays reachable.
    const stops = [...ui.panel.querySelectorAll("button:enabled,textarea,a[href],[tabindex='0']")].filter((node) => node.offsetParent !== null);
    const edge = event.shiftKey ? stops[0] : stops[stops.length - 1];
    if (shadow.activeElement !== edge) return;
    event.preventDefault();
    (event.shiftKey ? stops[stops.length - 1] : stops[0]).focus();
  }

  // ---- Opening and closing ---------------------------------------------------------------------------------

  const fillsScreen = () => matchMedia("(max-width: 520px)").matches;
  let ready = null;

  // Nothing is fetched before the customer opens the window, unless there is a conversation already.
  const start = () => (ready ||= openSession(false).then(restoreOutgoing, (error) => {
    ready = null;
    throw error;
  }));

  function show({ focus = true } = {}) {
    ui.panel.hidden = false;
    ui.root.classList.add("open");
    ui.panel.setAttribute("aria-modal", fillsScreen());
    ui.launcher.setAttribute("aria-expanded", "true");
    ui.launcher.firstChild.replaceWith(icon("down"));
    store.set("open", !fillsScreen());
    fit();
    drawMessages();
    scrollDown();
    countUnread();
    if (focus) ui.text.focus();
    beginListening();
  }

  function hide() {
    const inside = shadow.activeElement;
    ui.panel.hidden = true;
    ui.root.classList.remove("open");
    ui.launcher.setAttribute("aria-expanded", "false");
    ui.launcher.firstChild.replaceWith(icon("chat"));
    store.set("open", false);
    countUnread();
    if (inside) ui.launcher.focus();
  }

  const toggle = () => (ui.panel.hidden ? show() : hide());

  // The keyboard of a phone covers the page without telling the layout.
  function fit() {
    const view = window.visualViewport;
    if (!view) return;
    const covered = fillsScreen() && view.height < window.innerHeight - 80;
    ui.panel.classList.toggle("tall", covered);
    ui.panel.style.setProperty("--visible", view.height + "px");
    if (covered) scrollDown();
  }

  function begin() {
    document.body.append(host);
    build();
    ui.text.value = store.get("draft") || "";
    grow();
    drawDraft();
    restoreOutgoing();
    connected(null);
    addEventListener("online", () => { connected(isConnected); interrupt(); hurry(); flush(); });
    addEventListener("offline", () => { connected(isConnected); interrupt(); });
    addEventListener("storage", (event) => {
      if (event.key === STORE + "session" && event.newValue && session?.token !== JSON.parse(event.newValue).token) {
        const other = JSON.parse(event.newValue).visitor !== session?.visitor;
        use(JSON.parse(event.newValue));
        if (other) interrupt();
      }
      if (event.key === STORE + "read") countUnread();
    });
    document.addEventListener("visibilitychange", () => { listenAsVisible(); hurry(); countUnread(); });
    window.visualViewport?.addEventListener("resize", fit);
    if (store.get("open") && !fillsScreen()) show({ focus: false });
    else if (store.get("known") || queued().length) beginListening();
    if (queued().length) flush();
  }

  window.ContactCenterChat = {
    open: () => show(),
    close: () => hide(),
    setLanguage(wanted) {
      language = supported(wanted) || language;
      translate();
      if (ready) openSession(false).then(interrupt, () => {});
    },
    /** The customer has logged in (a signed token) or out (null) without loading the page anew. */
    setIdentity(token) {
      era++;
      identity = token;
      expired = false;
      store.remove("session");
      forget(Boolean(token) && !session?.verified);
      session = null;
      hangUp();
      ready = null;
      if (listening) listenAsVisible();
    },
  };

  if (document.body) begin();
  else document.addEventListener("DOMContentLoaded", begin);
})();
