// Downloads an export while a progress element says how far it is. Without it the browser downloads the file itself.
"use strict";
(() => {
  const MIN_SHOWN = 10_000; // smaller ones are there at once
  const SPILLED = 4 << 20; // bytes after which parts become one blob, which browsers keep on disk
  const LINE_FEED = 10;
  const QUOTE = 34;

  // Rows so far: line ends outside quotes. An XLSX is compressed, so that only its bytes can be counted.
  const rowCounter = (kind) => {
    let rows = kind === "csv" ? -1 : 0; // its first row has the names
    let isQuoted = false;
    return (bytes) => {
      if (kind === "xlsx") return null;
      for (const byte of bytes) {
        if (byte === QUOTE && kind === "csv") isQuoted = !isQuoted;
        else if (byte === LINE_FEED && !isQuoted) rows += 1;
      }
      return rows;
    };
  };

  const nameOf = (response) => {
    const header = response.headers.get("Content-Disposition") ?? "";
    const full = /filename\*=UTF-8''([^;]+)/.exec(header);
    return full ? decodeURIComponent(full[1]) : /filename="?([^";]+)/.exec(header)?.[1] ?? "export";
  };

  const save = (blob, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  };

  const report = (box, rows, size, total) => {
    const bar = box.querySelector("progress");
    const label = box.querySelector("label");
    const megabytes = (size / 2 ** 20).toFixed(1);
    if (rows === null) bar.removeAttribute("value");
    else bar.value = Math.min(rows, total);
    bar.max = total;
    label.textContent = rows === null
      ? `${total.toLocaleString("en")} submissions, ${megabytes} MB so far`
      : `${Math.min(Math.max(rows, 0), total).toLocaleString("en")} of ${total.toLocaleString("en")} submissions, ${megabytes} MB`;
  };

  const receive = async (response, kind, box) => {
    const total = Number(response.headers.get("X-Submissions"));
    const count = rowCounter(kind);
    const reader = response.body.getReader();
    let whole = new Blob([]);
    let parts = [];
    let pending = 0;
    box.hidden = total <= MIN_SHOWN;
    if (!box.hidden) formsConsole.announce(`Exporting ${total} submissions.`);
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      pending += value.length;
      if (pending > SPILLED) {
        whole = new Blob([whole, ...parts]);
        parts = [];
        pending = 0;
      }
      if (!box.hidden) report(box, count(value), whole.size + pending, total);
    }
    return new Blob([whole, ...parts], { type: response.headers.get("Content-Type") });
  };

  const download = async (form, box, controller) => {
    const body = new URLSearchParams(new FormData(form));
    const kind = body.get("format");
    const response = await fetch(form.action, { method: "POST", body, signal: controller.signal });
    // what is wrong, or the sign-in, is a page: let the browser show it
    if (!response.headers.get("Content-Disposition")) return form.submit();
    save(await receive(response, kind, box), nameOf(response));
    formsConsole.announce("The export is complete.");
  };

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.id !== "export") return;
    event.preventDefault();
    const box = form.querySelector(".progress");
    const button = form.querySelector("button:not([type])");
    const controller = new AbortController();
    box.querySelector("[data-cancel]").onclick = () => controller.abort();
    button.disabled = true;
    try {
      await download(form, box, controller);
    } catch (error) {
      formsConsole.announce(controller.signal.aborted ? "Cancelled." : "The connection broke off. Try again.");
    }
    button.disabled = false;
    box.hidden = true;
    button.focus();
  });
})();
