// Sends submissions: one idempotency key for all attempts, backoff, Retry-After, the signed time and ALTCHA. No DOM.
import { solve } from "./altcha.js";
import { translate, words } from "./words.js";

const MAX_ATTEMPTS = 12; // about five minutes
const MAX_DELAY = 60; // seconds
const START_AGE = 50 * 60_000; // a challenge expires after an hour
const START_TIMEOUT = 10_000;
const TIMEOUT = 30_000;
const UPLOAD_TIMEOUT = 600_000;
const RETRIED = [408, 409, 425, 429, 500, 502, 503, 504];

/** Return a new idempotency key; `randomUUID` is missing on pages without https. */
export const newKey = () => Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("-");

/** Wait until the time is over, the connection is back, or the signal aborts. */
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

/** Sends to one form; `action` is its URL. */
export class FormClient {
  constructor(action, { fetch = (...words) => globalThis.fetch(...words), pause = wait } = {}) {
    this.action = String(action);
    this.fetch = fetch;
    this.pause = pause;
    this.notBefore = 0; // as the last Retry-After says
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
      this.begunAt = 0; // the next attempt asks again
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
      await this.restart().catch(() => {}); // spent or expired
      return this.attempt(body, key, signal, true);
    }
    const after = seconds(response.headers.get("Retry-After"));
    if (after) this.notBefore = Date.now() + after * 1000;
    const retry = RETRIED.includes(status) || (response.ok && !answer.success); // a proxy's page, or cut off
    const message = retry ? words.busy : answer.message || words.refused;
    if (response.ok && !retry) this.begun = null; // a challenge serves once
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

/** Send an object or FormData, and return the outcome. */
export function submit(action, values, options) {
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
