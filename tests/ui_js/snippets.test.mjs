import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

import { curl, javascript, javascriptLiteral, python, pythonLiteral } from "../../asynction/ui/static/snippets.js";

const CALL = {
  origin: "http://127.0.0.1:5000",
  path: "/socket.io",
  namespace: "/chat",
  query: { name: "Ada & co" },
  headers: {},
  auth: { token: "secret" },
  event: "message",
  args: [{ text: "it's" }, true],
};
const HOSTILE = ["'; rm -rf /", '"); import os', "\n#", "\\", "$(x) `y` !z", "\u202e\u2028\u0000", "${1}", "é"];

test("Python", () => {
  assert.equal(
    python(CALL),
    `import socketio

with socketio.SimpleClient() as sio:
    sio.connect("http://127.0.0.1:5000?name=Ada+%26+co", namespace="/chat", auth={"token": "secret"})
    print(sio.call("message", ({"text": "it's"}, True)))`,
  );
});

test("Python with one arg, none, bytes, headers and a path", () => {
  assert.match(python({ ...CALL, args: [null] }), /call\("message", \(None,\)\)/);
  assert.match(python({ ...CALL, args: [] }), /call\("message", \(\)\)/);
  const code = python({ ...CALL, path: "/ws", headers: { "X-Key": "1" }, auth: undefined, args: [{ $binary: "AA==" }] });
  assert.match(code, /^from base64 import b64decode\n/);
  assert.match(code, /socketio_path="\/ws", headers=\{"X-Key": "1"\}\)/);
  assert.match(code, /\(b64decode\("AA=="\),\)/);
});

test("JavaScript", () => {
  assert.equal(
    javascript(CALL),
    `import { io } from "socket.io-client";

const socket = io("http://127.0.0.1:5000/chat", {"query": {"name": "Ada & co"}, "auth": {"token": "secret"}});
console.log(await socket.emitWithAck("message", {"text": "it's"}, true));
socket.disconnect();`,
  );
  const bare = { ...CALL, namespace: "/", query: {}, auth: undefined, args: [] };
  assert.match(javascript(bare), /io\("http:\/\/127\.0\.0\.1:5000"\);\n.*emitWithAck\("message"\)/);
});

test("curl", () => {
  assert.equal(
    curl({ ...CALL, namespace: "/rooms/a b", headers: { "X-Key": "it's" } }),
    `curl 'http://127.0.0.1:5000/events/rooms/a%20b/message?name=Ada+%26+co' \\
  -H 'X-Key: it'\\''s' \\
  -H 'Content-Type: application/json' \\
  -d '[{"text":"it'\\''s"},true]'`,
  );
});

test("curl sends one arg as it is, a list of one as a list, and no args without a body", () => {
  const call = { ...CALL, path: "/v1/api/socket.io", namespace: "/", query: {} };
  const head = "curl 'http://127.0.0.1:5000/v1/api/events/message' \\\n  ";
  const json = "-H 'Content-Type: application/json' \\\n  -d ";
  assert.equal(curl({ ...call, args: [1] }), `${head}${json}'1'`);
  assert.equal(curl({ ...call, list: true, args: [1] }), `${head}${json}'[1]'`);
  assert.equal(curl({ ...call, list: true, args: [] }), `${head}${json}'[]'`);
  assert.equal(curl({ ...call, args: [] }), `${head}-X POST`);
});

test("a hostile value is still one literal in JavaScript", () => {
  const value = { list: HOSTILE, [HOSTILE[1]]: null, ...JSON.parse('{"__proto__": 1}') };
  const read = new Function(`return ${javascriptLiteral(JSON.parse(JSON.stringify(value)))}`)();
  assert.deepEqual(read, JSON.parse(JSON.stringify(value)));
  const own = new Function(`return ${javascriptLiteral(JSON.parse('{"__proto__": 1}'))}`)();
  assert.ok(Object.hasOwn(own, "__proto__"));
});

test("a hostile value is still one word in a shell", () => {
  for (const text of HOSTILE) {
    const code = curl({ ...CALL, args: [text] }).replace(/^curl/, "printf '%s\\n'");
    const words = execFileSync("sh", ["-c", code], { encoding: "utf8" }).trimEnd().split("\n");
    assert.deepEqual(JSON.parse(words.at(-1)), text);
  }
});

test("Python's words stand for JSON's, and nothing invisible is left in a string", () => {
  assert.equal(pythonLiteral([true, false, null, 1.5, "a"]), '[True, False, None, 1.5, "a"]');
  assert.equal(pythonLiteral("a\u202eb\ufeff"), '"a\\u202eb\\ufeff"');
  assert.equal(pythonLiteral({ "a\n": "'" }), '{"a\\n": "\'"}');
});
