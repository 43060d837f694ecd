import assert from "node:assert/strict";
import { test } from "node:test";

import { Validator } from "@cfworker/json-schema";

import { argSchema, compile, compileArgs, errorOf, sample, takesBytes } from "../../asynction/ui/static/validator.js";

const DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema";
const BYTES = { type: "string", format: "binary" };

const said = (schema, value) => compile(Validator, schema)(value).map(({ pointer, message }) => `${pointer}: ${message}`);

const CASES = [
  ["a valid value has no mark", { type: "string" }, "a", []],
  ["a type is named", { type: ["string", "null"] }, 1, [": must be string or null"]],
  ["a missing property is marked at its object", { properties: { a: { required: ["b"] } } }, { a: {} }, ['/a: needs the property "b"']],
  ["a property too many is marked itself", { additionalProperties: false }, { x: 1 }, ["/x: is not in the schema"]],
  ["a name is escaped in a pointer", { properties: { "a/b~ä%#": { type: "null" } } }, { "a/b~ä%#": 1 }, ["/a~1b~0ä%#: must be null"]],
  ["lengths have a plural", { minLength: 2 }, "", [": must have at least 2 characters"]],
  ["a bound is named", { items: { maximum: 3 } }, [4], ["/0: must be at most 3"]],
  ["a pattern is shown", { pattern: "^a" }, "b", [': must match the pattern "^a"']],
  ["a format is asserted", { format: "email" }, "b", [": must match the format email"]],
  ["an unknown format is not", { format: "name_of_a_pet" }, "b", []],
  ["a null or an object, given an object, means the object", { anyOf: [{ type: "null" }, { type: "object", required: ["id"] }] }, {}, [': needs the property "id"']],
  ["other alternatives are not reported one by one", { oneOf: [{ type: "null" }, { type: "string" }] }, 1, [": must match exactly one of the alternatives"]],
  ["violations in the list of an alternative are not reported", { contains: { type: "null" } }, [1, 2], [": has no item of the kind that it must contain"]],
  ["references are followed", { $ref: "#/definitions/a", definitions: { a: { properties: { b: { $ref: "#/definitions/c" } } }, c: { minimum: 1 } } }, { b: 0 }, ["/b: must be at least 1"]],
  ["draft-07 reads items as a list", { items: [{ type: "string" }], additionalItems: false }, ["a", 1], ["/1: is not in the schema"]],
  ["2020-12 reads prefixItems", { $schema: DRAFT_2020, prefixItems: [{ type: "string" }], items: false }, [1, 1], ["/0: must be string", "/1: is not in the schema"]],
  ["bytes are bytes", { items: [BYTES] }, [{ $binary: "AA==" }], []],
  ["text is not bytes", { items: [BYTES] }, ["AA=="], ["/0: must be binary data"]],
  ["bytes or null may be null", { type: ["string", "null"], format: "binary" }, null, []],
  ["a number is not bytes or null", { type: ["string", "null"], format: "binary" }, 1, [": must be binary data"]],
  ["bytes are refused if the schema has none", { type: "array" }, [{ $binary: "" }], ["/0: binary data where the schema has none"]],
  ["the server's own word for bytes is read", { items: [{ "x-binary": [] }] }, [1], ["/0: must be binary data"]],
  ["a boolean schema is one", false, 1, [": is not in the schema"]],
];

for (const [name, schema, value, expected] of CASES) {
  test(name, () => assert.deepEqual(said(schema, value), expected));
}

test("a schema is not changed by its check", () => {
  const schema = Object.freeze({ $ref: "#/definitions/a", definitions: Object.freeze({ a: Object.freeze({ ...BYTES }) }) });
  assert.deepEqual(said(schema, 1), [": must be binary data"]);
});

test("a pattern that JavaScript does not support is reported, and marks nothing", () => {
  const check = compile(Validator, { pattern: "(?P<name>a)" });
  assert.deepEqual(check("b"), []);
  assert.match(check.problem, /regular expression/i);
});

test("without a validator, without a schema, nothing is marked", () => {
  assert.deepEqual(compile(null, { type: "string" })(1), []);
  assert.deepEqual(compile(Validator, null)(1), []);
  assert.deepEqual(compileArgs(Validator, null)([1]), []);
});

test("the number of args is checked", () => {
  const check = (minArgs, maxArgs, values) => compileArgs(Validator, { schema: { type: "array" }, minArgs, maxArgs })(values).map((v) => v.message);
  assert.deepEqual(check(1, 1, []), ["too few args: needs 1 arg, has 0"]);
  assert.deepEqual(check(2, null, [1]), ["too few args: needs at least 2 args, has 1"]);
  assert.deepEqual(check(0, 1, [1, 2]), ["too many args: takes at most 1 arg, has 2"]);
  assert.deepEqual(check(0, 0, [1]), ["too many args: takes none, has 1"]);
  assert.deepEqual(check(0, null, [1, 2, 3]), []);
});

test("the schema of an arg is found in either dialect", () => {
  const text = { type: "string" };
  const rest = { type: "null" };
  const old = { schema: { items: [{ $ref: "#/definitions/t" }], additionalItems: rest, definitions: { t: text } } };
  assert.deepEqual([0, 1].map((index) => argSchema(old, index)), [text, rest]);
  const current = { schema: { prefixItems: [text], items: rest } };
  assert.deepEqual([0, 1].map((index) => argSchema(current, index)), [text, rest]);
  assert.deepEqual(argSchema({ schema: { items: text } }, 3), text);
  assert.deepEqual(argSchema(null, 0), {});
});

test("a sample starts from what the schema says", () => {
  const schema = {
    type: "object",
    required: ["a", "b", "c", "d", "e"],
    properties: {
      a: { type: "integer" },
      b: { enum: ["x", "y"] },
      c: { default: 5 },
      d: BYTES,
      e: { type: "array", minItems: 1, items: { oneOf: [{ type: "boolean" }] } },
      left: { type: "string" },
    },
  };
  assert.deepEqual(sample(schema, schema), { a: 0, b: "x", c: 5, d: { $binary: "" }, e: [false] });
  const endless = { type: "object", required: ["a"], properties: { a: { $ref: "#" } } };
  assert.equal(typeof sample(endless, endless), "object");
});

test("bytes are recognised by format or encoding, only for strings", () => {
  assert.ok(takesBytes({ type: "string", contentEncoding: "binary" }));
  assert.ok(!takesBytes({ type: "object", format: "binary" }));
  assert.ok(!takesBytes(true));
});

test("an error ack is one object with an error of RFC 9457's members", () => {
  const error = { status: 400, title: "Bad Request" };
  assert.equal(errorOf([{ error }]), error);
  for (const ack of [[], [{ error: "no" }], [{ error: { status: "400", title: "" } }], [{ error }, 1], [null]]) {
    assert.equal(errorOf(ack), null);
  }
});
