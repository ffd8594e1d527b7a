// Keys and swaps of the inbox. Each page works without it: a key only presses a button or follows a link that is there.
"use strict";
(() => {
  const region = () => document.getElementById("inbox");
  const all = (selector, root = region() ?? document) => [...root.querySelectorAll(selector)];
  const isVisible = (element) => Boolean(element?.getClientRects().length);
  const rowOf = (element) => element?.closest?.(".submissions li");
  const rows = () => all(".submissions li");
  const opened = () => rowOf(region()?.querySelector(".submissions [aria-current]"));
  const inDetail = () => Boolean(document.activeElement?.closest("#detail"));
  const detailButton = (key) => document.querySelector(`#detail [data-key="${key}"]`);
  const selected = () => all(".submissions input:checked");
  let last = null; // the row that had the focus: a swap or a dialog may take it away

  const current = () => rowOf(document.activeElement) ?? (last?.isConnected ? last : null) ?? opened();

  // Pass to a neighbour without opening it; where the list is hidden, follow the link that opens it.
  const move = (step) => {
    const list = rows();
    if (!list.length || !isVisible(list[0])) return detailButton(step > 0 ? "j" : "k")?.click();
    const row = current();
    const target = row ? list[list.indexOf(row) + step] : list[step > 0 ? 0 : list.length - 1];
    const link = target?.querySelector("a") ?? (step > 0 ? all(".pager a").pop() : null);
    link?.focus();
  };

  const open = () => current()?.querySelector("a")?.click();

  const select = () => {
    const box = current()?.querySelector("input[name=ids]");
    if (!box) return;
    box.checked = !box.checked;
    formsConsole.announce(`${box.checked ? "Selected" : "Not selected"}, ${selected().length} in all.`);
  };

  // What is ticked, else the submission that is read, else the row with the focus.
  const act = (key) => {
    const row = current();
    const isRead = !row || inDetail() || !isVisible(row);
    if (!selected().length && isRead) return detailButton(key)?.click();
    const button = document.querySelector(`#selection [data-key="${key}"]`);
    if (!button) return;
    if (!selected().length) row.querySelector("input[name=ids]").checked = true;
    button.form.requestSubmit(button);
  };

  const nextUnread = () => {
    const row = rows().find((item) => item.classList.contains("unread"));
    (detailButton("n") ?? row?.querySelector("a"))?.click();
  };

  const ask = () => {
    const question = detailButton("#")?.closest("details");
    if (!question) return;
    question.open = true;
    question.querySelector("button").focus();
  };

  const dialog = () => document.getElementById("keys");
  const follow = (selector) => document.querySelector(selector)?.click();
  const focusSearch = () => {
    const field = document.querySelector('[data-key="/"]');
    if (isVisible(field)) field.focus();
  };

  const KEYS = {
    "j": () => move(1),
    "k": () => move(-1),
    "o": open,
    "e": () => act("e"),
    "[Shift]+!": () => act("!"),
    "u": () => act("u"),
    "x": select,
    "n": nextUnread,
    "z": () => follow('.undo [data-key="z"]'),
    "[Shift]+#": ask,
    "[Shift]+/": focusSearch,
    "g f": () => follow(".bar .brand"),
    "g p": () => follow('.bar nav a[href$="/console/people"]'),
    "[Shift]+?": () => dialog()?.showModal(),
  };

  const bind = () => {
    if (!("shortcuts" in document.body.dataset)) return;
    const guarded = Object.entries(KEYS).map(([key, does]) => [key, (event) => {
      if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      does();
    }]);
    tinykeys.tinykeys(window, Object.fromEntries(guarded));
    for (const button of document.querySelectorAll("[data-keys]")) {
      button.hidden = false;
      button.addEventListener("click", () => dialog().showModal());
    }
  };

  // An error page, or the sign-in after the session has ended, holds nothing to swap: go there instead.
  const leave = (event) => {
    const { response, request, target } = event.detail.ctx;
    if (!target?.closest?.("#inbox, #steps")) return;
    const isAway = response.raw.redirected && response.raw.url.includes("/console/sign-in");
    if (!isAway && response.status < 400) return;
    event.preventDefault();
    if (isAway || request.method === "GET") location.assign(isAway ? location.href : request.action);
    else formsConsole.announce("That did not work. Reload the page and try again.");
  };

  // The list stays when a submission is opened beside it: say which it is, and that it is read now.
  const show = (event) => {
    const target = formsConsole.swapped(event);
    if (target.id !== "detail") return;
    region().classList.add("opened");
    target.querySelector("[data-focus]")?.focus(); // on a narrow page it was not there until now
    const id = target.querySelector("[data-opened]")?.dataset.opened;
    for (const link of all(".submissions a")) {
      link.removeAttribute("aria-current");
      if (link.id !== `s-${id}`) continue;
      link.setAttribute("aria-current", "true");
      last = rowOf(link);
      if (!target.querySelector("[data-is-unread]")) markRead(last);
      if (isVisible(link)) link.scrollIntoView({ block: "nearest" });
    }
  };

  const markRead = (row) => {
    row.classList.remove("unread");
    row.querySelector(".badge.new")?.remove();
  };

  document.addEventListener("focusin", (event) => { last = rowOf(event.target) ?? last; });
  document.addEventListener("htmx:before:response", leave);
  document.addEventListener("htmx:after:swap", show);
  document.addEventListener("DOMContentLoaded", bind);
})();
