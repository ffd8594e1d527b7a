// Forms of a page that have `data-forms-service`: sends them without leaving the page.
import { FormClient, newKey } from "./client.js";
import { clearErrors, controlsOf, showErrors } from "./errors.js";
import { entriesOf, forget, keep, recall, refill } from "./pending.js";
import { words } from "./words.js";

const FORMS = "form[data-forms-service]";
const REDIRECTS = ["_next", "redirect", "redirectTo"];
const states = new WeakMap();

function stateOf(form) {
  // attributes, not properties: a control named "action" would hide the form's
  const action = new URL(form.getAttribute("action") ?? "", document.baseURI).href;
  if (!states.get(form) || states.get(form).client.action !== action) states.set(form, { client: new FormClient(action) });
  return states.get(form);
}

/** Call a function for every element that is there, or comes later. */
export function watch(selector, callback) {
  const seen = new WeakSet();
  const scan = () => {
    for (const element of document.querySelectorAll(selector)) {
      if (seen.has(element)) continue;
      seen.add(element);
      callback(element);
    }
  };
  const begin = () => {
    scan();
    new MutationObserver(scan).observe(document, { childList: true, subtree: true });
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
}

/** Serve all forms of the page, those added later too. */
export function install() {
  document.addEventListener("submit", onSubmit);
  watch(FORMS, enhance);
}

/** Prepare one form; needed only for forms in a shadow root. */
export function enhance(form) {
  const { client } = stateOf(form);
  statusOf(form);
  if (form.getRootNode() !== document) form.addEventListener("submit", onSubmit);
  form.addEventListener("focusin", () => client.solve().catch(() => {}), { once: true });
  whenSeen(form, () => client.start());
  const record = recall(client.action);
  if (record) {
    refill(form, record.entries);
    const body = new FormData();
    for (const [name, value] of record.entries) body.append(name, value);
    send(form, body, record.key);
  }
}

function whenSeen(form, callback) {
  if (!globalThis.IntersectionObserver) return callback();
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    callback();
  });
  observer.observe(form);
}

function onSubmit(event) {
  const form = event.target;
  if (event.defaultPrevented || !form.matches?.(FORMS) || event.submitter?.hasAttribute("formaction")) return;
  event.preventDefault();
  send(form, new FormData(form, event.submitter));
}

async function send(form, body, storedKey) {
  const state = stateOf(form);
  if (state.sending) return; // a double click
  const { client } = state;
  const entries = entriesOf(body);
  const content = JSON.stringify(entries);
  if (content !== state.content) state.key = storedKey ?? newKey();
  state.content = content;
  state.abort?.abort(); // a retry that waits
  const { signal } = (state.abort = new AbortController());
  clearErrors(form);
  keep(form, client.action, state.key, entries);
  show(form, "sending", words.sending);
  const outcome = await client.send(body, {
    key: state.key,
    signal,
    onWait: (wait) => show(form, "waiting", wait.message.replace("{seconds}", wait.seconds)),
    onAttempt: () => show(form, "sending", words.sending),
  });
  if (!outcome) return;
  if (!outcome.retry) {
    forget(client.action);
    state.content = null; // whatever comes next is a new submission
  }
  if (outcome.ok) succeed(form, body, outcome);
  else fail(form, outcome);
}

function succeed(form, body, { message, data, next, status }) {
  show(form, "success", "");
  const url = REDIRECTS.some((name) => body.get(name)) && next;
  if (!tell(form, "success", { message, data, next, status })) return;
  if (url && /^https?:/.test(url)) {
    location.assign(url);
    return;
  }
  HTMLFormElement.prototype.reset.call(form);
  show(form, "success", message || words.sent).focus();
}

function fail(form, { message, errors, codes, status, retry }) {
  show(form, "error", "");
  if (!tell(form, "error", { message, errors, codes, status, retry })) return;
  const loose = showErrors(form, errors);
  const status_ = show(form, "error", [retry ? words.failed : message, ...loose].join(" "));
  (controlsOf(form).find((control) => control.getAttribute("aria-invalid") === "true") ?? status_).focus();
}

function tell(form, name, detail) {
  return form.dispatchEvent(new CustomEvent(`forms-service:${name}`, { bubbles: true, cancelable: true, detail }));
}

function statusOf(form) {
  const state = stateOf(form);
  state.status ??= form.querySelector("[data-forms-service-status]");
  if (!state.status) {
    state.status = document.createElement("p");
    state.status.className = "forms-service-status";
    form.append(state.status);
  }
  state.status.setAttribute("role", "status");
  state.status.tabIndex = -1;
  return state.status;
}

function show(form, name, text) {
  const state = stateOf(form);
  const status = statusOf(form);
  state.sending = name === "sending";
  form.setAttribute("data-forms-service-state", name);
  form.setAttribute("aria-busy", String(state.sending));
  for (const control of controlsOf(form)) {
    // not `disabled`, which would lose the focus
    if (control.type !== "submit" && control.type !== "image") continue;
    if (state.sending) control.setAttribute("aria-disabled", "true");
    else control.removeAttribute("aria-disabled");
  }
  status.textContent = text;
  return status;
}
