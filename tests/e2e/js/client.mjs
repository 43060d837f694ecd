// Drives socket.io-client: one JSON command a line on stdin, one JSON answer a line on stdout.
//
//   {"id": 1, "do": "connect", "client": "a", "url": ..., "options": {...}}  -> {"id": 1, "result": null}
//   {"id": 2, "do": "call", "client": "a", "event": ..., "args": [...]}      -> {"id": 2, "result": [...]}
//
// A failure is {"id": ..., "error": "...", "data": ...}; bytes are {"$bytes": base64} both ways.

import { createInterface } from "node:readline";
import { io } from "socket.io-client";

const ACK_TIMEOUT = 30000; // ms
const clients = new Map();

function revive(value) {
  if (Array.isArray(value)) return value.map(revive);
  if (value === null || typeof value !== "object") return value;
  if (typeof value.$bytes === "string") return Buffer.from(value.$bytes, "base64");
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, revive(item)]));
}

function dry(value) {
  if (value instanceof ArrayBuffer) return { $bytes: Buffer.from(value).toString("base64") };
  if (ArrayBuffer.isView(value)) return { $bytes: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return value.map(dry);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, dry(item)]));
}

// Keeps each event until somebody asks for it, and answers it where an answer is set.
class Client {
  constructor(url, options) {
    this.answers = new Map();
    this.events = [];
    this.waiting = [];
    this.socket = io(url, { reconnection: false, forceNew: true, ...options });
    this.left = new Promise((resolve) => {
      this.socket.once("disconnect", (reason) => resolve({ reason, reconnects: this.socket.active }));
    });
    this.socket.onAny((event, ...args) => this.keep(event, args));
  }

  connected() {
    return new Promise((resolve, reject) => {
      this.socket.once("connect", () => resolve(null));
      this.socket.once("connect_error", reject);
    });
  }

  keep(event, args) {
    if (typeof args.at(-1) === "function") {
      const acknowledge = args.pop();
      if (this.answers.has(event)) acknowledge(...this.answers.get(event));
    }
    const index = this.waiting.findIndex((each) => each.event === event);
    if (index >= 0) this.waiting.splice(index, 1)[0].resolve(args);
    else this.events.push({ event, args });
  }

  receive(event) {
    const index = this.events.findIndex((each) => each.event === event);
    if (index >= 0) return this.events.splice(index, 1)[0].args;
    return new Promise((resolve) => this.waiting.push({ event, resolve }));
  }

  call(event, args) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no ack for ${event}`)), ACK_TIMEOUT);
      this.socket.emit(event, ...args, (...ack) => {
        clearTimeout(timer);
        resolve(ack);
      });
    });
  }
}

const commands = {
  connect({ client, url, options }) {
    clients.set(client, new Client(url, options));
    return clients.get(client).connected();
  },
  left: ({ client }) => clients.get(client).left,
  call: ({ client, event, args }) => clients.get(client).call(event, args),
  receive: ({ client, event }) => clients.get(client).receive(event),
  answer({ client, event, args }) {
    clients.get(client).answers.set(event, args);
    return null;
  },
  close({ client }) {
    clients.get(client).socket.disconnect();
    clients.delete(client);
    return null;
  },
};

const commandLines = createInterface({ input: process.stdin });
commandLines.on("close", () => process.exit(0));
commandLines.on("line", async (line) => {
  const { id, do: name, ...rest } = JSON.parse(line);
  let answer;
  try {
    answer = { id, result: dry(await commands[name](revive(rest))) };
  } catch (error) {
    answer = { id, error: error.message, data: error.data };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
});
