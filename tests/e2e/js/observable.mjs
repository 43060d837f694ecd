// A client of the plain WebSocket wire, written from its format: requests with a `uuid`, answers that echo it.
//
// One JSON command a line on stdin, one JSON answer a line on stdout, as in client.mjs:
//   {"id": 1, "do": "connect", "url": ...}                        -> {"id": 1, "result": null}
//   {"id": 2, "do": "send", "route": ..., "payload": ..., "headers": ...}  -> {"id": 2, "result": {the answer}}
//   {"id": 3, "do": "ping"} -> the PONG        {"id": 4, "do": "next"} -> the next frame that answers nothing
//   {"id": 5, "do": "close"} -> {"code": ...}  {"id": 6, "do": "closed"} -> the same, when the server closes

import { createInterface } from "node:readline";
import WebSocket from "ws";

class ObservableSocket {
  constructor(url) {
    this.pending = new Map();
    this.pushed = [];
    this.waiting = [];
    this.pongs = [];
    this.last = 0;
    this.socket = new WebSocket(url);
    this.socket.on("message", (data) => this.received(JSON.parse(data.toString())));
    this.closed = new Promise((resolve) => this.socket.on("close", (code) => resolve({ code })));
  }

  opened() {
    return new Promise((resolve, reject) => {
      this.socket.once("open", () => resolve(null));
      this.socket.once("error", reject);
    });
  }

  received(frame) {
    if (frame.route === "PONG") this.pongs.shift()?.(frame);
    else if (this.pending.has(frame.uuid)) {
      this.pending.get(frame.uuid)(frame);
      this.pending.delete(frame.uuid);
    } else this.onMessageReceived(frame);
  }

  onMessageReceived(frame) {
    if (this.waiting.length > 0) this.waiting.shift()(frame);
    else this.pushed.push(frame);
  }

  // A payload that is undefined is left out by JSON, as the original client does.
  send(route, payload, headers = null) {
    this.last += 1;
    const uuid = this.last;
    this.socket.send(JSON.stringify({ uuid, route, headers, payload }));
    return new Promise((resolve) => this.pending.set(uuid, resolve));
  }

  ping() {
    this.socket.send(JSON.stringify({ route: "PING" }));
    return new Promise((resolve) => this.pongs.push(resolve));
  }

  next() {
    if (this.pushed.length > 0) return this.pushed.shift();
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}

let client;
const commands = {
  connect({ url }) {
    client = new ObservableSocket(url);
    return client.opened();
  },
  send: ({ route, payload, headers }) => client.send(route, payload, headers),
  ping: () => client.ping(),
  next: () => client.next(),
  closed: () => client.closed,
  close() {
    client.socket.close();
    return client.closed;
  },
};

const lines = createInterface({ input: process.stdin });
lines.on("close", () => process.exit(0));
lines.on("line", async (line) => {
  const { id, do: name, ...rest } = JSON.parse(line);
  let answer;
  try {
    answer = { id, result: await commands[name](rest) };
  } catch (error) {
    answer = { id, error: error.message };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
});
