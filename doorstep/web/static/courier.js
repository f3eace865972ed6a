// The courier's page without a net: what was done is kept on the phone (IndexedDB) and sent when the net is back. Each action has
// its own id, so that sending it twice does it once; it says how long ago it was done, so that no phone's clock matters. The page
// itself stays in the browser's own cache: the same link opens again without a net, and without a service worker.
"use strict";
(() => {
  const route = () => document.getElementById("route");
  const here = location.pathname;

  const opened = new Promise((resolve, reject) => {
    const asked = indexedDB.open("doorstep", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("acts", { keyPath: "id" });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  const acts = async (mode, what) => {
    const deal = (await opened).transaction("acts", mode);
    const asked = what(deal.objectStore("acts"));
    return new Promise((resolve, reject) => {
      deal.oncomplete = () => resolve(asked.result);
      deal.onabort = deal.onerror = () => reject(deal.error);
    });
  };
  const kept = async () =>
    (await acts("readonly", (all) => all.getAll())).filter((one) => one.page === here).sort((a, b) => a.at - b.at);
  const keep = (one) => acts("readwrite", (all) => all.put(one));
  const drop = (id) => acts("readwrite", (all) => all.delete(id));

  async function show() {
    const waiting = await kept();
    const note = document.querySelector("[data-queued]");
    if (note) note.hidden = waiting.length === 0;
    for (const form of document.querySelectorAll("form[data-act]")) {
      const later = waiting.some((one) => one.url === form.getAttribute("action"));
      form.closest("section, li")?.classList.toggle("sent-later", later);
    }
  }

  document.addEventListener("change", (event) => {
    // an unticked item is one of which nothing is taken
    if (!event.target.matches("[data-item]")) return;
    const select = event.target.closest(".tick").querySelector("select");
    select.selectedIndex = event.target.checked ? 0 : select.options.length - 1;
  });
  document.addEventListener("change", (event) => {
    const tick = event.target.closest(".tick");
    if (tick && event.target.matches("select")) tick.querySelector("[data-item]").checked = !event.target.value.endsWith(":0");
  });

  // htmx says so when nothing answered
  document.addEventListener("htmx:sendError", async (event) => {
    const form = event.target.closest("form[data-act]");
    if (!form) return;
    const data = new FormData(form);
    const known = (await kept()).some((one) => one.id === data.get("id"));
    // photos are kept too; an empty file field is none
    const fields = [...data.entries()].filter(([, value]) => !(value instanceof File) || value.size);
    if (!known) await keep({ id: data.get("id"), page: here, url: form.getAttribute("action"), fields, at: Date.now() });
    show();
  });

  function refused(text) {
    const note = document.querySelector("[data-refused]");
    if (!note || !text) return;
    note.textContent = text;
    note.hidden = false;
  }

  let sending = false;
  async function send() {
    if (sending) return;
    sending = true;
    let sent = 0;
    let said = "";
    try {
      for (const one of await kept()) {
        const body = new FormData();
        for (const [name, value] of one.fields || new URLSearchParams(one.body)) body.append(name, value);
        body.append("ago_s", Math.max(0, Math.round((Date.now() - one.at) / 1000)));
        const reply = await fetch(one.url, { method: "POST", headers: { Accept: "application/json" }, body });
        if (reply.status >= 500 || reply.status === 429) break;
        if (!reply.ok) said = (await reply.json().catch(() => ({}))).message || String(reply.status);
        await drop(one.id);
        sent += 1;
      }
    } catch {
      // still without a net: the next look tries again
    } finally {
      sending = false;
    }
    if (sent) await fresh();
    refused(said);
    show();
  }

  const fresh = () => window.htmx.ajax("GET", route().dataset.refresh, { target: "#route", swap: "outerHTML" });

  // where the courier is, once they agreed: the newest place only, once a minute, from this open page
  const EVERY_MS = 60000;
  let watch = null;
  let place = null;
  let toldAt = 0;
  const asked = () => document.querySelector("[data-position]");

  function follow() {
    if (asked() && watch === null && navigator.geolocation) {
      const found = (one) => { place = one; tell(); };
      const denied = () => { const note = document.querySelector("[data-position-denied]"); if (note) note.hidden = false; };
      watch = navigator.geolocation.watchPosition(found, denied, { enableHighAccuracy: true, maximumAge: 30000 });
    } else if (!asked()) unfollow();
  }
  function unfollow() {
    if (watch !== null) navigator.geolocation.clearWatch(watch);
    watch = place = null;
  }
  // what was said without a net comes first: who took it back isn't seen any more
  const unsaid = async () => (await kept()).some((one) => one.url.endsWith("/share"));

  async function tell() {
    if (!asked() || !place || Date.now() - toldAt < EVERY_MS || (await unsaid())) return;
    const { coords, timestamp } = place;
    const body = new FormData();
    const ago = Math.max(0, Math.round((Date.now() - timestamp) / 1000));
    for (const [name, value] of [["lat", coords.latitude], ["lon", coords.longitude], ["accuracy_m", coords.accuracy], ["ago_s", ago]]) body.append(name, value);
    toldAt = Date.now();
    try {
      const reply = await fetch(asked().dataset.position, { method: "POST", headers: { Accept: "application/json" }, body });
      if (!reply.ok) return;
      if (place?.timestamp === timestamp) place = null;
      if (!(await reply.json()).go_on) { unfollow(); fresh(); }
    } catch {
      toldAt = 0; // without a net: the newest place is told when it is back
    }
  }
  document.addEventListener("submit", (event) => { if (event.target.closest("[data-position]")) unfollow(); });
  setInterval(tell, 15000);

  window.addEventListener("online", () => send().then(tell));
  setInterval(send, 15000);
  document.addEventListener("DOMContentLoaded", async () => {
    await show();
    await send();
    follow();
    // this phone has its own cookie only now, and the copy that the browser keeps was asked for without it
    if (document.querySelector("[data-keep-again]")) await fetch(here, { cache: "reload" }).catch(() => {});
    // the browser may have shown its own copy
    if (navigator.onLine) fresh();
  });
  document.addEventListener("htmx:afterSettle", () => { show(); follow(); });
})();
