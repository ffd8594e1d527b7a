// Entry of /f/{id}.js: builds the form from its definition, where the page has <div data-form="ID">.
import { watch } from "./page.js";

let built = 0;

function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

// pairs of text and URL
const rich = (pieces, words) =>
  pieces.map(([text, href]) =>
    href ? el("a", { href, target: "_blank", rel: "noopener noreferrer", title: words.new_tab }, text) : text,
  );

const star = (control) => (control.required ? el("span", { class: "forms-service-required", "aria-hidden": "true" }, " *") : "");

function buildField(control, id, words) {
  const help = control.help.length ? el("p", { id: `${id}-help`, class: "forms-service-help" }, rich(control.help, words)) : "";
  const described = help ? `${id}-help` : null;
  const label = [rich(control.label, words), star(control)];
  if (control.kind === "radio" || control.kind === "checkboxes") {
    const type = control.kind === "radio" ? "radio" : "checkbox";
    const needed = control.required && type === "radio";
    if (control.required && !needed) label.push(` (${words.several})`);
    const boxes = control.choices.map(([value, text], number) =>
      el("p", { class: "forms-service-choice" },
        el("input", { id: `${id}-${number}`, type, name: control.name, value, required: needed }), " ",
        el("label", { for: `${id}-${number}` }, text)),
    );
    return el("fieldset", { class: "forms-service-field", "aria-describedby": described }, el("legend", {}, label), help, boxes);
  }
  const common = { id, name: control.name, required: control.required, "aria-describedby": described, ...control.attributes };
  const title = el("label", { for: id }, label);
  const holder = (...children) => el("div", { class: "forms-service-field" }, ...children);
  if (control.kind === "checkbox") return holder(el("input", { ...common, type: "checkbox", value: "on" }), " ", title, help);
  if (control.kind === "textarea") return holder(title, help, el("textarea", { rows: 6, ...common }));
  if (control.kind === "select") {
    const options = [["", words.choose], ...control.choices].map(([value, text]) => el("option", { value }, text));
    return holder(title, help, el("select", common, options));
  }
  return holder(title, help, el("input", { ...common, type: control.kind }));
}

function build(definition) {
  const { words, captcha } = definition;
  const query = new URLSearchParams(location.search);
  const prefix = `forms-service-${++built}-`;
  const controls = definition.controls.map((control, number) =>
    control.kind === "hidden"
      ? el("input", { type: "hidden", name: control.name, value: query.get(control.name) ?? "" })
      : buildField(control, prefix + number, words),
  );
  const trap = el("div", { hidden: true }, el("label", {}, words.trap, el("input", { name: definition.honeypot, tabindex: -1, autocomplete: "off" })));
  return el("form",
    { class: "forms-service", method: "post", action: definition.action, "accept-charset": "utf-8", "data-forms-service": "", enctype: definition.files && "multipart/form-data" },
    controls, trap, captcha && el("div", { class: captcha.name, "data-sitekey": captcha.key }), el("button", {}, words.send));
}

export function embed(definition) {
  watch(`[data-form="${CSS.escape(definition.id)}"]`, (place) => {
    place.replaceChildren(definition.closed ? el("p", { class: "forms-service-closed" }, definition.closed) : build(definition));
  });
}
