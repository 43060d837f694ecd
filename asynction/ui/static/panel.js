// One namespace in the console: the form to connect, the state of the connection, and the composer.

import { Connection, fillNamespace, originsOf, parameterProblem, pathAt } from "./client.js";
import { ACK_WAIT, Composer, judgeAck } from "./composer.js";
import { button, field, fill, freshId, h } from "./dom.js";
import { JsonEditor, pretty } from "./editor.js";
import { argSchema, compile, compileArgs, resolve, sample } from "./validator.js";

const PHASES = {
  idle: ["off", "Not connected"],
  connecting: ["wait", "Connecting…"],
  connected: ["on", "Connected"],
  refused: ["bad", "Refused"],
  disconnected: ["off", "Disconnected"],
};

/** Describe the state of a connection. */
export function stateText(state) {
  const [, word] = PHASES[state.phase];
  if (state.phase === "connected") return `${word}, sid ${state.sid}`;
  const why = (state.problem ?? state.reason)?.trim();
  const again = state.retrying ? " Trying again…" : "";
  // The reason of a server may be a sentence with a full stop.
  return why ? `${word.replace("…", "")}: ${why}${/[.!?…]$/.test(why) ? "" : "."}${again}` : word;
}

/** Parse text with one `name=value` per line; empty lines are ignored. */
export function readPairs(text) {
  const pairs = text.split("\n").filter((line) => line.trim());
  return Object.fromEntries(
    pairs.map((line) => {
      const at = line.includes("=") ? line.indexOf("=") : line.length;
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    }),
  );
}

export class NamespacePanel {
  constructor({ api, namespace, library, Validator, log }) {
    Object.assign(this, { api, namespace, Validator, log });
    this.checks = new Map();
    this.waiters = [];
    this.connection = new Connection(library, {
      onState: (state) => this.onState(state),
      onEvent: (event) => this.onEvent(event),
    });
    this.composer = new Composer({
      namespace,
      Validator,
      http: api.http === true,
      call: (event, args) => this.call(event, args),
      about: () => this.about(),
    });
    this.element = h("div", { class: "c-panel" }, this.makeConnect(), this.composer.element);
    this.showState(this.connection.state);
  }

  makeConnect() {
    this.state = h("span", { class: "c-state-text" });
    this.dot = h("span", { class: "c-dot", "aria-hidden": "true" });
    this.refusal = h("pre", { class: "c-json", tabindex: "0", "aria-label": "Data of the refusal", hidden: true });
    this.trouble = h("p", { class: "c-error", role: "alert", hidden: true });
    this.connectButton = button("Connect", () => this.toggle(), { class: "c-button is-main" });
    this.options = h("details", { class: "c-options" }, h("summary", {}, "Connection"), this.makeForm());
    this.options.open = this.asksForSomething();
    const line = h("p", { class: "c-state", role: "status" }, this.dot, this.state);
    return h(
      "section",
      { class: "c-part", "aria-label": "Connection" },
      h("div", { class: "c-row c-spread" }, line, this.connectButton),
      this.trouble,
      this.refusal,
      this.options,
    );
  }

  asksForSomething() {
    const { parameters, handshake, security } = this.namespace;
    return Boolean(parameters.length || handshake.query || handshake.auth || security.length);
  }

  makeForm() {
    const { parameters, handshake, security } = this.namespace;
    this.parameters = parameters.map(({ name, schema }) => this.makeInput(name, schema ?? {}, true));
    this.query = this.makeInputs(handshake.query);
    this.headers = this.makeInputs(handshake.headers);
    this.extra = h("textarea", { rows: "2", spellcheck: "false", placeholder: "name=value" });
    this.auth = new JsonEditor({
      label: "auth payload (JSON)",
      hint: "If empty, none is sent.",
      text: this.authText(),
      optional: true,
      onInput: () => this.checkAuth(),
    });
    this.authCheck = compile(this.Validator, handshake.auth);
    this.origin = this.makeOrigin();
    return h(
      "form",
      { class: "c-form", novalidate: true, onsubmit: (event) => this.onSubmit(event), oninput: () => this.formChanged() },
      this.origin.element,
      group("Namespace", this.parameters),
      group("Query", this.query),
      group("Headers", this.headers, "A browser sends them only with long-polling."),
      securityNote(security),
      this.auth.element,
      h("details", {}, h("summary", {}, "More query parameters"), field("One per line", this.extra)),
      // Without this button, Enter in a field would not submit the form.
      h("button", { type: "submit", class: "c-offscreen", tabindex: "-1", "aria-hidden": "true" }, "Connect"),
    );
  }

  onSubmit(event) {
    event.preventDefault();
    this.open();
  }

  makeOrigin() {
    const origins = originsOf(this.api.servers, window.location.origin);
    const list = h("datalist", { id: freshId("servers") }, origins.map((origin) => h("option", { value: origin })));
    const input = h("input", { type: "url", value: origins[0], list: list.id, spellcheck: "false" });
    // With one server there is no choice, but another one can be entered.
    const element = field("Server", input);
    element.append(list);
    return { input, element: origins.length > 1 ? element : h("details", {}, h("summary", {}, "Server"), element) };
  }

  authText() {
    const { auth } = this.namespace.handshake;
    return auth ? pretty(sample(auth, auth)) : "";
  }

  makeInputs(schema) {
    const required = new Set(schema?.required ?? []);
    return Object.entries(schema?.properties ?? {}).map(([name, each]) =>
      this.makeInput(name, resolve(schema, each), required.has(name)),
    );
  }

  makeInput(name, schema, required) {
    const first = schema.const ?? schema.default ?? schema.examples?.[0] ?? schema.example ?? "";
    const values = Array.isArray(schema.enum) ? schema.enum : null;
    const input = values
      ? h("select", {}, !required && h("option", { value: "" }, "(none)"), values.map((v) => h("option", { value: String(v) }, String(v))))
      : h("input", { type: "text", autocomplete: "off", spellcheck: "false", value: required ? String(first) : "", placeholder: String(first) });
    if (required) input.setAttribute("required", "");
    const label = required ? `${name} (required)` : name;
    const hint = typeof schema.description === "string" ? schema.description : null;
    return { name, input, element: field(label, input, hint) };
  }

  checkAuth() {
    const { value, error, empty } = this.auth.read();
    this.auth.show(error || empty ? [] : this.authCheck(value));
  }

  /** Return the values of the form; throws if they cannot be sent. */
  about() {
    const path = fillNamespace(this.namespace.name, this.parameterValues());
    const auth = this.auth.read();
    if (auth.error) {
      this.auth.show([]);
      throw new Error("the auth payload is not JSON");
    }
    const origin = originOf(this.origin.input.value);
    return {
      origin,
      namespace: path,
      path: pathAt(this.api, origin, window.location),
      query: { ...valuesOf(this.query), ...readPairs(this.extra.value) },
      headers: valuesOf(this.headers),
      auth: auth.empty ? undefined : auth.value,
    };
  }

  parameterValues() {
    const values = {};
    for (const { name, input } of this.parameters) {
      const problem = parameterProblem(input.value.trim());
      if (problem) throw new Error(`${name} ${problem}`);
      values[name] = input.value.trim();
    }
    return values;
  }

  toggle() {
    if (this.isStale || !(this.connection.isConnected || this.isTrying())) this.open();
    else this.connection.close();
  }

  // The form was changed after the connection was made.
  formChanged() {
    if (!this.connection.isConnected) return;
    this.isStale = true;
    this.connectButton.textContent = "Reconnect";
  }

  isTrying() {
    const { phase, retrying } = this.connection.state;
    return phase === "connecting" || Boolean(retrying);
  }

  open() {
    try {
      this.start();
    } catch (error) {
      this.complain(error.message);
    }
  }

  complain(message) {
    this.trouble.textContent = message && `Not connected: ${message}.`;
    this.trouble.hidden = !message;
    if (message) this.options.open = true;
  }

  start() {
    const about = this.about();
    this.checkAuth();
    this.opened = about.namespace;
    this.connection.open(about);
  }

  onState(state) {
    this.isStale = false;
    this.complain("");
    this.showState(state);
    this.waiters.forEach((waiter) => waiter(state));
    this.log.add({ direction: "state", namespace: this.opened, note: stateText(state), problem: state.phase === "refused" });
  }

  showState(state) {
    const [tone] = PHASES[state.phase];
    this.dot.className = `c-dot is-${tone}`;
    this.state.textContent = stateText(state);
    const active = state.phase === "connected" || state.phase === "connecting" || state.retrying;
    this.connectButton.textContent = state.phase === "connected" ? "Disconnect" : active ? "Cancel" : "Connect";
    this.connectButton.classList.toggle("is-main", !active);
    this.refusal.hidden = state.data === undefined || state.data === null;
    this.refusal.textContent = this.refusal.hidden ? "" : pretty(state.data);
    if (state.phase === "connected") this.options.open = false;
    if (state.phase === "refused") this.options.open = true;
  }

  // Sending connects first if necessary.
  async connected() {
    if (this.connection.isConnected) return;
    if (!this.isTrying()) this.start();
    const last = await new Promise((settle) => {
      this.waiters.push((state) => state.phase !== "connecting" && !state.retrying && settle(state));
    });
    this.waiters = [];
    if (last.phase !== "connected") throw new Error(stateText(last));
  }

  async call(event, args) {
    await this.connected();
    const namespace = this.opened;
    const answer = this.connection.send(event.name, args, ACK_WAIT);
    const violations = compileArgs(this.Validator, event.args)(args);
    this.log.add({ direction: "out", namespace, event: event.name, args, violations, ...marked(violations), panel: this });
    const received = await answer;
    const { tone, badge, violations: broken, error } = judgeAck(received, compileArgs(this.Validator, event.ack), event.ack);
    this.log.add({
      direction: "ack",
      namespace,
      event: event.name,
      args: received.args,
      violations: broken,
      tone,
      badge: received.error ? badge : `${badge} in ${Math.round(received.ms)} ms`,
      problem: Boolean(error),
      note: received.error ?? "",
    });
    return received;
  }

  onEvent({ name, args, answer }) {
    const event = this.namespace.sends.find((each) => each.name === name);
    const violations = event ? this.checkOf(event)(args) : [{ pointer: "", message: `the contract has no event ${JSON.stringify(name)}` }];
    this.log.add({
      direction: "in",
      namespace: this.opened,
      event: name,
      args,
      violations,
      ...marked(violations, event ? "breaks the contract" : "unknown event"),
      answer: answer && ((values) => give(answer, values)),
      ackSample: event?.ack && sampleArgs(event.ack),
    });
  }

  checkOf(event) {
    if (!this.checks.has(event)) this.checks.set(event, compileArgs(this.Validator, event.args));
    return this.checks.get(event);
  }
}

function marked(violations, badge = "breaks the contract") {
  return violations.length ? { badge, tone: "bad" } : {};
}

function give(answer, values) {
  try {
    answer(...values);
    return null;
  } catch (error) {
    return error.message;
  }
}

function sampleArgs(args) {
  return Array.from({ length: args.minArgs }, (_, index) => sample(args.schema, argSchema(args, index)));
}

function group(title, inputs, hint) {
  if (!inputs.length) return null;
  return h(
    "fieldset",
    {},
    h("legend", {}, title),
    hint && h("p", { class: "c-hint" }, hint),
    h("div", { class: "c-columns" }, inputs.map(({ element }) => element)),
  );
}

// `security` is a list of alternatives, each a mapping of schemes to scopes.
function securityNote(security) {
  const ways = security.map((each) => Object.keys(each).join(" and ") || "nothing");
  return ways.length ? h("p", { class: "c-hint" }, `Asks for ${ways.join(", or ")}.`) : null;
}

function valuesOf(inputs) {
  return Object.fromEntries(inputs.filter(({ input }) => input.value !== "").map(({ name, input }) => [name, input.value]));
}

function originOf(text) {
  try {
    return new URL(text.trim().replace(/^ws(s?):/i, "http$1:")).origin;
  } catch {
    throw new Error("the server is not a URL");
  }
}
