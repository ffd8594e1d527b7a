export { FormClient, newKey, submit } from "./client.js";
export { solve } from "./altcha.js";
export { words } from "./words.js";
export { enhance, install } from "./page.js";
