// The editor of a form: moving by drag and keys, removing with undo, and a warning before unsaved edits are lost.
"use strict";
(() => {
  const builder = document.getElementById("builder");
  if (!builder) return;
  const { announce } = window.formsConsole;
  const cards = document.getElementById("cards");
  const undo = document.getElementById("undo");
  const all = () => [...cards.children];
  const labelOf = (card) => card.querySelector(".card-label").textContent;

  let edited = builder.hasAttribute("data-edited");
  const markEdited = () => {
    edited = true;
    document.getElementById("unsaved").hidden = false;
  };
  const changed = () => cards.dispatchEvent(new Event("input", { bubbles: true }));

  const move = (card, position) => {
    const others = all().filter((other) => other !== card);
    const to = Math.max(0, Math.min(position, others.length));
    if (all().indexOf(card) === to) return;
    const focused = card.contains(document.activeElement) ? document.activeElement : null;
    cards.insertBefore(card, others[to] ?? null);
    focused?.focus();
    announce(`${labelOf(card)} moved to position ${to + 1} of ${others.length + 1}`);
    changed();
  };

  const remove = (card) => {
    const position = all().indexOf(card);
    const next = card.nextElementSibling ?? card.previousElementSibling;
    card.remove();
    undo.hidden = false;
    undo.firstElementChild.textContent = `${labelOf(card)} was removed.`;
    undo.lastElementChild.onclick = () => {
      cards.insertBefore(card, all()[position] ?? null);
      undo.hidden = true;
      card.querySelector("summary").focus();
      announce(`${labelOf(card)} is back`);
      changed();
    };
    (next?.querySelector("summary") ?? document.getElementById("fields-heading")).focus();
    announce(`${labelOf(card)} removed`);
    changed();
  };

  const retype = async (card) => {
    const field = builder.elements.retype;
    field.value = card.dataset.key;
    const position = all().indexOf(card);
    await htmx.ajax("POST", builder.dataset.card, { source: builder, target: card, swap: "outerHTML settle:0ms" });
    field.value = "";
    prepare(all()[position]);
    changed();
  };

  // What scripts alone can serve is hidden until then; the focus goes into a card that just came.
  const prepare = (root) => {
    for (const grip of root.querySelectorAll(".grip")) grip.hidden = false;
    const target = root.querySelector("[data-focus]");
    if (!target) return;
    target.focus();
    target.removeAttribute("data-focus");
  };

  builder.addEventListener("click", (event) => {
    const [verb, key] = (event.target.closest("[name=action]")?.value ?? "").split(".");
    const card = key && event.target.closest(".card");
    if (!card || !["up", "down", "remove"].includes(verb)) return;
    event.preventDefault();
    if (verb === "remove") remove(card);
    else move(card, all().indexOf(card) + (verb === "up" ? -1 : 1));
  });

  builder.addEventListener("input", (event) => {
    markEdited();
    const label = event.target.name?.endsWith(".label") && event.target.closest(".card");
    if (label) label.querySelector(".card-label").textContent = event.target.value || "New field";
  });

  builder.addEventListener("change", (event) => {
    if (event.target.matches("[data-type]")) retype(event.target.closest(".card"));
  });

  cards.addEventListener("keydown", (event) => {
    const card = event.target.closest(".grip") && event.target.closest(".card");
    if (!card) return;
    const at = all().indexOf(card);
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: all().length }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    move(card, to);
  });

  let dragged = null;
  let before = 0;
  cards.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest(".grip");
    if (!grip || event.button) return;
    dragged = grip.closest(".card");
    before = all().indexOf(dragged);
    grip.setPointerCapture(event.pointerId);
    dragged.classList.add("dragged");
  });
  cards.addEventListener("pointermove", (event) => {
    if (!dragged) return;
    const middle = (card) => { const box = card.getBoundingClientRect(); return box.top + box.height / 2; };
    const { previousElementSibling: above, nextElementSibling: below } = dragged;
    if (above && event.clientY < middle(above)) above.before(dragged);
    else if (below && event.clientY > middle(below)) below.after(dragged);
    const edge = event.clientY < 48 ? -12 : event.clientY > innerHeight - 48 ? 12 : 0;
    if (edge) scrollBy(0, edge);
  });
  const drop = () => {
    if (!dragged) return;
    dragged.classList.remove("dragged");
    const to = all().indexOf(dragged);
    if (to !== before) {
      announce(`${labelOf(dragged)} moved to position ${to + 1} of ${all().length}`);
      changed();
    }
    dragged = null;
  };
  cards.addEventListener("pointerup", drop);
  cards.addEventListener("pointercancel", drop);

  // A card was added: its key may be that of a removed one, which then cannot come back.
  document.addEventListener("htmx:after:swap", () => {
    const last = cards.lastElementChild;
    if (!last?.querySelector(".grip")?.hidden) return;
    undo.hidden = true;
    prepare(last);
    announce("Field added");
    changed();
  });

  builder.addEventListener("submit", () => { edited = false; });
  window.addEventListener("beforeunload", (event) => { if (edited) event.preventDefault(); });
  for (const grip of cards.querySelectorAll(".grip")) grip.hidden = false;
})();
