#!/usr/bin/env node
// Usage: scripts/assets.mjs
//
// Puts the libraries of the docs page's console, and their licences, into
// asynction/ui/static/vendor. They come from node_modules: `npm ci` first.
import { build } from "esbuild";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const VENDOR = `${ROOT}asynction/ui/static/vendor`;
const MODULES = `${ROOT}node_modules`;

// What the Socket.IO bundle is made of.
const SOCKET_IO = [
  "socket.io-client",
  "engine.io-client",
  "engine.io-parser",
  "socket.io-parser",
  "@socket.io/component-emitter",
];

async function read(path) {
  try {
    return await readFile(`${MODULES}/${path}`, "utf8");
  } catch {
    return null;
  }
}

/** The licence of a package, or what its package.json says of it. */
async function licence(name) {
  const about = JSON.parse(await read(`${name}/package.json`));
  const author = about.author?.name ?? about.author ?? "";
  const text = (await read(`${name}/LICENSE`)) ?? (await read(`${name}/LICENSE.md`));
  return `${name} ${about.version} (${about.license}) ${author}\n\n${text ?? mit(author)}`;
}

// Packages under the MIT licence that come without its text.
function mit(author) {
  return `MIT License

Copyright (c) ${author}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute,
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or
substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM,
DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT
OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`;
}

async function writeLicences(file, names) {
  const texts = await Promise.all(names.map(licence));
  await writeFile(`${VENDOR}/${file}`, texts.join(`\n${"-".repeat(80)}\n\n`));
}

await rm(VENDOR, { recursive: true, force: true });
await mkdir(VENDOR, { recursive: true });

// The source map is not served, so nothing may ask for it.
const client = await readFile(`${MODULES}/socket.io-client/dist/socket.io.esm.min.js`, "utf8");
await writeFile(`${VENDOR}/socket.io.esm.min.js`, client.replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n"));
await build({
  stdin: { contents: 'export { Validator } from "@cfworker/json-schema";', resolveDir: ROOT },
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  outfile: `${VENDOR}/json-schema.js`,
});
await writeLicences("socket.io.LICENSE.txt", SOCKET_IO);
await writeLicences("json-schema.LICENSE.txt", ["@cfworker/json-schema"]);
