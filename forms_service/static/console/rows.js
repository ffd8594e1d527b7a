// Adds and removes rows of a form, such as conditions. Without it the page has a few empty rows.
"use strict";
(() => {
  const POSITION = /\.\d+\./;

  const rowsOf = (group) => group.querySelectorAll("[data-row]");

  const renumber = (row, number) => {
    for (const element of row.querySelectorAll("[id], [name], [for]")) {
      for (const attribute of ["id", "name", "for"]) {
        const value = element.getAttribute(attribute);
        if (value) element.setAttribute(attribute, value.replace(POSITION, `.${number}.`));
      }
    }
  };

  const clear = (row) => {
    for (const fault of row.querySelectorAll(".wrong")) fault.remove();
    for (const control of row.querySelectorAll("input, textarea, select")) {
      control.removeAttribute("aria-invalid");
      control.removeAttribute("aria-describedby");
      if (control.type === "checkbox") control.checked = false;
      else if (control.tagName === "SELECT") control.selectedIndex = 0;
      else control.value = "";
    }
  };

  const highest = (group) => {
    const numbers = [...group.querySelectorAll("[name]")].map((control) => Number(/\.(\d+)\./.exec(control.name)?.[1] ?? -1));
    return Math.max(-1, ...numbers);
  };

  const add = (group) => {
    const rows = rowsOf(group);
    const row = rows[rows.length - 1].cloneNode(true);
    renumber(row, highest(group) + 1);
    clear(row);
    rows[rows.length - 1].after(row);
    row.querySelector("select, input").focus();
  };

  // The last row is emptied instead: it is the model of the next one.
  const remove = (group, row) => {
    const rows = [...rowsOf(group)];
    const next = rows[rows.indexOf(row) + 1] ?? rows[rows.indexOf(row) - 1];
    if (next) row.remove();
    else clear(row);
    (next ?? row).querySelector("select, input").focus();
    window.formsConsole.announce("Removed.");
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-add-row], [data-remove-row]");
    const group = button?.closest("[data-rows]");
    if (!group) return;
    if ("addRow" in button.dataset) add(group);
    else remove(group, button.closest("[data-row]"));
  });

  document.addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("[data-add-row], [data-remove-row]")) button.hidden = false;
  });
})();
