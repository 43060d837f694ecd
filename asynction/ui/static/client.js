// The Socket.IO client: one connection to one namespace, and conversions between its data and an editor's.

const BINARY = "$binary";
const DATA_TYPES = [ArrayBuffer, Uint8Array];
const MAX_DEPTH = 500;

/** The vendored client library, or null if the package was built without it. */
export async function loadClient() {
  try {
    return await import("./vendor/socket.io.esm.min.js");
  } catch {
    return null;
  }
}

export function isBinary(value) {
  return (
    value !== null && typeof value === "object" && typeof value[BINARY] === "string" && Object.keys(value).length === 1
  );
}

/** Copy a value from an editor, with `{"$binary": base64}` as bytes; throws if it is not base64. */
export function toWire(value) {
  return mapValue(value, (inner) => (isBinary(inner) ? bytesOf(inner[BINARY]) : undefined));
}

/** Copy a received value, with bytes as `{"$binary": base64}`. */
export function fromWire(value) {
  return mapValue(value, (inner) => (DATA_TYPES.some((type) => inner instanceof type) ? textOf(inner) : undefined));
}

// fromEntries makes a key like `__proto__` a plain property. The depth is limited: a received value may
// nest deeper than the stack allows.
function mapValue(value, replace, depth = 0) {
  const replaced = replace(value);
  if (replaced !== undefined) return replaced;
  if (value === null || typeof value !== "object") return value;
  if (depth === MAX_DEPTH) return `(nested deeper than ${MAX_DEPTH} levels)`;
  const inner = (item) => mapValue(item, replace, depth + 1);
  if (Array.isArray(value)) return value.map(inner);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inner(item)]));
}

function bytesOf(base64) {
  let text;
  try {
    text = atob(base64);
  } catch {
    throw new Error(`"${BINARY}" is not base64`);
  }
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function textOf(data) {
  let text = "";
  for (const byte of new Uint8Array(data)) text += String.fromCharCode(byte);
  return { [BINARY]: btoa(text) };
}

/** Fill in the parameters of the name of a namespace. */
export function fillNamespace(name, values) {
  return name.replace(/\{([^{}]+)\}/g, (whole, parameter) => values[parameter] ?? whole);
}

/** Return why a value cannot be a parameter of a namespace, or null. */
export function parameterProblem(value) {
  if (value === "") return "needs a value";
  if (/[,/?]/.test(value)) return "must not contain , / or ?";
  return null;
}

/** Return the servers of a contract as origins that a browser can connect to, the page's own first. */
export function originsOf(servers, own) {
  const origins = [own];
  for (const server of servers ?? []) {
    const text = typeof server === "string" ? server : (server?.url ?? hostOf(server));
    try {
      const { origin } = new URL(text.replace(/^ws(s?):/i, "http$1:"), own);
      if (origin !== "null" && !origins.includes(origin)) origins.push(origin);
    } catch {
      // Not a URL, for example because it has variables.
    }
  }
  return origins;
}

/**
 * Return the Socket.IO path at an origin. A proxy may add a prefix to our own server: it is that of the page.
 */
export function pathAt({ path, base }, origin, { origin: own, pathname }) {
  const folder = pathname.slice(0, pathname.lastIndexOf("/"));
  const isBelow = origin === own && typeof base === "string" && folder.endsWith(base);
  return isBelow ? folder.slice(0, folder.length - base.length) + path : path;
}

function hostOf(server) {
  return server?.host ? `${server.protocol ?? "http"}://${server.host}` : "";
}

const REASONS = {
  "io server disconnect": "the server closed the connection",
  "io client disconnect": "closed by this page",
  "ping timeout": "the server did not respond in time",
  "transport close": "the connection was lost",
  "transport error": "the connection failed",
  "parse error": "the server sent a packet that Socket.IO cannot read",
};

/** Describe why a connection ended. */
export function reasonText(reason) {
  return REASONS[reason] ?? String(reason);
}

/** Connects to one namespace and reports each change of state and each event received. */
export class Connection {
  constructor(library, { onState, onEvent }) {
    this.library = library;
    this.onState = onState;
    this.onEvent = onEvent;
    this.socket = null;
    this.state = { phase: "idle" };
  }

  get isConnected() {
    return this.state.phase === "connected";
  }

  open({ origin, namespace, path, query, auth, headers }) {
    this.drop();
    const manager = new this.library.Manager(origin, {
      path,
      query,
      extraHeaders: headers,
      forceNew: true,
      reconnection: true,
      timeout: 10_000,
      // The Content-Security-Policy of the page allows other hosts only by WebSocket.
      transports: origin === window.location.origin ? ["polling", "websocket"] : ["websocket"],
    });
    // Not io(origin + namespace): the value of a parameter may look like a part of a URL.
    const socket = manager.socket(namespace, auth === undefined ? {} : { auth });
    this.socket = socket;
    this.change({ phase: "connecting" });
    this.listen(socket);
  }

  listen(socket) {
    const current = (report) => (...args) => this.socket === socket && report(...args);
    socket.on("connect", current(() => this.change({ phase: "connected", sid: socket.id })));
    socket.on("connect_error", current((error) => this.change(refusal(error, socket.active))));
    socket.on("disconnect", current((reason) => this.change(ending(reason, socket.active))));
    socket.onAny(current((name, ...args) => this.receive(name, args)));
  }

  receive(name, args) {
    const answer = typeof args.at(-1) === "function" ? args.pop() : null;
    this.onEvent({ name, args: fromWire(args), answer });
  }

  change(state) {
    this.state = state;
    this.onState(state);
  }

  close() {
    if (!this.socket) return;
    this.drop();
    this.change({ phase: "disconnected", reason: reasonText("io client disconnect"), retrying: false });
  }

  drop() {
    const { socket } = this;
    this.socket = null;
    socket?.disconnect();
    socket?.io.engine?.close();
  }

  /** Send an event; resolves to its ack, or to the reason why there is none. */
  send(name, args, wait) {
    const data = toWire(args);
    const started = performance.now();
    return new Promise((resolve) => {
      this.socket.timeout(wait).emit(name, ...data, (error, ...ack) => {
        resolve({ error: error?.message ?? null, args: error ? [] : fromWire(ack), ms: performance.now() - started });
      });
    });
  }
}

// An active socket could not reach the server and tries again by itself; else the server has refused it.
function refusal(error, active) {
  if (active) return { phase: "connecting", problem: `The server was not reached (${error.message})`, retrying: true };
  return { phase: "refused", reason: error.message, data: error.data };
}

function ending(reason, active) {
  return { phase: "disconnected", reason: reasonText(reason), retrying: active };
}
