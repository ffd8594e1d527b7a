// Part of forms_service, MIT licence. Made from clients/js/src by clients/js/build.py.
(() => {
"use strict";
const words = {
sending: "Sending…",
offline: "Not sent yet: there is no connection. Trying again in {seconds} s.",
busy: "Not sent yet: the service is busy. Trying again in {seconds} s.",
failed: "This could not be sent. Your answers are still here: try again.",
refused: "This could not be sent. Tell the owner of this page.",
sent: "Thank you. Your submission has been received.",
insecure: "This form can be sent from pages with https only.",
};
const english = { ...words };
function translate(others = {}) {
for (const name in others) if (words[name] === english[name]) words[name] = others[name];
}
const BATCH = 8;
const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
async function solve(challenge) {
const { algorithm, cost, keyLength = 32, keyPrefix, nonce, salt } = challenge.parameters;
const { subtle } = globalThis.crypto ?? {};
if (!subtle) throw new Error("ALTCHA needs a page served over https, or from localhost.");
const password = new Uint8Array([...bytes(nonce), 0, 0, 0, 0]);
const settings = { name: "PBKDF2", salt: bytes(salt), iterations: cost, hash: algorithm.replace("PBKDF2/", "") };
const derive = async (counter) => {
new DataView(password.buffer).setUint32(password.length - 4, counter);
const key = await subtle.importKey("raw", password.slice(), "PBKDF2", false, ["deriveBits"]);
return hex(await subtle.deriveBits(settings, key, keyLength * 8));
};
for (let first = 0; ; first += BATCH) {
const keys = await Promise.all(Array.from({ length: BATCH }, (_, offset) => derive(first + offset)));
const offset = keys.findIndex((key) => key.startsWith(keyPrefix));
if (offset >= 0) {
const { parameters, signature } = challenge;
const solution = { counter: first + offset, derivedKey: keys[offset] };
return btoa(JSON.stringify({ challenge: { parameters, signature }, solution }));
}
}
}
const MAX_ATTEMPTS = 12;
const MAX_DELAY = 60;
const START_AGE = 50 * 60_000;
const START_TIMEOUT = 10_000;
const TIMEOUT = 30_000;
const UPLOAD_TIMEOUT = 600_000;
const RETRIED = [408, 409, 425, 429, 500, 502, 503, 504];
const newKey = () => Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("-");
const wait = (milliseconds, signal, wakeable) =>
new Promise((resolve) => {
const timer = setTimeout(resolve, milliseconds);
const wake = () => (clearTimeout(timer), resolve());
if (wakeable) globalThis.addEventListener?.("online", wake, { once: true });
signal?.addEventListener("abort", wake, { once: true });
});
const seconds = (header) => {
if (!header) return 0;
return Number(header) || Math.max(0, (Date.parse(header) - Date.now()) / 1000) || 0;
};
const hasFiles = (body) => [...body.values()].some((value) => typeof value !== "string" && value.size);
class FormClient {
constructor(action, { fetch = (...words) => globalThis.fetch(...words), pause = wait } = {}) {
this.action = String(action);
this.fetch = fetch;
this.pause = pause;
this.notBefore = 0;
}
/** Fetch the signed time, and the challenge where the form has one; call it when the visitor sees the form. */
start() {
if (!this.begun || Date.now() - this.begunAt > START_AGE) this.restart().catch(() => {});
return this.begun.catch(() => ({}));
}
restart() {
this.begunAt = Date.now();
this.solution = null;
this.begun = this.request().catch((error) => {
this.begunAt = 0;
throw error;
});
return this.begun;
}
async request() {
const url = new URL(this.action);
url.pathname = `${url.pathname.replace(/\/$/, "")}/start`;
const options = { headers: { Accept: "application/json" }, credentials: "omit", signal: timeout(START_TIMEOUT) };
const response = await this.fetch(url.href, options);
const answer = await response.json();
if (!response.ok) throw Object.assign(new Error(answer.message), { status: response.status });
translate(answer.data.words);
return answer.data;
}
/** Solve the challenge ahead; call it when the visitor begins to type. */
async solve() {
const { challenge } = await this.start();
if (challenge) this.solution ??= solve(challenge);
return challenge && this.solution;
}
/** Send FormData until it is stored or refused; null once the signal aborts. */
async send(body, { key = newKey(), signal, onWait, onAttempt } = {}) {
let outcome = { message: words.busy };
for (let attempt = 1; ; attempt++) {
await this.hold(outcome, signal, onWait);
if (signal?.aborted) return null;
onAttempt?.(attempt);
outcome = await this.attempt(body, key, signal);
if (signal?.aborted || !outcome.retry || attempt === MAX_ATTEMPTS) return signal?.aborted ? null : outcome;
if (Date.now() < this.notBefore) continue;
const delay = Math.min(2 ** (attempt - 1), MAX_DELAY) * (0.8 + 0.4 * Math.random());
onWait?.({ ...outcome, seconds: Math.ceil(delay) });
await this.pause(delay * 1000, signal, true);
}
}
async hold(outcome, signal, onWait) {
const left = this.notBefore - Date.now();
if (left <= 0) return;
onWait?.({ ...outcome, seconds: Math.ceil(left / 1000) });
await this.pause(left, signal, false);
}
async attempt(body, key, signal, isSecond = false) {
let response;
try {
await this.addProofs(body);
response = await this.fetch(this.action, {
method: "POST",
headers: { Accept: "application/json", "Idempotency-Key": key },
credentials: "omit",
body,
signal: timeout(hasFiles(body) ? UPLOAD_TIMEOUT : TIMEOUT, signal),
});
} catch (error) {
return this.explain(error);
}
const answer = await response.json().catch(() => ({}));
const { status } = response;
if (status === 422 && answer.codes?.altcha && !isSecond) {
await this.restart().catch(() => {});
return this.attempt(body, key, signal, true);
}
const after = seconds(response.headers.get("Retry-After"));
if (after) this.notBefore = Date.now() + after * 1000;
const retry = RETRIED.includes(status) || (response.ok && !answer.success);
const message = retry ? words.busy : answer.message || words.refused;
if (response.ok && !retry) this.begun = null;
return { errors: {}, codes: {}, ...answer, ok: response.ok && !retry, status, message, retry };
}
async addProofs(body) {
const { started } = await this.start();
if (started) body.set("_started", started);
const token = await this.solve();
if (token) body.set("altcha", token);
}
/** Tell a broken connection from a refused site: browsers report both alike. */
async explain(error) {
const refusal = { ok: false, retry: false, status: 403, errors: {}, codes: {} };
if (!globalThis.crypto?.subtle && /ALTCHA/.test(error.message)) return { ...refusal, message: words.insecure };
const reason = await this.restart().catch((failure) => failure);
if (reason.status === 403) return { ...refusal, message: reason.message };
return { ...refusal, retry: true, status: 0, message: words.offline };
}
}
function timeout(milliseconds, signal) {
const limit = globalThis.AbortSignal?.timeout?.(milliseconds);
return (signal && limit && AbortSignal.any?.([signal, limit])) || signal || limit;
}
function submit(action, values, options) {
return new FormClient(action, options).send(toFormData(values), options);
}
function toFormData(values) {
if (values instanceof FormData) return values;
const body = new FormData();
for (const [name, value] of Object.entries(values)) {
for (const item of [value].flat()) if (item !== null && item !== undefined) body.append(name, item);
}
return body;
}
const undo = new WeakMap();
let count = 0;
const controlsOf = (form) => [...Reflect.get(HTMLFormElement.prototype, "elements", form)];
const nameOf = (control) => control.name.replace(/\[\]$/, "");
function showErrors(form, errors) {
const loose = [];
for (const [name, text] of Object.entries(errors)) {
const controls = controlsOf(form).filter((control) => control.name && nameOf(control) === name.replace(/\[\]$/, ""));
const visible = controls.filter((control) => control.type !== "hidden");
if (visible.length) showError(form, name, visible, text);
else loose.push(name === "body" ? text : `${name}: ${text}`);
}
return loose;
}
function showError(form, name, controls, text) {
const own = form.querySelector(`[data-error-for="${CSS.escape(name)}"]`);
const note = own ?? document.createElement("span");
note.id ||= `forms-service-error-${++count}`;
note.classList.add("forms-service-error");
note.textContent = text;
if (!own) placeNote(note, controls);
const undone = controls.map((control) => describe(control, note.id));
const before = undo.get(form) ?? [];
undo.set(form, [...before, ...undone, () => (own ? note.replaceChildren() : note.remove())]);
}
function placeNote(note, controls) {
const last = controls[controls.length - 1];
const group = controls.length > 1 && last.closest("fieldset");
if (group) group.append(note);
else (last.closest("label") ?? last).after(note);
}
function describe(control, id) {
const described = control.getAttribute("aria-describedby");
control.setAttribute("aria-invalid", "true");
control.setAttribute("aria-describedby", described ? `${described} ${id}` : id);
return () => {
control.removeAttribute("aria-invalid");
if (described) control.setAttribute("aria-describedby", described);
else control.removeAttribute("aria-describedby");
};
}
function clearErrors(form) {
for (const step of undo.get(form) ?? []) step();
undo.delete(form);
}
const MAX_AGE = 86_400_000;
const TOKENS = /^(altcha|_started|(cf-turnstile|h-captcha|g-recaptcha)-response)$/;
const storageKey = (action) => `forms-service ${action}`;
const entriesOf = (body) =>
[...body]
.filter(([name]) => !TOKENS.test(name))
.map(([name, value]) => [name, typeof value === "string" ? value : [value.name, value.size, value.lastModified]]);
function keep(form, action, key, entries) {
const isSecret = controlsOf(form).some((control) => control.type === "password" || control.files?.length);
if (isSecret || form.hasAttribute("data-no-storage")) return;
const texts = entries.filter(([, value]) => typeof value === "string");
guarded(() => sessionStorage.setItem(storageKey(action), JSON.stringify({ key, entries: texts, at: Date.now() })));
}
const forget = (action) => guarded(() => sessionStorage.removeItem(storageKey(action)));
function recall(action) {
const record = guarded(() => JSON.parse(sessionStorage.getItem(storageKey(action))));
return record && Date.now() - record.at < MAX_AGE ? record : null;
}
function refill(form, entries) {
const left = new Map();
for (const [name, value] of entries) left.set(name, [...(left.get(name) ?? []), value]);
for (const control of controlsOf(form)) {
const values = left.get(control.name);
if (control.type === "checkbox" || control.type === "radio") control.checked = !!values?.includes(control.value);
else if (!values || /^(hidden|file|submit|button|image)$/.test(control.type)) continue;
else if (control.multiple && control.options) {
for (const option of control.options) option.selected = values.includes(option.value);
} else control.value = values.shift() ?? "";
}
}
function guarded(step) {
try {
return step();
} catch {
return null;
}
}
const FORMS = "form[data-forms-service]";
const REDIRECTS = ["_next", "redirect", "redirectTo"];
const states = new WeakMap();
function stateOf(form) {
const action = new URL(form.getAttribute("action") ?? "", document.baseURI).href;
if (!states.get(form) || states.get(form).client.action !== action) states.set(form, { client: new FormClient(action) });
return states.get(form);
}
function watch(selector, callback) {
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
function install() {
document.addEventListener("submit", onSubmit);
watch(FORMS, enhance);
}
function enhance(form) {
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
if (state.sending) return;
const { client } = state;
const entries = entriesOf(body);
const content = JSON.stringify(entries);
if (content !== state.content) state.key = storedKey ?? newKey();
state.content = content;
state.abort?.abort();
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
state.content = null;
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
if (control.type !== "submit" && control.type !== "image") continue;
if (state.sending) control.setAttribute("aria-disabled", "true");
else control.removeAttribute("aria-disabled");
}
status.textContent = text;
return status;
}
if (!window.formsService) {
window.formsService = { enhance, watch, words };
install();
}
})();
