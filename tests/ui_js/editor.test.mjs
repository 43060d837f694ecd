import assert from "node:assert/strict";
import { test } from "node:test";

import { lineOf, locate, marksOf, pretty, scan } from "../../asynction/ui/static/editor.js";

const TEXT = `{
  "text": "a\\"b",
  "tags": ["x",
    {"deep": null}],
  "a/b~c": -1.5e3
}`;

test("every pointer of a document has the place of its value", () => {
  const { positions, value, error } = scan(TEXT);
  assert.equal(error, null);
  assert.deepEqual(value, JSON.parse(TEXT));
  const lines = Object.fromEntries([...positions.keys()].map((pointer) => [pointer, locate(TEXT, positions, pointer).line]));
  assert.deepEqual(lines, { "/text": 2, "/tags/0": 3, "/tags/1/deep": 4, "/tags/1": 4, "/tags": 3, "/a~1b~0c": 5, "": 1 });
  const { start, end } = positions.get("/a~1b~0c");
  assert.equal(TEXT.slice(start, end), "-1.5e3");
});

test("a pointer to what is not there is marked at the nearest value around it", () => {
  assert.equal(locate(TEXT, scan(TEXT).positions, "/tags/1/missing/more").line, 4);
  assert.equal(locate(TEXT, scan(TEXT).positions, "/nothing").line, 1);
});

test("lines and columns count from one", () => {
  assert.deepEqual(lineOf("ab\ncd", 0), { line: 1, column: 1 });
  assert.deepEqual(lineOf("ab\ncd", 4), { line: 2, column: 2 });
});

for (const [text, line, message] of [
  ["", 1, "a value is missing"],
  ["[1,\n2,\n]", 3, "not a JSON value"],
  ['{"a": 1\n"b": 2}', 2, "a , or } is missing"],
  ['{\n"a" 1}', 2, "a : is missing"],
  ["{a: 1}", 1, 'a name in "quotes" is missing'],
  ["[1", 1, "a , or ] is missing"],
  ['"open', 1, "the string does not end, or has a character that must be escaped"],
  ['"a\nb"', 1, "the string does not end, or has a character that must be escaped"],
  ["1 2", 1, "there is more text after the value"],
  ['{"a": 1,\n"a": 2}', 2, 'the name "a" occurs twice'],
  ["01", 1, "there is more text after the value"],
  ["[".repeat(600), 1, "nested deeper than 500 levels"],
]) {
  test(`${JSON.stringify(text).slice(0, 40)} is not JSON: ${message}`, () => {
    const { error } = scan(text);
    assert.equal(error.message, message);
    assert.equal(error.line, line);
    assert.equal(marksOf(text, [])[0].line, line);
  });
}

test("what the editor takes for JSON is what JSON.parse takes", () => {
  for (const text of ["0", " -0.1e-2 ", '"\\u00e9\\n"', "[]", "{ }", "[true,false,null]", '{"__proto__": 1}', "\t[ [ ] ]\r\n"]) {
    assert.deepEqual(scan(text).value, JSON.parse(text));
  }
  for (const text of ["+1", "1.", ".5", "NaN", "'a'", "[1,]", "tru", '"\\x"', "\u00a01", "{,}", "--1"]) {
    assert.ok(scan(text).error, text);
  }
});

test("marks stand in the order of the text", () => {
  const marks = marksOf(TEXT, [
    { pointer: "/tags/1", message: "second" },
    { pointer: "/text", message: "first" },
  ]);
  assert.deepEqual(marks.map(({ line, message }) => [line, message]), [[2, "first"], [4, "second"]]);
});

test("pretty JSON keeps short lists of plain values on one line and is the same value", () => {
  const value = { a: [1, 2, null], b: [{ c: [] }], d: ["x", "y"], e: "[\n 1\n]" };
  assert.deepEqual(JSON.parse(pretty(value)), value);
  assert.ok(pretty(value).includes('"a": [1, 2, null]'));
  assert.equal(pretty(undefined), "");
});
