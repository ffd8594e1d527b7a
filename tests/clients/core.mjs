// What @formspree/core makes of the service's answers: node core.mjs ENDPOINT FORM json|form '{"name": "value"}'
import { createClient, isSubmissionError } from "@formspree/core";

const [endpoint, form, kind, values] = process.argv.slice(2);
let data = JSON.parse(values);
if (kind === "form") {
  const fields = new FormData();
  for (const [name, value] of Object.entries(data)) fields.append(name, value);
  data = fields;
}
const result = await createClient().submitForm(form, data, { endpoint });
const said = isSubmissionError(result)
  ? { form: result.getFormErrors(), fields: Object.fromEntries(result.getAllFieldErrors()) }
  : { next: result.next };
console.log(JSON.stringify({ kind: result.kind, ...said }));
