// Keeps what is being sent in sessionStorage, so that it survives a reload of the tab. Never files or passwords.
import { controlsOf } from "./errors.js";

const MAX_AGE = 86_400_000; // the service remembers keys for 24 hours
const TOKENS = /^(altcha|_started|(cf-turnstile|h-captcha|g-recaptcha)-response)$/;

const storageKey = (action) => `forms-service ${action}`;

/** Return pairs of name and value without tokens, which differ between attempts; of a file, what tells it apart. */
export const entriesOf = (body) =>
  [...body]
    .filter(([name]) => !TOKENS.test(name))
    .map(([name, value]) => [name, typeof value === "string" ? value : [value.name, value.size, value.lastModified]]);

export function keep(form, action, key, entries) {
  const isSecret = controlsOf(form).some((control) => control.type === "password" || control.files?.length);
  if (isSecret || form.hasAttribute("data-no-storage")) return;
  const texts = entries.filter(([, value]) => typeof value === "string");
  guarded(() => sessionStorage.setItem(storageKey(action), JSON.stringify({ key, entries: texts, at: Date.now() })));
}

export const forget = (action) => guarded(() => sessionStorage.removeItem(storageKey(action)));

/** Return what was not sent before the page was left, if anything. */
export function recall(action) {
  const record = guarded(() => JSON.parse(sessionStorage.getItem(storageKey(action))));
  return record && Date.now() - record.at < MAX_AGE ? record : null;
}

/** Put values back into the form's controls. */
export function refill(form, entries) {
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

// storage may be full or forbidden
function guarded(step) {
  try {
    return step();
  } catch {
    return null;
  }
}
