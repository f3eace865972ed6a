// What a page does by itself: live refreshes, promise clocks, the keyboard. It works without, only less comfortably.
"use strict";
(() => {
  const body = document.body;
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));

  // --- the clock: real, or the simulated one of a demo that the event stream tells --------------------------------
  const RATE_LIMIT = 10000;
  let anchor = { at: Date.parse(body.dataset.now), seen: performance.now(), rate: 1 };

  function now() {
    return anchor.at + (performance.now() - anchor.seen) * anchor.rate;
  }

  function setClock(text) {
    const at = Date.parse(text);
    const seen = performance.now();
    const passed = seen - anchor.seen;
    // a rate is told by two readings; too close together they tell nothing
    const rate = passed > 400 ? Math.min(Math.max((at - anchor.at) / passed, 0), RATE_LIMIT) : anchor.rate;
    anchor = { at, seen, rate: Math.abs(rate - 1) < 0.2 ? 1 : rate };
  }

  const [unitDay, unitHour, unitMinute] = (body.dataset.units || "{n} d|{n} h|{n} min").split("|");
  const HOUR = 3600e3;

  function span(ms) {
    const minutes = Math.floor(Math.abs(ms) / 60e3);
    const [days, hours, rest] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60), minutes % 60];
    const parts = days ? [[days, unitDay], [hours, unitHour]] : [[hours, unitHour], [rest, unitMinute]];
    const said = parts.filter(([count]) => count).map(([count, unit]) => unit.replace("{n}", count));
    return said.join(" ") || unitMinute.replace("{n}", "0");
  }

  function tier(left) {
    return left <= 0 ? "over" : left < 4 * HOUR ? "urgent" : left < 8 * HOUR ? "soon" : "ok";
  }

  function tick() {
    for (const clock of all("[data-until]")) {
      const left = Date.parse(clock.dataset.until) - now();
      const text = (left > 0 ? body.dataset.left : body.dataset.over).replace("{span}", span(left));
      const shown = clock.querySelector(".left");
      if (shown.textContent !== text) shown.textContent = text;
      clock.classList.remove("ok", "soon", "urgent", "over");
      clock.classList.add(tier(left));
    }
    const shown = document.querySelector("[data-clock]");
    if (shown && body.dataset.zone) {
      const parts = { timeZone: body.dataset.zone, dateStyle: "short", timeStyle: "short", hourCycle: "h23" };
      shown.textContent = new Intl.DateTimeFormat("sv-SE", parts).format(new Date(now()));
    }
  }
  setInterval(tick, 1000);

  // --- live: the stream says what changed, the fragments fetch themselves -----------------------------------------
  const PAUSE = 900; // ms between refreshes: a busy house mustn't make a page flicker
  const LONGEST_PAUSE = 20000;
  const SHARE = 15; // a refresh that took a second is followed by 15 of rest: open pages never weigh the house down
  let pause = PAUSE;
  document.addEventListener("htmx:beforeRequest", (event) => { event.detail.xhr.asked = performance.now(); });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.requestConfig?.verb !== "get") return;
    const took = performance.now() - event.detail.xhr.asked;
    pause = Math.min(Math.max(PAUSE, took * SHARE), LONGEST_PAUSE) * (0.8 + Math.random() * 0.4);
  });
  const waiting = new Set();
  let last = 0;
  let timer = 0;

  function busy() {
    const at = document.activeElement;
    const writing = at && at.closest("main") && at.matches("input:not([type=checkbox]), textarea, select");
    const written = all("main textarea, main input[name=words]").some((one) => one.value && one.checkVisibility());
    const picked = document.querySelector("main .pick:checked");
    return Boolean(writing || written || picked || document.querySelector("main details.more[open], dialog[open]"));
  }

  function flush() {
    timer = 0;
    if (!waiting.size) return;
    if (busy() || document.hidden) return later(PAUSE);
    last = Date.now();
    const topics = Array.from(waiting);
    waiting.clear();
    for (const topic of topics) window.htmx.trigger(body, `live:${topic}`);
  }

  function later(ms) {
    if (!timer) timer = setTimeout(flush, ms);
  }

  if (body.hasAttribute("data-live") && window.EventSource) {
    const stream = new EventSource("/events");
    stream.addEventListener("clock", (event) => { setClock(event.data); tick(); });
    stream.addEventListener("changed", (event) => {
      waiting.add(event.data);
      later(Math.max(0, pause - (Date.now() - last)));
    });
    stream.addEventListener("open", () => body.classList.remove("offline"));
    stream.addEventListener("error", () => body.classList.add("offline"));
    window.addEventListener("pagehide", () => stream.close());
  }

  // what was open and chosen stays so over a refresh
  let open = [];
  let chosen = "";
  document.addEventListener("htmx:beforeSwap", (event) => {
    const trigger = event.detail.requestConfig?.triggeringEvent?.type || "";
    if (trigger.startsWith("live:") && busy()) { // somebody began to pick or to write while it was on its way: theirs stays
      event.detail.shouldSwap = false;
      waiting.add(trigger.slice("live:".length));
      later(PAUSE);
      return;
    }
    open = all("main details[id][open]").map((one) => one.id);
    chosen = document.activeElement?.closest(".case-row")?.id || "";
  });
  document.addEventListener("htmx:afterSettle", () => {
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (chosen && !document.activeElement?.closest(".case-row")) document.getElementById(chosen)?.focus({ preventScroll: true });
    tick();
    say();
  });

  let quiet = 0;
  function say() {
    const toast = document.getElementById("toast");
    clearTimeout(quiet);
    if (toast?.textContent) quiet = setTimeout(() => { toast.textContent = ""; toast.className = ""; }, 6000);
  }

  function complain(words) {
    const toast = document.getElementById("toast");
    toast.textContent = words;
    toast.className = "bad";
    say();
  }
  document.addEventListener("htmx:sendError", () => complain(body.dataset.lost));
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status !== 401) complain(body.dataset.failed);
  });

  // --- small things that need no request ----------------------------------------------------------------------------
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.submit();
    if (event.target.matches("[data-all]")) {
      for (const one of all(event.target.dataset.all)) one.checked = event.target.checked;
    }
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-help]")) document.getElementById("help")?.showModal();
    for (const one of all("details.more[open], details.menu[open]")) {
      if (!one.contains(event.target)) one.open = false;
    }
  });

  // --- the keyboard ---------------------------------------------------------------------------------------------------
  function step(by) {
    const rows = all(".case-row");
    if (!rows.length) return;
    const at = rows.indexOf(document.activeElement?.closest(".case-row"));
    const next = rows[Math.min(Math.max(at + by, 0), rows.length - 1)];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  }

  const row = () => document.activeElement?.closest(".case-row");
  const focusIn = (more) => more.querySelector("select, textarea, input:not([type=hidden])")?.focus();
  // the forms of a row are fetched when it is opened; the keyboard goes on in them
  document.addEventListener("htmx:afterSettle", (event) => {
    const more = event.target.closest?.("details.more[open]");
    if (more) focusIn(more);
  });
  const KEYS = {
    j: () => step(1),
    k: () => step(-1),
    a: () => (row() || document).querySelector(".case-row [data-key=a], [data-key=a]")?.click(),
    m: () => {
      const more = row()?.querySelector("details.more");
      if (!more) return;
      more.open = true;
      focusIn(more);
    },
    Enter: () => { if (document.activeElement === row()) location.href = row().dataset.href; },
    x: () => row()?.querySelector(".pick")?.click(),
    "/": () => document.getElementById("q")?.focus(),
    "?": () => document.getElementById("help")?.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      for (const one of all("details.more[open], details.menu[open]")) {
        one.open = false;
        one.querySelector("summary").focus();
      }
      if (document.activeElement?.matches("input, textarea, select")) document.activeElement.blur();
      return;
    }
    if (event.target.matches("input, textarea, select") || document.querySelector("dialog[open]")) return;
    const act = KEYS[event.key];
    if (!act || (event.key === "Enter" && document.activeElement !== row())) return;
    if (event.key === "a" && !row() && document.querySelector(".case-row")) return;
    event.preventDefault();
    act();
  });

  tick();
  say();
})();
