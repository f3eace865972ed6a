// The courier's page without a net: what was done is kept on the phone and sent when the net is back. Each action has
// its own id, so that sending it twice does it once.
"use strict";
(() => {
  const route = () => document.getElementById("route");
  const key = `doorstep ${location.pathname}`;
  const kept = () => JSON.parse(localStorage.getItem(key) || "[]");
  const keep = (actions) => localStorage.setItem(key, JSON.stringify(actions));

  function show() {
    const note = document.querySelector("[data-queued]");
    if (note) note.hidden = kept().length === 0;
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
  document.addEventListener("htmx:sendError", (event) => {
    const form = event.target.closest("form[data-act]");
    if (!form) return;
    const body = new URLSearchParams(new FormData(form)).toString();
    const id = new FormData(form).get("id");
    const actions = kept();
    if (!actions.some((one) => one.id === id)) keep([...actions, { id, url: form.getAttribute("action"), body }]);
    form.closest("section, li")?.classList.add("sent-later");
    show();
  });

  let sending = false;
  async function send() {
    if (sending || !kept().length) return;
    sending = true;
    let sent = false;
    try {
      while (kept().length) {
        const [first] = kept();
        const headers = { Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded" };
        const reply = await fetch(first.url, { method: "POST", headers, body: first.body });
        if (reply.status >= 500) break;
        keep(kept().filter((one) => one.id !== first.id));
        sent = true;
      }
    } catch {
      // still without a net: the next look tries again
    } finally {
      sending = false;
    }
    show();
    if (sent) window.htmx.ajax("GET", route().dataset.refresh, { target: "#route", swap: "outerHTML" });
  }

  window.addEventListener("online", send);
  setInterval(send, 15000);
  document.addEventListener("DOMContentLoaded", () => { show(); send(); });
  document.addEventListener("htmx:afterSettle", show);
})();
