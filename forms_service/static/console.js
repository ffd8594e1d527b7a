// Makes the console's pages quicker: each works without it. No innerHTML: the pages' policy has Trusted Types.
"use strict";
(() => {
  const announcer = () => document.getElementById("announcer");

  // Say a change aloud; a text said twice needs to change in between.
  const announce = (text) => {
    const region = announcer();
    if (!region || !text) return;
    region.textContent = "";
    setTimeout(() => { region.textContent = text; }, 50);
  };

  // After a swap the focus goes where the new content says, and what changed is announced.
  const settle = (root) => {
    const target = root.querySelector?.("[data-focus]");
    if (target) target.focus({ preventScroll: false });
    const news = root.querySelector?.("[data-announce]");
    if (news) announce(news.dataset.announce || news.textContent.trim());
    prepare(root);
  };

  // Where the tabs do not fit in a line, the current one is in sight.
  const reveal = (tab) => {
    const bar = tab?.parentElement;
    if (bar) bar.scrollLeft = tab.offsetLeft - (bar.clientWidth - tab.offsetWidth) / 2;
  };

  // Buttons that only scripts can serve are hidden until then.
  const prepare = (root) => {
    for (const button of root.querySelectorAll("[data-copy]")) button.hidden = false;
  };

  const copy = async (button) => {
    const source = document.querySelector(button.dataset.copy);
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    const label = button.textContent;
    button.textContent = "Copied";
    announce("Copied.");
    setTimeout(() => { button.textContent = label; }, 2000);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (button) copy(button);
  });

  // An outer swap leaves the old target behind: the new one has its id.
  const swapped = (event) => {
    const target = event.detail?.ctx?.target;
    return target?.isConnected ? target : document.getElementById(target?.id) ?? document.body;
  };

  document.addEventListener("htmx:after:swap", (event) => settle(swapped(event)));
  document.addEventListener("htmx:response:error", () => announce("That did not work. Reload the page and try again."));
  document.addEventListener("htmx:error", () => announce("The server cannot be reached. Try again."));

  document.addEventListener("DOMContentLoaded", () => {
    prepare(document);
    reveal(document.querySelector(".tabs [aria-current]"));
    const target = document.querySelector("main [data-focus]");
    if (target) target.focus();
  });

  // For the scripts of single pages.
  window.formsConsole = { announce, settle, swapped };
})();
