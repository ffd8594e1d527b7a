// Shows what is wrong beside the fields. Text nodes only: a site's policy may require Trusted Types.

const undo = new WeakMap();
let count = 0;

/** The elements of a form; a control named "elements" would hide the property. */
export const controlsOf = (form) => [...Reflect.get(HTMLFormElement.prototype, "elements", form)];

const nameOf = (control) => control.name.replace(/\[\]$/, "");

/** Show messages by field name; return those without a visible control. */
export function showErrors(form, errors) {
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

export function clearErrors(form) {
  for (const step of undo.get(form) ?? []) step();
  undo.delete(form);
}
