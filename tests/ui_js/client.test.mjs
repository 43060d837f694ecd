import assert from "node:assert/strict";
import { test } from "node:test";

import { fillNamespace, fromWire, originsOf, parameterProblem, pathAt, reasonText, toWire } from "../../asynction/ui/static/client.js";

test("bytes go out as bytes and come in as base64", () => {
  const sent = toWire([{ a: { $binary: "AAEC/w==" } }, "b"]);
  assert.deepEqual([...sent[0].a], [0, 1, 2, 255]);
  assert.deepEqual(fromWire([{ a: sent[0].a.buffer }, "b"]), [{ a: { $binary: "AAEC/w==" } }, "b"]);
  assert.deepEqual(fromWire(sent[0].a), { $binary: "AAEC/w==" });
});

test("only an object with nothing but text under $binary is bytes", () => {
  for (const value of [{ $binary: "AA==", more: 1 }, { $binary: 1 }, { $binary: null }, null, "$binary"]) {
    assert.deepEqual(toWire(value), value);
  }
});

test("a value that is not base64 is an error", () => {
  assert.throws(() => toWire([{ $binary: "?" }]), /is not base64/);
});

test("a key __proto__ stays a key", () => {
  const value = JSON.parse('{"__proto__": {"polluted": 1}}');
  assert.equal(JSON.stringify(toWire(value)), '{"__proto__":{"polluted":1}}');
  assert.equal({}.polluted, undefined);
});

test("what is nested too deeply is cut", () => {
  let value = 1;
  for (let depth = 0; depth < 5000; depth += 1) value = [value];
  assert.match(JSON.stringify(fromWire(value)), /nested deeper than 500 levels/);
});

test("a namespace's parameters are filled in", () => {
  assert.equal(fillNamespace("/rooms/{roomId}/{seat}", { roomId: "a b$&", seat: "1" }), "/rooms/a b$&/1");
  assert.equal(fillNamespace("/rooms/{roomId}", {}), "/rooms/{roomId}");
  assert.equal(parameterProblem("lobby"), null);
  for (const value of ["", "a,b", "a/b", "a?b"]) assert.ok(parameterProblem(value));
});

test("servers are offered once each, as origins", () => {
  const servers = [
    { url: "wss://a.example/socket.io" },
    "ws://b.example:81",
    { host: "a.example", protocol: "wss" },
    { url: "{scheme}://nowhere" },
    {},
  ];
  const own = "http://127.0.0.1:5000";
  assert.deepEqual(originsOf(servers, own), [own, "https://a.example", "http://b.example:81"]);
  assert.deepEqual(originsOf(undefined, own), [own]);
});

test("below a prefix, the Socket.IO path of our own server is found by where the page is", () => {
  const api = { path: "/api/socket.io", base: "/api/docs" };
  const at = (pathname) => ({ origin: "http://a.example", pathname });
  assert.equal(pathAt(api, "http://a.example", at("/api/docs/")), "/api/socket.io");
  assert.equal(pathAt(api, "http://a.example", at("/v1/api/docs/index.html")), "/v1/api/socket.io");
  assert.equal(pathAt(api, "http://b.example", at("/v1/api/docs/")), "/api/socket.io");
  assert.equal(pathAt(api, "http://a.example", at("/elsewhere/")), "/api/socket.io");
  assert.equal(pathAt({ ...api, base: null }, "http://a.example", at("/v1/api/docs/")), "/api/socket.io");
});

test("the reason of a disconnect is described", () => {
  assert.equal(reasonText("io server disconnect"), "the server closed the connection");
  assert.equal(reasonText("something new"), "something new");
});
