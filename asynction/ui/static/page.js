// Search, deep links, folds and themes. Without this script the page is complete, but less convenient.
(() => {
  "use strict";

  const root = document.documentElement;
  const THEMES = ["system", "light", "dark"];
  const KEY = "asynction-theme";
  const MAX_LINE_LENGTH = 100;

  /** Return the theme that the reader has chosen; storage may be forbidden, as it is for file://. */
  function chosen() {
    try {
      const theme = localStorage.getItem(KEY);
      return THEMES.includes(theme) ? theme : "system";
    } catch {
      return "system";
    }
  }

  function show(theme) {
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
  }

  // This runs before the page is painted.
  root.classList.add("js");
  show(chosen());
  // Browsers load no modules from file://, so there is no console.
  root.classList.toggle("file", location.protocol === "file:");

  /** The data of each event, by anchor. */
  const events = new Map();

  /** Complete the data of the page, in which nothing is repeated, for the console. */
  function completeData() {
    const element = document.getElementById("api");
    const { definitions, ...api } = JSON.parse(element.textContent);
    const fill = (schema) => {
      if (!Array.isArray(schema?.definitions)) return schema;
      const named = schema.definitions.map((name) => [name, definitions[name]]);
      return { ...schema, definitions: Object.fromEntries(named) };
    };
    const argsOf = (schema) => {
      const { minItems: minArgs = 0, maxItems: maxArgs = null } = schema;
      return { schema: fill({ ...schema, type: "array" }), minArgs, maxArgs };
    };
    const complete = (each, section, namespace) => {
      const summary = section.querySelector("summary > span")?.textContent ?? "";
      const ack = each.ack ? argsOf(each.ack) : null;
      const event = { tags: [], ...each, anchor: section.id, summary, args: argsOf(each.args), ack };
      events.set(section.id, { ...event, namespace });
      return event;
    };
    const sections = document.querySelectorAll(".namespace");
    api.namespaces = api.namespaces.map((namespace, index) => {
      const shown = (direction) => sections[index].querySelectorAll(`.${direction} > .event`);
      const [sent, received] = [shown("sends"), shown("receives")];
      return {
        ...namespace,
        parameters: namespace.parameters.map(({ name, schema }) => ({ name, schema: fill(schema) })),
        handshake: Object.fromEntries(Object.entries(namespace.handshake).map(([key, value]) => [key, fill(value)])),
        receives: namespace.receives.map((each, at) => complete(each, sent[at], namespace.name)),
        sends: namespace.sends.map((each, at) => complete(each, received[at])),
      };
    });
    element.textContent = JSON.stringify(api);
  }

  // This runs before the console, a module, reads the data.
  document.addEventListener("readystatechange", completeData, { once: true });

  function setUpTheme() {
    const button = document.getElementById("theme");
    const label = () => {
      button.textContent = `Theme: ${root.dataset.theme || "system"}`;
    };
    label();
    button.addEventListener("click", () => {
      const theme = THEMES[(THEMES.indexOf(root.dataset.theme || "system") + 1) % THEMES.length];
      show(theme);
      label();
      try {
        localStorage.setItem(KEY, theme);
      } catch {
        // Without storage, the choice lasts as long as the page.
      }
    });
  }

  /** Return the element that the fragment of the address names, as it is written or decoded. */
  function target() {
    const name = location.hash.slice(1);
    let decoded = name;
    try {
      decoded = decodeURIComponent(name);
    } catch {
      // It is not percent-encoded.
    }
    return name ? document.getElementById(name) || document.getElementById(decoded) : null;
  }

  /** Open all folds around an element, so that it is visible. */
  function reveal(element) {
    for (let fold = element.closest("details"); fold; fold = fold.parentElement.closest("details")) {
      fold.open = true;
    }
  }

  function follow() {
    for (const link of document.querySelectorAll("nav a[aria-current]")) link.removeAttribute("aria-current");
    const found = target();
    if (!found) return;
    reveal(found);
    found.hidden = false;
    found.scrollIntoView({ block: "start" });
    const link = document.querySelector(`nav a[href="#${CSS.escape(found.id)}"]`);
    if (link) link.setAttribute("aria-current", "location");
  }

  function setUpLinks() {
    addEventListener("hashchange", follow);
    // A link to the current address fires no hashchange event.
    document.addEventListener("click", (event) => {
      const link = event.target.closest?.('a[href^="#"]');
      if (link && link.hash === location.hash) follow();
    });
    follow();
  }

  /** Add a fold to a reference to a type, which shows the type there. */
  function addFold(link) {
    const fold = document.createElement("details");
    const summary = fold.appendChild(document.createElement("summary"));
    summary.textContent = "show";
    fold.addEventListener(
      "toggle",
      () => {
        const type = document.getElementById(link.hash.slice(1));
        const copy = type?.querySelector(".schema")?.cloneNode(true);
        if (!copy) return;
        for (const old of copy.querySelectorAll("details[data-fold]")) old.remove();
        fold.append(copy);
        addFolds(copy);
      },
      { once: true },
    );
    fold.dataset.fold = "";
    const item = link.closest("li, .schema");
    item.append(fold);
    // The type of an arg is unfolded at once: readers of an event need it.
    fold.open = item.parentElement.matches(".args");
  }

  function addFolds(within) {
    for (const link of within.querySelectorAll("a.type")) addFold(link);
  }

  async function copyLink(button, id) {
    const address = new URL(`#${id}`, location.href).href;
    try {
      await navigator.clipboard.writeText(address);
      button.textContent = "Copied";
    } catch {
      // Without the clipboard, the reader can copy it from the address bar.
      location.hash = id;
      button.textContent = "In the address bar";
    }
    setTimeout(() => {
      button.textContent = "Copy link";
    }, 2000);
  }

  /** Return the code of an example, which a large page does not contain. */
  function exampleText({ name, namespace, ack, examples }) {
    const args = examples[0].map((arg) => {
      const line = JSON.stringify(arg);
      return line.length > MAX_LINE_LENGTH ? JSON.stringify(arg, null, 2) : line;
    });
    if (!namespace) return args.join(", ");
    return `socket.emit(${[JSON.stringify(name), ...args, ...(ack ? ["(ack) => {}"] : [])].join(", ")})`;
  }

  function addExample(element, event) {
    const heading = document.createElement("h5");
    heading.textContent = "Example, generated";
    const frame = document.createElement("pre");
    frame.tabIndex = 0;
    frame.appendChild(document.createElement("code")).textContent = exampleText(event);
    element.append(heading, frame);
  }

  function addTry(element, { namespace, name }) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Try it";
    Object.assign(button.dataset, { try: "", namespace, event: name });
    element.append(button);
  }

  /** Add the parts of an event that are only visible when it is unfolded. */
  function complete(event) {
    if (event.dataset.complete !== undefined) return;
    event.dataset.complete = "";
    addFolds(event);
    const about = events.get(event.id);
    if (about?.examples.length && !event.querySelector("pre")) addExample(event, about);
    const hasConsole = document.querySelector('script[type="module"]');
    if (about?.namespace && hasConsole && !event.querySelector("[data-try]")) addTry(event, about);
    const button = document.createElement("button");
    button.type = "button";
    button.className = "link";
    button.textContent = "Copy link";
    button.addEventListener("click", () => copyLink(button, event.id));
    event.append(button);
  }

  function setUpEvents() {
    for (const event of document.querySelectorAll(".event")) {
      if (event.open) complete(event);
      else event.addEventListener("toggle", () => complete(event));
    }
    for (const plain of document.querySelectorAll(".connect, #types article")) addFolds(plain);
    addEventListener("beforeprint", () => {
      for (const event of document.querySelectorAll(".event")) complete(event);
      for (const fold of document.querySelectorAll("details:not([data-fold])")) fold.open = true;
    });
  }

  /** Return the index of the search: each event with its namespace, its text and its link. */
  function entries() {
    const links = new Map();
    for (const link of document.querySelectorAll("nav a")) links.set(link.hash.slice(1), link.parentElement);
    return Array.from(document.querySelectorAll(".event"), (event) => {
      const namespace = event.closest(".namespace");
      const words = [event.querySelector("summary").textContent, event.querySelector(".tags")?.textContent];
      const text = [...words, namespace.querySelector("h2").lastChild.textContent].join(" ").toLowerCase();
      return { event, namespace, text, link: links.get(event.id), group: event.parentElement };
    });
  }

  function setUpSearch() {
    const input = document.getElementById("search");
    const status = document.getElementById("found");
    const all = entries();
    const links = new Map();
    for (const link of document.querySelectorAll("nav .ns > a")) {
      links.set(link.hash.slice(1), link.parentElement);
    }

    function search() {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      const shown = new Set();
      let count = 0;
      for (const each of all) {
        const hit = words.every((word) => each.text.includes(word));
        each.event.hidden = !hit;
        if (each.link) each.link.hidden = !hit;
        if (hit) {
          count += 1;
          shown.add(each.namespace).add(each.group);
        }
      }
      const searching = words.length > 0;
      for (const group of document.querySelectorAll(".namespace, .sends, .receives")) {
        group.hidden = searching && !shown.has(group);
      }
      for (const [id, item] of links) item.hidden = document.getElementById(id).hidden;
      for (const other of document.querySelectorAll("#overview, .more, .connect")) other.hidden = searching;
      for (const list of document.querySelectorAll("nav .ns > ul")) {
        const empty = !list.querySelector(":scope > li:not([hidden])");
        list.hidden = empty;
        list.previousElementSibling.hidden = empty;
      }
      status.textContent = searching ? `${count} of ${all.length} events` : "";
    }

    function clear() {
      if (!input.value) return;
      input.value = "";
      search();
    }

    input.addEventListener("input", search);
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") clear();
      if (event.key === "Enter") {
        const first = all.find((each) => !each.event.hidden);
        if (first) location.hash = first.event.id;
      }
    });
    // The target of a link may be folded or hidden by the search.
    addEventListener("hashchange", () => {
      if (target()?.closest("[hidden]")) {
        clear();
        follow();
      }
    });
    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      input.focus();
      input.select();
    });
  }

  function setUpMenu() {
    const button = document.getElementById("menu");
    const contents = document.getElementById("contents");
    const toggle = (shown) => {
      contents.classList.toggle("shown", shown);
      button.setAttribute("aria-expanded", String(shown));
    };
    button.addEventListener("click", () => toggle(!contents.classList.contains("shown")));
    contents.addEventListener("click", (event) => {
      if (event.target.closest("a")) toggle(false);
    });
  }

  document.addEventListener("DOMContentLoaded", () => {
    setUpTheme();
    setUpMenu();
    setUpEvents();
    setUpSearch();
    setUpLinks();
  });
})();
