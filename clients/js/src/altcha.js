// Solves ALTCHA challenges with SubtleCrypto, which computes outside the page's thread. No worker: a site's policy
// would have to allow one.

const BATCH = 8; // attempts at once

const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Return the value of the field `altcha`. */
export async function solve(challenge) {
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
