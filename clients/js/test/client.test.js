import assert from "node:assert/strict";
import { createHash, pbkdf2Sync } from "node:crypto";
import test from "node:test";
import { FormClient, newKey, solve, submit, words } from "../src/index.js";
import { entriesOf } from "../src/pending.js";

const ACTION = "https://forms.example/base/f/mR7xQ2-kLp0aZ_9c";
const STORED = { success: true, message: "Thank you.", data: { id: "1", reference: "7K3QX-9FMT2" }, next: ACTION };
const START = { success: true, data: { started: "signed", challenge: null } };

const json = (status, body, headers = {}) => new Response(JSON.stringify(body), { status, headers });

/** A client against scripted answers; an Error is a broken connection. */
function clientOf(...answers) {
  const posts = [];
  const pauses = [];
  const starts = [];
  const fetch = async (url, options) => {
    if (options.method !== "POST") {
      starts.push(url);
      if (answers.start instanceof Error) throw answers.start;
      return answers.start?.() ?? json(200, START);
    }
    posts.push({ url, key: options.headers["Idempotency-Key"], body: Object.fromEntries(options.body) });
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const pause = async (milliseconds, _, wakeable) => {
    pauses.push({ milliseconds, wakeable });
    client.notBefore = Math.min(client.notBefore, Date.now());
  };
  const client = new FormClient(ACTION, { fetch, pause });
  return { client, posts, pauses, starts, answers };
}

const bodyOf = (values) => {
  const body = new FormData();
  for (const [name, value] of Object.entries(values)) body.append(name, value);
  return body;
};

test("a submission carries the signed time and asks for JSON", async () => {
  const { client, posts, starts } = clientOf(json(200, STORED));
  const outcome = await client.send(bodyOf({ email: "ann@example.com" }), { key: "k" });
  assert.equal(outcome.ok, true);
  assert.equal(outcome.data.reference, "7K3QX-9FMT2");
  assert.deepEqual(starts, [`${ACTION}/start`]);
  assert.deepEqual(posts, [{ url: ACTION, key: "k", body: { email: "ann@example.com", _started: "signed" } }]);
});

test("what is wrong is not sent again", async () => {
  const { client, posts } = clientOf(json(422, { success: false, message: "Wrong.", errors: { email: "No." }, codes: {} }));
  const outcome = await client.send(bodyOf({ email: "" }));
  assert.deepEqual([outcome.ok, outcome.retry, outcome.errors], [false, false, { email: "No." }]);
  assert.equal(posts.length, 1);
});

test("a broken connection and an overload are retried with one key", async () => {
  const { client, posts, pauses } = clientOf(new TypeError("network"), json(503, {}), new Response("<h1>", { status: 502 }), json(200, STORED));
  const waits = [];
  const outcome = await client.send(bodyOf({ a: "b" }), { onWait: ({ message, seconds }) => waits.push([message, seconds]) });
  assert.equal(outcome.ok, true);
  assert.equal(posts.length, 4);
  assert.equal(new Set(posts.map(({ key }) => key)).size, 1);
  assert.deepEqual(waits.map(([message]) => message), [words.offline, words.busy, words.busy]);
  assert.ok(pauses.every(({ wakeable }) => wakeable));
  assert.ok(pauses[2].milliseconds > pauses[0].milliseconds);
});

test("Retry-After is obeyed, whatever else happens", async () => {
  const { client, pauses } = clientOf(json(429, {}, { "Retry-After": "7" }), json(200, STORED));
  assert.equal((await client.send(bodyOf({ a: "b" }))).ok, true);
  assert.equal(pauses.length, 1);
  assert.equal(pauses[0].wakeable, false);
  assert.ok(pauses[0].milliseconds > 6900 && pauses[0].milliseconds <= 7000);
});

test("Retry-After may be a date", async () => {
  const date = new Date(Date.now() + 9000).toUTCString();
  const { client, pauses } = clientOf(json(503, {}, { "Retry-After": date }), json(200, STORED));
  await client.send(bodyOf({ a: "b" }));
  assert.ok(pauses[0].milliseconds > 6000 && pauses[0].milliseconds <= 9000);
});

test("attempts end after a while", async () => {
  const { client, posts } = clientOf(...Array.from({ length: 20 }, () => json(500, {})));
  const outcome = await client.send(bodyOf({ a: "b" }));
  assert.deepEqual([outcome.ok, outcome.retry, posts.length], [false, true, 12]);
});

test("a site that may not submit is told so, and sends nothing again", async () => {
  const { client, posts, answers } = clientOf(new TypeError("CORS"));
  answers.start = () => json(403, { message: "Not from this site." });
  const outcome = await client.send(bodyOf({ a: "b" }));
  assert.deepEqual([outcome.status, outcome.message, outcome.retry], [403, "Not from this site.", false]);
  assert.equal(posts.length, 1);
});

test("an aborted submission ends without an outcome", async () => {
  const abort = new AbortController();
  const { client, posts } = clientOf(json(500, {}), json(200, STORED));
  const outcome = await client.send(bodyOf({ a: "b" }), { signal: abort.signal, onWait: () => abort.abort() });
  assert.equal(outcome, null);
  assert.equal(posts.length, 1);
});

test("without the signed time a form is sent all the same", async () => {
  const { client, posts, answers } = clientOf(json(200, STORED));
  answers.start = new TypeError("network");
  assert.equal((await client.send(bodyOf({ a: "b" }))).ok, true);
  assert.deepEqual(posts[0].body, { a: "b" });
});

const challenge = (cost = 10) => ({
  parameters: { algorithm: "PBKDF2/SHA-256", nonce: "00112233445566778899aabbccddeeff", salt: "0102", cost, keyLength: 32, keyPrefix: "00" },
  signature: createHash("sha256").update(String(cost)).digest("hex"),
});

test("a challenge is solved", async () => {
  const made = challenge();
  const { challenge: returned, solution } = JSON.parse(atob(await solve(made)));
  assert.deepEqual(returned, made);
  const counter = Buffer.alloc(4);
  counter.writeUInt32BE(solution.counter);
  const password = Buffer.concat([Buffer.from(made.parameters.nonce, "hex"), counter]);
  const key = pbkdf2Sync(password, Buffer.from("0102", "hex"), 10, 32, "sha256").toString("hex");
  assert.equal(solution.derivedKey, key);
  assert.match(key, /^00/);
});

test("a spent challenge is replaced, with the same key", async () => {
  const { client, posts, answers, starts } = clientOf(json(422, { codes: { altcha: ["challenge"] } }), json(200, STORED));
  answers.start = () => json(200, { data: { started: "signed", challenge: challenge(10 + starts.length) } });
  assert.equal((await client.send(bodyOf({ a: "b" }))).ok, true);
  const [first, second] = posts;
  assert.equal(first.key, second.key);
  assert.notEqual(first.body.altcha, second.body.altcha);
});

test("an object is sent as a form, a list as repeated names", async () => {
  let sent;
  const fetch = async (_, options) => (options.method ? ((sent = [...options.body]), json(200, STORED)) : json(200, START));
  await submit(ACTION, { topics: ["sales", "support"], none: null, name: "Ann" }, { fetch });
  assert.deepEqual(sent, [["topics", "sales"], ["topics", "support"], ["name", "Ann"], ["_started", "signed"]]);
});

test("tokens do not make another submission of the same content", () => {
  const body = bodyOf({ name: "Ann", altcha: "x", "cf-turnstile-response": "y", _started: "z" });
  body.append("cv", new File(["abc"], "cv.pdf", { lastModified: 5 }));
  assert.deepEqual(entriesOf(body), [["name", "Ann"], ["cv", ["cv.pdf", 3, 5]]]);
});

test("keys are unique and fit into a header", () => {
  const keys = new Set(Array.from({ length: 1000 }, newKey));
  assert.equal(keys.size, 1000);
  for (const key of keys) assert.match(key, /^[0-9a-z-]{4,40}$/);
});

test("the sentences are the service's in another language, but for those that the site has replaced", async () => {
  const { client, answers } = clientOf(json(200, STORED));
  const before = { ...words };
  words.busy = "Momentito";
  answers.start = () => json(200, { success: true, data: { started: "signed", challenge: null, words: { busy: "x", sending: "Wird gesendet …" } } });
  await client.start();
  assert.equal(words.busy, "Momentito");
  assert.equal(words.sending, "Wird gesendet …");
  Object.assign(words, before);
});
