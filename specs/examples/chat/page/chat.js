"use strict";

// What comes from others is only ever shown as text: element() sets textContent, never HTML.

const ACK_TIMEOUT = 5000; // ms

const byId = (id) => document.getElementById(id);

function element(tag, text, className = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  made.className = className;
  return made;
}

function show(who, text, className = "") {
  const line = element("li", "", className);
  const note = element("span", "", "note");
  line.append(element("span", who ? `${who}: ` : "", "who"), element("span", text), note);
  byId("log").append(line);
  line.scrollIntoView({ block: "nearest" });
  return note;
}

function setNote(note, text, isError = false) {
  note.textContent = text;
  note.classList.toggle("error", isError);
}

function describeError({ status, title, detail, pointer }) {
  return [`${status} ${title}`, detail, pointer && `at ${pointer}`].filter(Boolean).join(", ");
}

// The server acknowledges a bad event with {error: {status, title, detail, pointer}}.
function errorOf(timedOut, ack) {
  if (timedOut) return "no answer";
  return ack?.error ? describeError(ack.error) : null;
}

// It refuses a connection with a message, and the same members where the handshake is wrong.
function refusalOf({ message, data }) {
  return data?.status ? describeError(data) : message;
}

// Emits, and writes into `note` what the server acknowledges.
function emit(socket, event, args, note, describe) {
  setNote(note, "…");
  socket.timeout(ACK_TIMEOUT).emit(event, ...args, (timedOut, ack) => {
    const error = errorOf(timedOut, ack);
    setNote(note, error ?? describe(ack), error !== null);
  });
}

function onSubmit(id, action) {
  const form = byId(id);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    action(form.elements, form.querySelector("output"));
  });
}

function showPeople(names) {
  byId("people").replaceChildren(...names.map((name) => element("li", name)));
  const select = byId("say").elements.to;
  const chosen = select.value;
  const options = names.map((name) => new Option(name, name));
  select.replaceChildren(new Option("everyone", ""), ...options);
  select.value = names.includes(chosen) ? chosen : "";
}

function setConnected(isConnected, status) {
  byId("join").hidden = isConnected;
  byId("room").hidden = !isConnected;
  byId("admin").hidden = !isConnected;
  byId("status").textContent = status;
}

let room = null;
let admin = null;

function join({ name }, output) {
  room?.disconnect();
  setNote(output, "");
  const own = name.value;
  room = io("/", { query: { name: own }, forceNew: true });
  room.on("connect", () => setConnected(true, `Connected as ${own}`));
  room.on("connect_error", (error) => {
    setConnected(false, "Not connected");
    setNote(output, refusalOf(error), true);
  });
  room.on("disconnect", (reason) => {
    setConnected(false, `Disconnected: ${reason}`);
    admin?.disconnect();
  });
  room.on("people", showPeople);
  room.on("said", ({ id, from, text }) => {
    if (from !== own) setNote(show(from, text), `#${id}`);
  });
  room.on("whispered", (from, text, ack) => {
    show(`${from}, to you`, text, "whisper");
    ack(!document.hidden);
  });
  room.on("read", (to, seen) => {
    show("", `${to} has your whisper${seen ? " and is looking" : ""}.`, "note");
  });
  room.on("announced", ({ level, text }) => show(`Announcement ${level}`, text, "announcement"));
}

function say({ to, text }) {
  if (to.value) {
    const note = show(`You, to ${to.value}`, text.value, "whisper");
    emit(room, "whisper", [to.value, text.value], note, (here) => (here ? "passed on" : "not here"));
  } else {
    const note = show("You", text.value);
    const describe = ({ id, reached }) => `#${id}, reached ${reached}`;
    emit(room, "say", [{ text: text.value }], note, describe);
  }
  text.value = "";
}

function connectAdmin({ level }, output) {
  admin?.disconnect();
  const allow = (isAllowed, text) => {
    for (const id of ["announce", "show-out"]) {
      byId(id).querySelector("button").disabled = !isAllowed;
    }
    setNote(output, text, !isAllowed);
  };
  admin = io("/admin", { query: { level: level.value }, forceNew: true });
  admin.on("connect", () => allow(true, "connected"));
  admin.on("connect_error", (error) => allow(false, refusalOf(error)));
  admin.on("disconnect", (reason) => allow(false, reason));
}

if (typeof io === "undefined") {
  byId("no-client").hidden = false;
  byId("join").hidden = true;
} else {
  onSubmit("join", join);
  onSubmit("say", say);
  onSubmit("admin-connect", connectAdmin);
  onSubmit("announce", ({ text }, output) => {
    emit(admin, "announce", [text.value], output, (count) => `told ${count}`);
  });
  onSubmit("show-out", ({ name }, output) => {
    emit(admin, "show out", [name.value], output, (wasHere) => (wasHere ? "gone" : "not here"));
  });
}
