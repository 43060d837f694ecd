// Checks values against the schemas of a contract, with the messages of the server.

import { isBinary } from "./client.js";

const DRAFTS = [
  [/2020-12/, "2020-12"],
  [/2019-09/, "2019-09"],
  [/draft-04/, "4"],
];
const BYTES = { $binary: true };
const NAMED = ["properties", "patternProperties", "definitions", "$defs", "dependentSchemas", "dependencies"];
const LISTED = ["allOf", "anyOf", "oneOf", "prefixItems", "items"];
const SINGLE = [
  "items",
  "additionalItems",
  "additionalProperties",
  "unevaluatedItems",
  "unevaluatedProperties",
  "contains",
  "propertyNames",
  "not",
  "if",
  "then",
  "else",
];
// Errors of these keywords only say that there are errors of subschemas.
const OUTER = new Set(["$ref", "$recursiveRef", "allOf", "if", "dependentSchemas", ...NAMED.slice(0, 2), ...SINGLE, "prefixItems"]);
["contains", "propertyNames", "not"].forEach((keyword) => OUTER.delete(keyword));
// Errors of these keywords replace those of their subschemas.
const ALTERNATIVES = new Set(["anyOf", "oneOf", "contains", "propertyNames"]);
const KINDS = new Set(["type", "const", "enum"]);

/** The vendored validator, or null if the package was built without it. */
export async function loadValidator() {
  try {
    return (await import("./vendor/json-schema.js")).Validator;
  } catch {
    return null;
  }
}

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const mapObject = (object, change) =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));

/** Return true for a schema of bytes: a string with the format or encoding `binary`. */
export function takesBytes(schema) {
  if (!isObject(schema)) return false;
  if (Array.isArray(schema["x-binary"])) return true;
  const named = schema.format === "binary" || schema.contentEncoding === "binary";
  return named && [schema.type].flat().includes("string");
}

/** Copy a schema for a validator that knows no bytes: it accepts a placeholder, only where bytes are allowed. */
export function adapt(schema, seen = { bytes: false }) {
  if (!isObject(schema)) return schema;
  const copy = { ...schema };
  for (const key of NAMED) if (isObject(copy[key])) copy[key] = mapObject(copy[key], (inner) => adapt(inner, seen));
  for (const key of LISTED) if (Array.isArray(copy[key])) copy[key] = copy[key].map((inner) => adapt(inner, seen));
  for (const key of SINGLE) if (isObject(copy[key])) copy[key] = adapt(copy[key], seen);
  if (!takesBytes(schema)) return copy;
  seen.bytes = true;
  const others = schema["x-binary"] ?? [schema.type].flat().filter((kind) => kind !== "string");
  return { anyOf: [{ const: BYTES }, ...others.map((type) => ({ type }))] };
}

/** Make a check: `check(value)` lists violations `{pointer, message}`; if it cannot check, `check.problem` says why. */
export function compile(Validator, schema) {
  const pass = () => [];
  if (!Validator || schema === null || schema === undefined) return pass;
  const seen = { bytes: false };
  let validator;
  try {
    const adapted = structuredClone(adapt(schema, seen));
    validator = new Validator(adapted, draftOf(schema), false);
  } catch (error) {
    return Object.assign(pass, { problem: error.message });
  }
  const check = (value) => {
    const blobs = [];
    try {
      const { errors } = validator.validate(withoutBytes(value, "", blobs));
      if (blobs.length && !seen.bytes) errors.push(...blobs.map(strayBytes));
      return describe(errors, schema);
    } catch (error) {
      check.problem = error.message; // for example a pattern that JavaScript does not support, or a `$ref` without a target
      return [];
    }
  };
  return check;
}

/** Make a check of the args or the ack of an event, including their number. */
export function compileArgs(Validator, args) {
  if (!args) return () => [];
  const inner = compile(Validator, args.schema);
  const check = (values) => {
    const count = countProblem(values.length, args);
    const found = inner(values).filter((violation) => !(count && violation.pointer === ""));
    check.problem = inner.problem;
    return count ? [{ pointer: "", message: count }, ...found] : found;
  };
  return check;
}

function countProblem(count, { minArgs = 0, maxArgs = null }) {
  const plural = (number) => `${number} ${number === 1 ? "arg" : "args"}`;
  if (count < minArgs) return `too few args: needs ${maxArgs === minArgs ? "" : "at least "}${plural(minArgs)}, has ${count}`;
  if (maxArgs !== null && count > maxArgs) return `too many args: takes ${maxArgs ? `at most ${plural(maxArgs)}` : "none"}, has ${count}`;
  return null;
}

function draftOf(schema) {
  return DRAFTS.find(([pattern]) => pattern.test(schema.$schema ?? ""))?.[1] ?? "7";
}

function withoutBytes(value, pointer, blobs) {
  if (isBinary(value)) {
    blobs.push(pointer);
    return BYTES;
  }
  if (Array.isArray(value)) return value.map((item, index) => withoutBytes(item, `${pointer}/${index}`, blobs));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withoutBytes(item, `${pointer}/${escapeToken(key)}`, blobs)]),
  );
}

const escapeToken = (key) => key.replaceAll("~", "~0").replaceAll("/", "~1");

function strayBytes(pointer) {
  return { keyword: "x-stray", instanceLocation: `#${pointer}`, keywordLocation: "#" };
}

function describe(errors, schema) {
  const found = new Map();
  for (const error of innermost(errors)) {
    const pointer = decoded(error.instanceLocation.slice(1));
    const message = messageFor(error, keywordValue(schema, error));
    found.set(`${pointer}\n${message}`, { pointer, message });
  }
  return [...found.values()];
}

function decoded(pointer) {
  try {
    return decodeURIComponent(pointer);
  } catch {
    return pointer;
  }
}

function innermost(errors) {
  let kept = errors.filter((error) => !OUTER.has(error.keyword));
  for (const error of kept.filter(({ keyword }) => ALTERNATIVES.has(keyword))) {
    if (!kept.includes(error)) continue;
    const inner = kept.filter((other) => other !== error && isUnder(other, error));
    const meant = meantBranch(error, inner);
    kept = kept.filter((other) => (meant ? other !== error && (!inner.includes(other) || meant.includes(other)) : !inner.includes(other)));
  }
  return kept;
}

// The library gives no location of the schema `false`.
function isUnder(error, outer) {
  if (error.keyword === "false") return error.instanceLocation.startsWith(outer.instanceLocation);
  return error.keywordLocation.startsWith(`${outer.keywordLocation}/`);
}

// If only one alternative has the type of the value, its errors are reported: for an object, `null or an
// object` means the object.
function meantBranch(error, inner) {
  if (error.keyword !== "anyOf" && error.keyword !== "oneOf") return null;
  const start = error.keywordLocation.length + 1;
  const branches = new Map();
  for (const other of inner.filter(({ keyword }) => keyword !== "false")) {
    const branch = other.keywordLocation.slice(start).split("/")[0];
    branches.set(branch, [...(branches.get(branch) ?? []), other]);
  }
  const sameKind = [...branches.values()].filter(
    (others) => !others.some((o) => KINDS.has(o.keyword) && o.instanceLocation === error.instanceLocation),
  );
  return branches.size > 1 && sameKind.length === 1 ? sameKind[0] : null;
}

/** Return the value of the keyword of an error; `$ref`s are followed. */
function keywordValue(schema, error) {
  let node = schema;
  for (const raw of error.keywordLocation.split("/").slice(1)) {
    if (raw === "$ref") node = resolve(schema, { $ref: node?.$ref });
    else node = node?.[decoded(raw).replaceAll("~1", "/").replaceAll("~0", "~")];
  }
  return node;
}

/** Follow the local `$ref`s of a schema. */
export function resolve(root, schema) {
  let node = schema;
  for (let step = 0; step < 20 && typeof node?.$ref === "string"; step += 1) {
    if (!node.$ref.startsWith("#")) return {};
    node = decoded(node.$ref.slice(1))
      .split("/")
      .slice(1)
      .reduce((inner, token) => inner?.[token.replaceAll("~1", "/").replaceAll("~0", "~")], root);
  }
  return node ?? {};
}

const plain = (value) => JSON.stringify(value);
const many = (noun, nouns) => (value, bound) => `must have ${bound} ${value} ${value === 1 ? noun : nouns}`;
const characters = many("character", "characters");
const items = many("item", "items");
const properties = many("property", "properties");

const MESSAGES = {
  type: (v) => `must be ${[v].flat().join(" or ")}`,
  required: (v, error) => `needs the property ${quoted(error) ?? plain(v)}`,
  enum: (v) => `must be one of ${plain(v)}`,
  const: (v) => `must be ${plain(v)}`,
  minimum: (v) => `must be at least ${v}`,
  maximum: (v) => `must be at most ${v}`,
  exclusiveMinimum: (v) => `must be more than ${v}`,
  exclusiveMaximum: (v) => `must be less than ${v}`,
  multipleOf: (v) => `must be a multiple of ${v}`,
  minLength: (v) => characters(v, "at least"),
  maxLength: (v) => characters(v, "at most"),
  minItems: (v) => items(v, "at least"),
  maxItems: (v) => items(v, "at most"),
  minProperties: (v) => properties(v, "at least"),
  maxProperties: (v) => properties(v, "at most"),
  uniqueItems: () => "must have no two equal items",
  pattern: (v) => `must match the pattern ${plain(v)}`,
  format: (v) => `must match the format ${v}`,
  contains: () => "has no item of the kind that it must contain",
  propertyNames: (v, error) => `has a property whose name is not allowed: ${quoted(error)}`,
  anyOf: () => "matches none of the alternatives",
  oneOf: () => "must match exactly one of the alternatives",
  not: () => "must not match the schema under not",
  dependencies: (v, error) => error.error,
  dependentRequired: (v, error) => error.error,
  false: () => "is not in the schema",
  "x-stray": () => "binary data where the schema has none",
};

function quoted(error) {
  return /"[^]*"/.exec(error.error)?.[0] ?? null;
}

function messageFor(error, value) {
  // An `anyOf` that is not in the schema of the contract is that of bytes.
  if ((error.keyword === "anyOf" || error.keyword === "const") && value === undefined) return "must be binary data";
  return MESSAGES[error.keyword]?.(value, error) ?? error.error;
}

const SAMPLES = { string: "", integer: 0, number: 0, boolean: false, null: null };

/** Make a value to start editing from if the contract has no example; it need not be valid. */
export function sample(root, schema, depth = 0) {
  const node = resolve(root, schema);
  if (!isObject(node) || depth > 6) return null;
  for (const value of [node.const, node.default, node.examples?.[0], node.example, node.enum?.[0]]) {
    if (value !== undefined) return value;
  }
  if (takesBytes(node)) return { $binary: "" };
  const inner = (other) => sample(root, other, depth + 1);
  const branch = node.allOf ?? node.oneOf ?? node.anyOf;
  const kind = [node.type].flat()[0] ?? (node.properties ? "object" : node.items ? "array" : undefined);
  if (kind === "object") return sampleObject(node, inner);
  if (kind === "array") return node.minItems > 0 && isObject(node.items) ? [inner(node.items)] : [];
  if (kind === undefined && Array.isArray(branch) && branch.length) return inner(branch[0]);
  return kind === undefined ? {} : (SAMPLES[kind] ?? null);
}

function sampleObject(node, inner) {
  const required = new Set(node.required ?? []);
  const wanted = Object.entries(node.properties ?? {}).filter(([key]) => required.size === 0 || required.has(key));
  return Object.fromEntries(wanted.map(([key, schema]) => [key, inner(schema)]));
}

/** Return the schema of one arg; `$ref`s are followed. */
export function argSchema(args, index) {
  const root = args?.schema;
  if (!isObject(root)) return {};
  const listed = [root.prefixItems, root.items].find(Array.isArray);
  const rest = root.prefixItems ? root.items : Array.isArray(root.items) ? root.additionalItems : root.items;
  return resolve(root, listed?.[index] ?? (isObject(rest) ? rest : {}));
}

/** Return the error in an ack (RFC 9457), or null. */
export function errorOf(ack) {
  const error = ack.length === 1 && isObject(ack[0]) ? ack[0].error : null;
  return isObject(error) && Number.isInteger(error.status) && typeof error.title === "string" ? error : null;
}
