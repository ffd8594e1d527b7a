// A colour picker beside the text of a colour, which can also be empty.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  for (const text of document.querySelectorAll("input[data-color]")) {
    const picker = document.createElement("input");
    picker.type = "color";
    picker.setAttribute("aria-label", "Pick the colour");
    const show = () => {
      picker.value = /^#[0-9a-f]{6}$/i.test(text.value) ? text.value : text.placeholder;
    };
    picker.addEventListener("input", () => { text.value = picker.value; });
    text.addEventListener("input", show);
    const row = document.createElement("div");
    row.className = "color";
    text.replaceWith(row);
    row.append(text, picker);
    show();
  }
});
