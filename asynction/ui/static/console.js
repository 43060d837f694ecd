// The live console of the docs page, connected to the server that the page describes.

import { loadClient } from "./client.js";
import { button, field, fill, h } from "./dom.js";
import { LogView } from "./log.js";
import { NamespacePanel } from "./panel.js";
import { loadValidator } from "./validator.js";

const MISSING_CLIENT =
  "The console needs the Socket.IO client library, which this installation was built without. " +
  "Install the wheel, or run `make assets` in a checkout. The rest of the page works.";
const MISSING_VALIDATOR = "Nothing is checked here: the schema validator is missing (run `make assets`).";
const PHONE = window.matchMedia("(max-width: 40rem)");

class Console {
  constructor(section, api) {
    this.section = section;
    this.api = api;
    this.panels = new Map();
    this.opener = null;
  }

  /** Build the console; it names the files that are missing. */
  async build() {
    const [library, Validator] = await Promise.all([loadClient(), loadValidator()]);
    this.library = library;
    this.Validator = Validator;
    this.title = h("h2", { tabindex: "-1", id: "console-title" }, "Console");
    const close = button("Close", () => this.close(), { "aria-keyshortcuts": "Escape" });
    this.body = h("div", { class: "c-body" });
    this.section.setAttribute("aria-labelledby", this.title.id);
    this.section.addEventListener("keydown", (event) => this.onKey(event));
    PHONE.addEventListener("change", () => this.coverPage());
    fill(this.section, h("header", { class: "c-head" }, this.title, close), this.body);
    fill(this.body, library ? this.makeBody() : h("p", { class: "c-missing" }, MISSING_CLIENT));
  }

  makeBody() {
    this.log = new LogView({ onResend: (entry) => this.resend(entry), onEdit: (entry) => this.edit(entry) });
    this.holder = h("div", {});
    this.picker = h(
      "select",
      { onchange: () => this.choose(this.picker.value) },
      this.api.namespaces.map(({ name }) => h("option", { value: name }, name)),
    );
    if (this.api.namespaces.length) this.choose(this.api.namespaces[0].name);
    return [
      !this.Validator && h("p", { class: "c-hint" }, MISSING_VALIDATOR),
      field("Namespace", this.picker),
      this.holder,
      this.log.element,
    ];
  }

  panelOf(name) {
    const namespace = this.api.namespaces.find((each) => each.name === name);
    if (!namespace) return null;
    if (!this.panels.has(name)) {
      const { api, library, Validator, log } = this;
      this.panels.set(name, new NamespacePanel({ api, namespace, library, Validator, log }));
    }
    return this.panels.get(name);
  }

  choose(name) {
    const panel = this.panelOf(name);
    if (!panel) return null;
    this.picker.value = name;
    // A hidden panel keeps its connection.
    if (this.holder.firstChild !== panel.element) fill(this.holder, panel.element);
    return panel;
  }

  async resend(entry) {
    const event = entry.panel.namespace.receives.find(({ name }) => name === entry.event);
    try {
      await entry.panel.call(event, entry.args);
    } catch (error) {
      this.log.add({ direction: "state", namespace: entry.namespace, note: `Not sent: ${error.message}`, problem: true });
    }
  }

  edit(entry) {
    const panel = this.choose(entry.panel.namespace.name);
    panel.composer.choose(entry.event, entry.args);
    panel.composer.picker.focus();
  }

  onKey(event) {
    // In a search field, Escape first clears the field.
    const inSearch = event.target.type === "search" && event.target.value !== "";
    if (event.key === "Escape" && !inSearch) this.close();
  }

  // On a phone the console covers the page, so the page must not take the focus.
  coverPage() {
    for (const sibling of this.section.parentElement.children) {
      if (sibling !== this.section) sibling.inert = PHONE.matches && !this.section.hidden;
    }
  }

  open(opener) {
    this.opener = opener;
    const { namespace, event } = opener?.dataset ?? {};
    const panel = this.library && namespace ? this.choose(namespace) : null;
    if (panel && event) panel.composer.choose(event);
    this.section.hidden = false;
    this.coverPage();
    document.body.classList.add("has-console");
    this.title.focus();
    this.body.scrollTop = 0;
  }

  close() {
    this.section.hidden = true;
    this.coverPage();
    document.body.classList.remove("has-console");
    this.opener?.focus();
  }
}

function readApi() {
  const element = document.getElementById("api");
  try {
    return element && JSON.parse(element.textContent);
  } catch {
    return null;
  }
}

function start() {
  const section = document.getElementById("console");
  const api = readApi();
  if (!section || !api) return;
  const live = new Console(section, api);
  let built = null;
  document.addEventListener("click", async (event) => {
    const opener = event.target.closest?.("[data-try]");
    if (!opener) return;
    // The libraries are loaded when the console is opened for the first time.
    built ??= live.build();
    await built;
    live.open(opener);
  });
}

start();
