// Makes DOM nodes. Names and payloads are not trusted: they become text, never markup.

/** Make an element; attributes that start with `on` are listeners, those that are false or null are left out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

export function fill(element, ...children) {
  element.replaceChildren(...children.flat().filter((child) => child != null && child !== false));
}

let numbered = 0;

/** Return an id that no other element has. */
export function freshId(word) {
  numbered += 1;
  return `console-${word}-${numbered}`;
}

/** Make a labelled control; screen readers read `hint` with it. */
export function field(label, control, hint) {
  control.id ||= freshId("field");
  const note = hint ? h("p", { class: "c-hint", id: `${control.id}-hint` }, hint) : null;
  if (note) control.setAttribute("aria-describedby", note.id);
  return h("div", { class: "c-field" }, h("label", { for: control.id }, label), control, note);
}

export function button(label, onclick, attributes = {}) {
  return h("button", { type: "button", class: "c-button", onclick, ...attributes }, label);
}

/** Copy text to the clipboard; return false if the browser does not allow it. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

// Without a secure context there is no navigator.clipboard.
function copyBySelection(text) {
  const focused = document.activeElement;
  const area = h("textarea", { class: "c-offscreen", "aria-hidden": "true", tabindex: "-1" });
  area.value = text;
  document.body.append(area);
  area.select();
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    area.remove();
    focused?.focus();
  }
}
