// Prints the body if standardwebhooks verifies it: node verify.mjs SECRET '{"webhook-id": …}' < body
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

const [secret, headers] = process.argv.slice(2);
const body = readFileSync(0, "utf8");
console.log(JSON.stringify(new Webhook(secret).verify(body, JSON.parse(headers))));
