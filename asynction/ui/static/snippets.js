// Code that does what the console does: Python, JavaScript, curl.

import { isBinary } from "./client.js";

const HIDDEN = /[\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
const WORDS = { true: "True", false: "False", null: "None" };

export const LANGUAGES = [
  ["python", "Python", python],
  ["javascript", "JavaScript", javascript],
  ["curl", "curl", curl],
];

// Invisible characters, and those that change the direction of text, are escaped: code must be what it seems.
function quoted(text) {
  return JSON.stringify(text).replace(HIDDEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Return a JSON value as a Python literal. */
export function pythonLiteral(value) {
  if (isBinary(value)) return `b64decode(${quoted(value.$binary)})`;
  if (Array.isArray(value)) return `[${value.map(pythonLiteral).join(", ")}]`;
  if (value !== null && typeof value === "object") {
    return `{${Object.entries(value).map(([key, item]) => `${quoted(key)}: ${pythonLiteral(item)}`).join(", ")}}`;
  }
  return typeof value === "string" ? quoted(value) : (WORDS[String(value)] ?? String(value));
}

/** Return a JSON value as a JavaScript literal. */
export function javascriptLiteral(value) {
  if (isBinary(value)) return `Uint8Array.from(atob(${quoted(value.$binary)}), (c) => c.charCodeAt(0))`;
  if (Array.isArray(value)) return `[${value.map(javascriptLiteral).join(", ")}]`;
  if (value !== null && typeof value === "object") {
    // A plain `__proto__` in a literal would set the prototype.
    const name = (key) => (key === "__proto__" ? '["__proto__"]' : quoted(key));
    return `{${Object.entries(value).map(([key, item]) => `${name(key)}: ${javascriptLiteral(item)}`).join(", ")}}`;
  }
  return typeof value === "string" ? quoted(value) : String(value);
}

function hasBinary(value) {
  if (isBinary(value)) return true;
  return value !== null && typeof value === "object" && Object.values(value).some(hasBinary);
}

function withQuery(url, query) {
  const text = new URLSearchParams(query).toString();
  return text ? `${url}?${text}` : url;
}

const isEmpty = (object) => Object.keys(object ?? {}).length === 0;

/** A call: `{origin, path, namespace, query, headers, auth, event, args}`. */
export function python({ origin, path, namespace, query, headers, auth, event, args }) {
  const options = [
    `namespace=${quoted(namespace)}`,
    path !== "/socket.io" && `socketio_path=${quoted(path)}`,
    !isEmpty(headers) && `headers=${pythonLiteral(headers)}`,
    auth !== undefined && `auth=${pythonLiteral(auth)}`,
  ].filter(Boolean);
  const data = args.length === 1 ? `(${pythonLiteral(args[0])},)` : `(${args.map(pythonLiteral).join(", ")})`;
  return [
    hasBinary([args, auth]) && "from base64 import b64decode\n",
    "import socketio\n",
    "with socketio.SimpleClient() as sio:",
    `    sio.connect(${[quoted(withQuery(origin, query)), ...options].join(", ")})`,
    `    print(sio.call(${quoted(event)}, ${data}))`,
  ]
    .filter(Boolean)
    .join("\n");
}

export function javascript({ origin, path, namespace, query, headers, auth, event, args }) {
  const options = {
    ...(path !== "/socket.io" && { path }),
    ...(!isEmpty(query) && { query }),
    ...(!isEmpty(headers) && { extraHeaders: headers }),
    ...(auth !== undefined && { auth }),
  };
  const more = isEmpty(options) ? "" : `, ${javascriptLiteral(options)}`;
  return [
    'import { io } from "socket.io-client";\n',
    `const socket = io(${quoted(origin + (namespace === "/" ? "" : namespace))}${more});`,
    `console.log(await socket.emitWithAck(${[event].map(quoted).concat(args.map(javascriptLiteral)).join(", ")}));`,
    "socket.disconnect();",
  ].join("\n");
}

// Between single quotes, only the quote is special in a shell.
const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** Return a request by HTTP: events are beside the Socket.IO path; the body is one arg, or a list of them. */
export function curl({ origin, path, namespace, query, headers, event, list, args }) {
  const base = origin + path.slice(0, path.lastIndexOf("/"));
  const name = [...namespace.split("/").filter(Boolean), event].map(encodeURIComponent).join("/");
  const hasBody = list || args.length > 0;
  const lines = [
    `curl ${shell(withQuery(`${base}/events/${name}`, query))}`,
    ...Object.entries(headers ?? {}).map(([name, value]) => `-H ${shell(`${name}: ${value}`)}`),
    ...(hasBody
      ? ["-H 'Content-Type: application/json'", `-d ${shell(quotedJson(!list && args.length === 1 ? args[0] : args))}`]
      : ["-X POST"]),
  ];
  return lines.join(" \\\n  ");
}

function quotedJson(value) {
  return JSON.stringify(value).replace(HIDDEN, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
