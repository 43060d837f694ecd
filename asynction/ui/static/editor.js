// A JSON editor: a textarea with numbered lines, in which violations of the schema are marked.

import { button, field, fill, freshId, h } from "./dom.js";

const MAX_DEPTH = 500;
const MOST_ROWS = 18;
const LITERALS = /true|false|null/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SPACE = /[ \t\n\r]*/y;

class JsonError extends Error {
  constructor(message, offset) {
    super(message);
    this.offset = offset;
  }
}

/** Scans JSON text and stores the position of the value of each pointer. */
class Scanner {
  constructor(text) {
    this.text = text;
    this.at = 0;
    this.positions = new Map();
  }

  document() {
    this.value("", 0);
    this.space();
    if (this.at < this.text.length) this.fail("there is more text after the value");
  }

  match(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  space() {
    this.match(SPACE);
  }

  fail(message) {
    throw new JsonError(message, Math.min(this.at, this.text.length));
  }

  takes(character) {
    this.space();
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }

  value(pointer, depth) {
    if (depth > MAX_DEPTH) this.fail(`nested deeper than ${MAX_DEPTH} levels`);
    this.space();
    const start = this.at;
    if (this.takes("{")) this.object(pointer, depth);
    else if (this.takes("[")) this.array(pointer, depth);
    else this.scalar();
    this.positions.set(pointer, { start, end: this.at });
  }

  scalar() {
    const first = this.text[this.at];
    if (first === undefined) this.fail("a value is missing");
    if (first === '"') this.string();
    else if ((this.match(LITERALS) ?? this.match(NUMBER)) === undefined) this.fail("not a JSON value");
  }

  string() {
    const found = this.match(STRING);
    if (found === undefined) this.fail("the string does not end, or has a character that must be escaped");
    return JSON.parse(found);
  }

  object(pointer, depth) {
    if (this.takes("}")) return;
    const keys = new Set();
    do {
      this.space();
      if (this.text[this.at] !== '"') this.fail('a name in "quotes" is missing');
      const start = this.at;
      const key = this.string();
      if (keys.has(key)) this.failAt(`the name ${JSON.stringify(key)} occurs twice`, start);
      keys.add(key);
      if (!this.takes(":")) this.fail("a : is missing");
      this.value(`${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`, depth + 1);
    } while (this.takes(","));
    if (!this.takes("}")) this.fail("a , or } is missing");
  }

  failAt(message, offset) {
    throw new JsonError(message, offset);
  }

  array(pointer, depth) {
    if (this.takes("]")) return;
    let index = 0;
    do {
      this.value(`${pointer}/${index}`, depth + 1);
      index += 1;
    } while (this.takes(","));
    if (!this.takes("]")) this.fail("a , or ] is missing");
  }
}

/** Read JSON text: `{value, positions}`, or `{error: {message, line, column, offset}}`. */
export function scan(text) {
  const scanner = new Scanner(text);
  try {
    scanner.document();
    return { value: JSON.parse(text), positions: scanner.positions, error: null };
  } catch (error) {
    const offset = error.offset ?? 0;
    return { positions: scanner.positions, error: { message: error.message, offset, ...lineOf(text, offset) } };
  }
}

/** Return the line and column, from 1, of an offset in a text. */
export function lineOf(text, offset) {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  return { line, column: offset - before.lastIndexOf("\n") };
}

/** Return the position of the value of a pointer, or of the nearest value around it. */
export function locate(text, positions, pointer) {
  let nearest = pointer;
  while (nearest && !positions.has(nearest)) nearest = nearest.slice(0, nearest.lastIndexOf("/"));
  const { start, end } = positions.get(nearest) ?? { start: 0, end: 0 };
  return { start, end, ...lineOf(text, start) };
}

/** Find the line of each violation. */
export function marksOf(text, violations) {
  const { positions, error } = scan(text);
  if (error) return [{ ...error, start: error.offset, end: error.offset, pointer: null, message: `Not JSON: ${error.message}` }];
  const marks = violations.map(({ pointer, message }) => ({ pointer, message, ...locate(text, positions, pointer) }));
  return marks.sort((one, other) => one.start - other.start);
}

/** Format JSON: lists and objects on several lines, short lists of plain values on one. */
export function pretty(value) {
  const text = JSON.stringify(value, null, 2);
  if (text === undefined) return "";
  return text.replace(/\[\n\s+([^[\]{}"]{0,60}?)\n\s*\]/g, (whole, inner) => `[${inner.replace(/\s*\n\s*/g, " ")}]`);
}

/** A labelled editor for one JSON value. `onInput` is called on changes; an `optional` one may be empty. */
export class JsonEditor {
  constructor({ label, hint, text = "", optional = false, onInput = () => {} }) {
    this.optional = optional;
    this.onInput = onInput;
    this.drawn = 0;
    this.lines = h("div", { class: "c-lines", "aria-hidden": "true" });
    this.problems = h("ul", { class: "c-problems", id: freshId("problems") });
    this.count = h("p", { class: "c-offscreen", role: "status" });
    this.area = this.makeArea();
    this.element = h("div", { class: "c-editor" }, this.makeField(label, hint), this.problems, this.count);
    this.text = text;
  }

  makeArea() {
    return h("textarea", {
      class: "c-code",
      wrap: "off",
      spellcheck: "false",
      autocapitalize: "off",
      autocomplete: "off",
      oninput: () => this.changed(),
      onscroll: () => this.followScroll(),
    });
  }

  makeField(label, hint) {
    const element = field(label, this.area, hint);
    const described = [this.area.getAttribute("aria-describedby"), this.problems.id].filter(Boolean);
    this.area.setAttribute("aria-describedby", described.join(" "));
    const head = h("div", { class: "c-field-head" }, element.firstChild, this.makeFormat(label));
    const box = h("div", { class: "c-code-box" }, this.lines);
    this.area.replaceWith(box);
    box.append(this.area);
    element.prepend(head);
    return element;
  }

  makeFormat(label) {
    return button("Format", () => this.format(), { class: "c-link", "aria-label": `Format ${label}` });
  }

  get text() {
    return this.area.value;
  }

  set text(text) {
    this.area.value = text;
    this.show([]);
  }

  /** Return `{value}`, `{empty: true}` or `{error}`. */
  read() {
    if (this.optional && this.text.trim() === "") return { empty: true, error: null };
    return scan(this.text);
  }

  changed() {
    this.draw();
    this.onInput();
  }

  format() {
    const { value, error, empty } = this.read();
    if (error || empty) return;
    this.area.value = pretty(value);
    this.changed();
  }

  /** Mark violations `{pointer, message}`; text that is not JSON is marked without any. */
  show(violations) {
    const marks = this.read().empty ? [] : marksOf(this.text, violations);
    this.marked = new Set(marks.map(({ line }) => line));
    this.draw(true);
    fill(this.problems, marks.map((mark) => this.makeProblem(mark)));
    this.area.setAttribute("aria-invalid", String(marks.length > 0));
    const summary = marks.length ? `${marks.length} ${marks.length === 1 ? "problem" : "problems"}` : "";
    if (this.count.textContent !== summary) this.count.textContent = summary;
  }

  makeProblem(mark) {
    const position = h("span", { class: "c-place" }, `line ${mark.line}${mark.pointer ? ` ${mark.pointer}` : ""}`);
    const select = () => {
      this.area.focus();
      this.area.setSelectionRange(mark.start, mark.end);
    };
    return h("li", {}, h("button", { type: "button", class: "c-problem", onclick: select }, position, " ", mark.message));
  }

  draw(remark = false) {
    const count = this.text.split("\n").length;
    this.area.setAttribute("rows", String(Math.min(Math.max(count, 2), MOST_ROWS)));
    while (this.drawn < count) {
      this.drawn += 1;
      this.lines.append(h("div", { class: "c-line" }, String(this.drawn)));
    }
    while (this.drawn > count) {
      this.drawn -= 1;
      this.lines.lastChild.remove();
    }
    if (remark) [...this.lines.children].forEach((line, index) => line.classList.toggle("is-bad", this.marked.has(index + 1)));
    this.followScroll();
  }

  followScroll() {
    this.lines.scrollTop = this.area.scrollTop;
  }

  focus() {
    this.area.focus();
  }
}
