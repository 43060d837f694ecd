import assert from "node:assert/strict";
import { test } from "node:test";

import { judgeAck, startingArgs } from "../../asynction/ui/static/composer.js";
import { readPairs, stateText } from "../../asynction/ui/static/panel.js";

const broken = [{ pointer: "/0", message: "must be string" }];

for (const [name, answer, check, declared, expected] of [
  ["an ack that the contract allows is ok", { args: [1] }, () => [], {}, ["ok", "ok"]],
  ["an ack that breaks the contract is marked", { args: [1] }, () => broken, {}, ["bad", "breaks the contract"]],
  ["an ack that the contract does not describe is not checked", { args: [1] }, () => broken, null, ["ok", "ok"]],
  ["an error ack is an error, not a breach", { args: [{ error: { status: 404, title: "Not Found" } }] }, () => broken, {}, ["bad", "error 404"]],
  ["no ack is no ack", { error: "operation has timed out", args: [] }, () => broken, {}, ["warn", "no ack"]],
]) {
  test(name, () => {
    const { tone, badge } = judgeAck(answer, check, declared);
    assert.deepEqual([tone, badge], expected);
  });
}

test("an event starts from its example, else from its schema", () => {
  assert.deepEqual(startingArgs({ examples: [[1, 2]], args: null }), [1, 2]);
  const schema = { type: "array", items: [{ type: "string" }, { type: "integer" }] };
  assert.deepEqual(startingArgs({ examples: [], args: { schema, minArgs: 2, maxArgs: 2 } }), ["", 0]);
  assert.deepEqual(startingArgs({ examples: [], args: { schema, minArgs: 0, maxArgs: 2 } }), [""]);
  assert.deepEqual(startingArgs({ examples: [], args: { schema: { type: "array" }, minArgs: 0, maxArgs: null } }), []);
  assert.deepEqual(startingArgs({ args: null }), []);
});

test("the state of a connection is described", () => {
  assert.equal(stateText({ phase: "idle" }), "Not connected");
  assert.equal(stateText({ phase: "connected", sid: "abc" }), "Connected, sid abc");
  assert.equal(stateText({ phase: "refused", reason: "not authenticated" }), "Refused: not authenticated.");
  assert.equal(stateText({ phase: "refused", reason: "Who are you? " }), "Refused: Who are you?");
  assert.equal(stateText({ phase: "refused", reason: "Ada is here." }), "Refused: Ada is here.");
  assert.equal(
    stateText({ phase: "disconnected", reason: "the connection was lost", retrying: true }),
    "Disconnected: the connection was lost. Trying again…",
  );
});

test("pairs are read one per line", () => {
  assert.deepEqual(readPairs("a=1\n\n b = x=y \nc"), { a: "1", b: "x=y", c: "" });
});
