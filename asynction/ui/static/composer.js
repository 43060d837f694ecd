// The composer of an event: its args one by one, its ack, and code that does the same.

import { button, copyText, field, fill, freshId, h } from "./dom.js";
import { JsonEditor, pretty } from "./editor.js";
import { shownArgs, violationList } from "./log.js";
import { LANGUAGES } from "./snippets.js";
import { argSchema, compileArgs, errorOf, sample, takesBytes } from "./validator.js";

export const ACK_WAIT = 20_000;
const TYPING_PAUSE = 150;
const MAX_ARGS = 20;

/** Judge an ack: `{tone, badge, violations, error}`. */
export function judgeAck({ error, args }, check, declared) {
  if (error) return { tone: "warn", badge: "no ack", violations: [], error: null };
  const refused = errorOf(args);
  if (refused) return { tone: "bad", badge: `error ${refused.status}`, violations: [], error: refused };
  const violations = declared ? check(args) : [];
  const badge = violations.length ? "breaks the contract" : "ok";
  return { tone: violations.length ? "bad" : "ok", badge, violations, error: null };
}

/** Return the args to start from: an example of the contract, or else one made from the schema. */
export function startingArgs(event) {
  if (event.examples?.length) return event.examples[0];
  const minArgs = event.args?.minArgs ?? 0;
  const listed = event.args?.maxArgs ?? minArgs;
  return Array.from({ length: Math.min(Math.max(minArgs, Math.min(listed, 1)), MAX_ARGS) }, (_, index) =>
    sample(event.args?.schema, argSchema(event.args, index)),
  );
}

/**
 * The composer of one namespace; `call(name, args)` sends and resolves to the ack, `about()` returns the options of
 * the connection.
 */
export class Composer {
  constructor({ namespace, Validator, http, call, about }) {
    Object.assign(this, { namespace, Validator, http, call, about });
    this.editors = [];
    this.picker = this.makePicker();
    this.summary = h("p", { class: "c-hint" });
    this.samples = h("div", {});
    this.args = h("div", { class: "c-args" });
    this.more = h("div", { class: "c-row" });
    this.broken = h("div", { role: "status" });
    this.status = h("p", { class: "c-ack-status", role: "status" });
    this.ack = h("div", { class: "c-ack" });
    this.snippet = h("div", { class: "c-snippet" });
    this.element = this.makeElement();
    if (namespace.receives.length) this.choose(namespace.receives[0].name);
  }

  makeElement() {
    const title = h("h3", {}, "Send");
    if (!this.namespace.receives.length) {
      return h("section", { class: "c-part" }, title, h("p", { class: "c-hint" }, "Clients send nothing in this namespace."));
    }
    this.sendButton = button("Send", () => this.send(), { class: "c-button is-main", "aria-keyshortcuts": "Control+Enter" });
    const languages = LANGUAGES.filter(([name]) => name !== "curl" || this.http);
    const row = h(
      "div",
      { class: "c-row c-spread" },
      h("div", { class: "c-row" }, this.sendButton, h("kbd", { class: "c-keys" }, "Ctrl+Enter")),
      h(
        "div",
        { class: "c-row", role: "group", "aria-label": "Copy as" },
        h("span", { class: "c-hint", "aria-hidden": "true" }, "Copy as"),
        languages.map(([, label, write]) => button(label, () => this.copy(label, write), { class: "c-link", "aria-label": `Copy as ${label}` })),
      ),
    );
    const choice = h("div", { class: "c-pair" }, field("Event", this.picker), this.samples);
    const parts = [title, choice, this.summary, this.args, this.more, this.broken, row];
    return h(
      "section",
      { class: "c-part", "aria-label": "Send", onkeydown: (event) => this.onKey(event) },
      ...parts,
      this.snippet,
      this.status,
      this.ack,
    );
  }

  makePicker() {
    const options = this.namespace.receives.map(({ name }) => h("option", { value: name }, name));
    return h("select", { onchange: () => this.choose(this.picker.value) }, options);
  }

  onKey(event) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    this.send();
  }

  /** Show an event, with `args` if given; return false if the namespace has no event of that name. */
  choose(name, args) {
    const event = this.namespace.receives.find((each) => each.name === name);
    if (!event) return false;
    this.event = event;
    this.check = compileArgs(this.Validator, event.args);
    this.checkAck = compileArgs(this.Validator, event.ack);
    this.picker.value = name;
    this.summary.textContent = event.summary ?? "";
    fill(this.samples, this.makeSamples(event));
    fill(this.snippet);
    fill(this.ack);
    this.status.textContent = "";
    this.load(args ?? startingArgs(event));
    return true;
  }

  makeSamples({ examples }) {
    if (!examples || examples.length < 2) return null;
    const options = examples.map((_, index) => h("option", { value: index }, `Example ${index + 1}`));
    const choice = h("select", { onchange: () => this.load(examples[choice.value]) }, options);
    return field("Start from", choice);
  }

  load(args) {
    this.editors = args.map((arg, index) => this.makeEditor(index, arg));
    this.layOut();
  }

  makeEditor(index, value) {
    const schema = argSchema(this.event.args, index);
    const kind = takesBytes(schema) ? "binary" : [schema.type].flat().filter(Boolean).join(" or ");
    const title = typeof schema.title === "string" ? ` · ${schema.title}` : "";
    const label = `Arg ${index + 1}${title}${kind ? ` (${kind})` : ""}`;
    return new JsonEditor({ label, hint: hintFor(schema), text: pretty(value), onInput: () => this.changed() });
  }

  layOut() {
    fill(this.args, this.editors.map((editor) => editor.element));
    const { minArgs = 0, maxArgs = null } = this.event.args ?? {};
    const count = this.editors.length;
    fill(
      this.more,
      count < Math.min(maxArgs ?? MAX_ARGS, MAX_ARGS) && button("Add an arg", () => this.addArg(), { class: "c-link" }),
      count > minArgs && button("Remove the last arg", () => this.removeArg(), { class: "c-link" }),
      count === 0 && h("span", { class: "c-hint" }, "No args."),
    );
    this.mark();
  }

  addArg() {
    const index = this.editors.length;
    this.editors.push(this.makeEditor(index, sample(this.event.args?.schema, argSchema(this.event.args, index))));
    this.layOut();
    this.editors.at(-1).focus();
  }

  removeArg() {
    this.editors.pop();
    this.layOut();
    (this.editors.at(-1) ?? this.picker).focus();
  }

  changed() {
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.mark(), TYPING_PAUSE);
  }

  /** Return the args, or null if one is not JSON; violations of the schema are marked in either case. */
  mark() {
    clearTimeout(this.typing);
    const read = this.editors.map((editor) => editor.read());
    const bad = read.findIndex(({ error }) => error);
    const args = bad < 0 ? read.map(({ value }) => value) : null;
    const violations = args ? this.check(args) : [];
    this.editors.forEach((editor, index) => editor.show(violationsOf(index, violations)));
    const whole = violations.filter(({ pointer }) => pointer === "");
    const unchecked = this.check.problem ? [{ pointer: "", message: `not checked here: ${this.check.problem}` }] : [];
    fill(this.broken, violationList([...whole, ...unchecked]));
    this.sendButton.textContent = violations.length ? "Send anyway" : "Send";
    if (bad >= 0) this.firstBad = this.editors[bad];
    return args;
  }

  async send() {
    const args = this.mark();
    if (!args) {
      this.status.textContent = "Not sent: an arg is not JSON.";
      this.firstBad.focus();
      return;
    }
    const { event, checkAck } = this;
    this.status.textContent = "Waiting for the ack…";
    fill(this.ack);
    this.sendButton.disabled = true;
    let answer;
    try {
      answer = await this.call(event, args);
    } catch (error) {
      this.status.textContent = `Not sent: ${error.message}`;
      return;
    } finally {
      this.sendButton.disabled = false;
    }
    if (event === this.event) this.showAck(answer, judgeAck(answer, checkAck, event.ack));
  }

  showAck(answer, { tone, badge, violations, error }) {
    const time = `${Math.round(answer.ms)} ms`;
    const words = answer.error ? ackProblem(answer.error) : `ack after ${time}`;
    fill(this.status, h("span", { class: `c-badge is-${tone}` }, badge), " ", words);
    if (answer.error) {
      fill(this.ack);
      return;
    }
    fill(
      this.ack,
      error && this.makeError(error),
      violationList(violations),
      h("pre", { class: "c-json", tabindex: "0", "aria-label": "Args of the ack" }, shownArgs(answer.args)),
      !this.event.ack && h("p", { class: "c-hint" }, "The contract does not describe this ack."),
    );
  }

  makeError({ status, title, detail, pointer }) {
    const known = typeof pointer === "string" && pointer;
    if (known) this.markAt(pointer, typeof detail === "string" ? detail : title);
    return h(
      "p",
      { class: "c-error" },
      h("strong", {}, `${status} ${title}`),
      typeof detail === "string" && `: ${detail}`,
      known && " at ",
      known && h("span", { class: "c-place" }, pointer),
    );
  }

  // If the console has found no violation, mark the error of the server instead.
  markAt(pointer, message) {
    const editor = this.editors[Number(pointer.split("/")[1])];
    const args = editor ? this.mark() : null;
    if (args && this.check(args).length === 0) {
      editor.show([{ pointer: pointer.replace(/^\/\d+/, ""), message: `the server says: ${message}` }]);
    }
  }

  async copy(label, write) {
    const args = this.mark();
    if (!args) {
      this.status.textContent = "Nothing to copy: an arg is not JSON.";
      return;
    }
    let code;
    try {
      code = write({ ...this.about(), event: this.event.name, list: this.event.list, args });
    } catch (error) {
      this.status.textContent = `Nothing to copy: ${error.message}`;
      return;
    }
    const copied = await copyText(code);
    const close = button("Close", () => fill(this.snippet), { class: "c-link" });
    const note = h("span", { class: "c-hint", role: "status", id: freshId("snippet") }, copied ? `Copied as ${label}` : label);
    fill(
      this.snippet,
      h("div", { class: "c-row c-spread" }, note, close),
      h("pre", { class: "c-json", tabindex: "0", "aria-labelledby": note.id }, code),
    );
  }
}

function hintFor(schema) {
  const words = typeof schema.description === "string" ? schema.description : "";
  const bytes = JSON.stringify(schema).includes('"binary"') ? 'Bytes are written {"$binary": "<base64>"}.' : "";
  return [words, bytes].filter(Boolean).join(" ");
}

// Each editor has one arg, so its pointers do not start with the number of the arg.
function violationsOf(index, violations) {
  const prefix = `/${index}`;
  return violations
    .filter(({ pointer }) => pointer === prefix || pointer.startsWith(`${prefix}/`))
    .map(({ pointer, message }) => ({ pointer: pointer.slice(prefix.length), message }));
}

function ackProblem(message) {
  if (/timed out/.test(message)) return `no ack within ${ACK_WAIT / 1000} seconds.`;
  return /disconnected/.test(message) ? "the connection ended before the ack." : message;
}
