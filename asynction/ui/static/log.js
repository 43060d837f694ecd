// The log: events sent and received, with their violations of the contract.

import { button, copyText, field, fill, h } from "./dom.js";
import { JsonEditor, pretty } from "./editor.js";

export const LIMIT = 500;
const PREVIEW = 160;
const MAX_LENGTH = 100_000;

export const emptyLog = Object.freeze({ entries: [], held: [], paused: false, text: "", kind: "all", dropped: 0 });

const STEPS = {
  add: (state, { entry }) =>
    state.paused
      ? bounded(state, "held", [...state.held, entry])
      : bounded(state, "entries", [...state.entries, entry]),
  pause: (state) => ({ ...state, paused: true }),
  resume: (state) => bounded({ ...state, held: [], paused: false }, "entries", [...state.entries, ...state.held]),
  clear: (state) => ({ ...state, entries: [], held: [], dropped: 0 }),
  filter: (state, { text = state.text, kind = state.kind }) => ({ ...state, text, kind }),
};

function bounded(state, name, list) {
  const extra = Math.max(list.length - LIMIT, 0);
  return { ...state, [name]: extra ? list.slice(extra) : list, dropped: state.dropped + extra };
}

/** Return the log after an action: `add`, `pause`, `resume`, `clear` or `filter`. */
export function reduceLog(state, action) {
  return STEPS[action.type](state, action);
}

export const KINDS = [
  ["all", "Everything", () => true],
  ["in", "Received", (entry) => entry.direction === "in"],
  ["out", "Sent", (entry) => entry.direction === "out" || entry.direction === "ack"],
  ["marked", "Breaks the contract", (entry) => entry.violations.length > 0],
];

/** Return the entries that match the filter, the newest first. */
export function visible({ entries, text, kind }) {
  const isKind = KINDS.find(([name]) => name === kind)[2];
  const wanted = text.trim().toLowerCase();
  const shown = entries.filter((entry) => isKind(entry) && (!wanted || haystack(entry).includes(wanted)));
  return shown.reverse();
}

function haystack(entry) {
  entry.searched ??= `${entry.namespace} ${entry.event} ${entry.preview}`.toLowerCase();
  return entry.searched;
}

let count = 0;

/** Make an entry of the log; `direction` is `in`, `out`, `ack` or `state`. */
export function makeEntry({ direction, namespace, event, args = [], violations = [], note = "", ...more }) {
  count += 1;
  const text = args.map((arg) => JSON.stringify(arg)).join(", ");
  const preview = direction === "state" ? note : text.slice(0, 4000);
  return { id: count, time: new Date(), direction, namespace, event, args, violations, note, preview, ...more };
}

export function clock(time) {
  const digits = (number, width = 2) => String(number).padStart(width, "0");
  const [hours, minutes, seconds] = [time.getHours(), time.getMinutes(), time.getSeconds()];
  return `${digits(hours)}:${digits(minutes)}:${digits(seconds)}.${digits(time.getMilliseconds(), 3)}`;
}

const WORDS = { in: "received", out: "sent", ack: "ack", state: "connection" };
const ARROWS = { in: "↓", out: "↑", ack: "↩", state: "•" };

/** Shows a log; its buttons call `onResend(entry)` and `onEdit(entry)`. */
export class LogView {
  constructor({ onResend, onEdit }) {
    this.onResend = onResend;
    this.onEdit = onEdit;
    this.state = emptyLog;
    this.nodes = new Map();
    this.waiting = false;
    this.list = h("ol", { class: "c-log", tabindex: "0", "aria-label": "Log, newest first" });
    this.note = h("p", { class: "c-hint", role: "status" });
    this.element = h("section", { class: "c-part", "aria-label": "Log" }, this.makeHead(), this.list, this.note);
    this.render();
  }

  makeHead() {
    this.pause = button("Pause", () => this.act({ type: this.state.paused ? "resume" : "pause" }));
    const clear = button("Clear", () => this.act({ type: "clear" }));
    const text = h("input", {
      type: "search",
      oninput: (event) => this.act({ type: "filter", text: event.target.value }),
    });
    const kind = h(
      "select",
      { onchange: (event) => this.act({ type: "filter", kind: event.target.value }) },
      KINDS.map(([name, label]) => h("option", { value: name }, label)),
    );
    return [
      h("div", { class: "c-row c-spread" }, h("h3", {}, "Log"), h("div", { class: "c-row" }, this.pause, clear)),
      h("div", { class: "c-pair" }, field("Filter", text), field("Show", kind)),
    ];
  }

  add(fields) {
    const entry = makeEntry(fields);
    this.act({ type: "add", entry });
    return entry;
  }

  act(action) {
    this.state = reduceLog(this.state, action);
    // A burst of events is drawn only once.
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.render();
    });
  }

  render() {
    const { entries, held, paused, dropped } = this.state;
    const shown = visible(this.state);
    const alive = new Set(entries.map(({ id }) => id));
    for (const id of this.nodes.keys()) if (!alive.has(id)) this.nodes.delete(id);
    this.arrange(shown.map((entry) => this.nodeOf(entry)));
    this.pause.textContent = paused ? `Resume${held.length ? ` (${held.length} new)` : ""}` : "Pause";
    this.pause.setAttribute("aria-pressed", String(paused));
    const hidden = entries.length - shown.length;
    fill(this.note, [
      entries.length === 0 && "Nothing yet: events that are sent and received appear here.",
      hidden > 0 && `${hidden} hidden by the filter. `,
      dropped > 0 && `The oldest ${dropped} were removed: the log keeps ${LIMIT} entries.`,
    ]);
  }

  // Nodes that are not moved keep their focus, and their details stay open.
  arrange(nodes) {
    const wanted = new Set(nodes);
    for (const node of [...this.list.children]) if (!wanted.has(node)) node.remove();
    let next = this.list.firstChild;
    for (const node of nodes) {
      if (node === next) next = next.nextSibling;
      else this.list.insertBefore(node, next);
    }
  }

  nodeOf(entry) {
    if (!this.nodes.has(entry.id)) this.nodes.set(entry.id, this.makeNode(entry));
    return this.nodes.get(entry.id);
  }

  makeNode(entry) {
    const classes = ["c-entry", `is-${entry.direction}`, entry.violations.length && "is-marked", entry.problem && "is-problem"];
    const head = [
      h("span", { class: "c-arrow", "aria-hidden": "true" }, ARROWS[entry.direction]),
      h("span", { class: "c-offscreen" }, WORDS[entry.direction]),
      h("span", { class: "c-name" }, entry.event ?? entry.namespace),
      h("span", { class: "c-preview" }, entry.preview.slice(0, PREVIEW)),
      entry.badge && h("span", { class: `c-badge is-${entry.tone ?? "ok"}` }, entry.badge),
      h("time", { datetime: entry.time.toISOString() }, clock(entry.time)),
    ];
    const item = h("li", { class: classes.filter(Boolean).join(" ") });
    if (entry.direction === "state") item.append(h("div", { class: "c-entry-head" }, head));
    else item.append(this.makeDetails(entry, head));
    return item;
  }

  makeDetails(entry, head) {
    const body = h("div", { class: "c-entry-body" });
    const details = h("details", {}, h("summary", { class: "c-entry-head" }, head), body);
    // Details are made when an entry is opened: most never are.
    details.addEventListener("toggle", () => details.open && !body.firstChild && body.append(...this.makeBody(entry)));
    return details;
  }

  makeBody(entry) {
    const copy = button("Copy JSON", async () => {
      copy.textContent = (await copyText(JSON.stringify(entry.args))) ? "Copied" : "Not copied";
    });
    const sent = entry.direction === "out";
    return [
      violationList(entry.violations),
      entry.note && h("p", { class: "c-hint" }, entry.note),
      h("pre", { class: "c-json", tabindex: "0", "aria-label": "Args" }, shownArgs(entry.args)),
      h("p", { class: "c-hint" }, `Namespace ${entry.namespace}`),
      h(
        "div",
        { class: "c-row" },
        sent && button("Resend", () => this.onResend(entry)),
        sent && button("Edit", () => this.onEdit(entry)),
        copy,
      ),
      entry.answer && makeAnswer(entry),
    ].filter(Boolean);
  }
}

// The server waits for an ack, which can be sent once.
function makeAnswer(entry) {
  const editor = new JsonEditor({ label: "Ack: a list of args", text: pretty(entry.ackSample ?? []) });
  const send = button("Send ack", () => {
    const { value, error } = editor.read();
    if (error || !Array.isArray(value)) {
      editor.show(error ? [] : [{ pointer: "", message: "must be a list" }]);
      return;
    }
    const failure = entry.answer(value);
    if (failure) editor.show([{ pointer: "", message: failure }]);
    else fill(holder, h("p", { class: "c-hint" }, "Answered."));
  });
  const holder = h("div", { class: "c-answer" }, editor.element, h("div", { class: "c-row" }, send));
  return holder;
}

/** Format args, one after the other. */
export function shownArgs(args) {
  if (args.length === 0) return "(no args)";
  const text = args.map(pretty).join(",\n");
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}\n… (${text.length} characters in all)` : text;
}

/** Make a list of the violations, or return null if there are none. */
export function violationList(violations) {
  if (violations.length === 0) return null;
  const rows = violations.map(({ pointer, message }) =>
    h("li", {}, pointer && h("span", { class: "c-place" }, pointer), pointer && " ", message),
  );
  return h("ul", { class: "c-violations" }, rows);
}
