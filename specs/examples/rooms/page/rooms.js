"use strict";

// What comes from others is only ever shown as text.

const byId = (id) => document.getElementById(id);
const note = (text) => { byId("note").textContent = text; };

// Emits, and gives `done` what the server acknowledges; an error goes to the foot of the page.
function ask(socket, event, arg, done) {
  socket.timeout(5000).emit(event, arg, (timedOut, ack) => {
    const error = timedOut ? { title: "No answer" } : ack?.error;
    note(error ? [error.title, error.detail, error.pointer].filter(Boolean).join(", ") : "");
    if (!error) done(ack);
  });
}

function onSubmit(id, action) {
  byId(id).addEventListener("submit", (event) => {
    event.preventDefault();
    action(Object.fromEntries(new FormData(event.target)), event.target);
  });
}

function line(text) {
  const item = document.createElement("li");
  item.textContent = text;
  byId("log").append(item);
  item.scrollIntoView({ block: "nearest" });
}

function showRooms(rooms) {
  const select = byId("join").elements.room;
  const chosen = select.value;
  select.replaceChildren(...rooms.map(({ id, title, taken, seats }) =>
    new Option(`${title} (${taken} of ${seats})`, id, false, id === chosen)));
}

const showMessage = ({ author, text }) => line(`${author}: ${text}`);
const showPeople = (names) => { byId("people").textContent = `Here: ${names.join(", ")}`; };

const lobby = io("/");
lobby.on("connect", () => lobby.emit("list", showRooms));
lobby.on("rooms", showRooms);

let room = null;

onSubmit("create", ({ seats, ...rest }) => ask(lobby, "create", { ...rest, seats: Number(seats) }, () => {}));

onSubmit("join", ({ room: id, name }) => {
  room?.disconnect();
  room = io(`/rooms/${id}`, { forceNew: true });
  room.on("connect_error", (error) => note(error.message));
  room.on("message", showMessage);
  room.on("people", showPeople);
  room.on("cleared", () => byId("log").replaceChildren());
  room.on("is typing", (who) => note(`${who} is typing`));
  room.on("disconnect", (reason) => note(`You are out: ${reason}`));
  room.on("connect", () => ask(room, "join", { name }, ({ people, history }) => {
    byId("log").replaceChildren();
    history.forEach(showMessage);
    showPeople(people);
  }));
});

byId("send").addEventListener("input", () => room?.emit("typing"));
onSubmit("send", ({ text }, form) => room && ask(room, "send", { text }, () => form.reset()));
