// Prints, as JSON, what the evaluator finds in each policy of the JSON list on stdin.
import { readFileSync } from "node:fs";
import { CspEvaluator } from "csp_evaluator/dist/evaluator.js";
import { CspParser } from "csp_evaluator/dist/parser.js";

const policies = JSON.parse(readFileSync(0, "utf8"));
const findings = policies.flatMap((policy) => new CspEvaluator(new CspParser(policy).csp).evaluate());
console.log(JSON.stringify(findings.map(({ directive, description }) => `${directive}: ${description}`)));
