import assert from "node:assert/strict";
import { test } from "node:test";

import { clock, emptyLog, LIMIT, makeEntry, reduceLog, shownArgs, visible } from "../../asynction/ui/static/log.js";

const run = (...actions) => actions.reduce(reduceLog, emptyLog);
const entry = (event, more = {}) => makeEntry({ direction: "in", namespace: "/chat", event, ...more });
const add = (event, more) => ({ type: "add", entry: entry(event, more) });
const names = (state) => visible(state).map(({ event }) => event);

test("the newest entry is first", () => {
  assert.deepEqual(names(run(add("a"), add("b"))), ["b", "a"]);
});

test("new entries wait while the log is paused", () => {
  const paused = run(add("a"), { type: "pause" }, add("b"), add("c"));
  assert.deepEqual(names(paused), ["a"]);
  assert.equal(paused.held.length, 2);
  const resumed = reduceLog(paused, { type: "resume" });
  assert.deepEqual(names(resumed), ["c", "b", "a"]);
  assert.deepEqual([resumed.held.length, resumed.paused], [0, false]);
});

test("clearing keeps the filter and the pause", () => {
  const state = run({ type: "filter", text: "x" }, { type: "pause" }, add("x"), { type: "clear" });
  assert.deepEqual([state.entries, state.held, state.text, state.paused], [[], [], "x", true]);
});

test("the filter looks at names, args and kinds", () => {
  const entries = [
    add("joined", { args: [{ name: "Ada" }] }),
    add("left", { direction: "out" }),
    add("left", { direction: "ack", violations: [{ pointer: "", message: "no" }] }),
  ];
  const filtered = (filter) => names(run(...entries, { type: "filter", ...filter }));
  assert.deepEqual(filtered({ text: " ADA " }), ["joined"]);
  assert.deepEqual(filtered({ text: "/chat" }).length, 3);
  assert.deepEqual(filtered({ kind: "in" }), ["joined"]);
  assert.deepEqual(filtered({ kind: "out" }), ["left", "left"]);
  assert.deepEqual(filtered({ kind: "marked" }), ["left"]);
  assert.deepEqual(filtered({ kind: "in", text: "left" }), []);
});

test("the log keeps its newest entries and counts the others", () => {
  const many = Array.from({ length: LIMIT + 3 }, (_, index) => add(`e${index}`));
  const state = run(...many);
  assert.deepEqual([state.entries.length, state.dropped, names(state).at(-1)], [LIMIT, 3, "e3"]);
  const held = run({ type: "pause" }, ...many, { type: "resume" }, add("last"));
  assert.deepEqual([held.entries.length, held.dropped], [LIMIT, 4]);
});

test("a state is not changed by an action", () => {
  const state = Object.freeze(run(add("a")));
  reduceLog(state, add("b"));
  assert.deepEqual(names(state), ["a"]);
  assert.deepEqual(emptyLog.entries, []);
});

test("args are shown one after the other, very long ones cut", () => {
  assert.equal(shownArgs([]), "(no args)");
  assert.equal(shownArgs([1, "a"]), '1,\n"a"');
  assert.match(shownArgs(["x".repeat(200_000)]), /200002 characters in all/);
});

test("times are shown to the millisecond", () => {
  assert.equal(clock(new Date(2024, 0, 1, 3, 4, 5, 6)), "03:04:05.006");
});
