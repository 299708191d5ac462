/** The rule that keeps core/ pure is proven to bite, and the tree is proven to obey it, by two independent means. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, it } from "vitest";
import { wrongArrows } from "./arrows.js";
import { scratchFolder } from "./scratch.js";

const root = join(import.meta.dirname, "..");
const ownFolder = /core\/ imports only files of its own folder/;
const noDice = /core\/ rolls no dice/;

/** Source text of a file in core/, and what the linter must say about it. */
const forbidden: readonly (readonly [text: string, message: RegExp])[] = [
  ['import { readFileSync } from "node:fs";\nexport const x = readFileSync;', ownFolder],
  ['import "node:fs/promises";', ownFolder],
  ['import { pino } from "pino";\nexport const x = pino;', ownFolder],
  ['import type { Logger } from "pino";\nexport type X = Logger;', ownFolder],
  ['import "pino/file.js";', ownFolder],
  ['export { pino } from "pino";', ownFolder],
  ['export * from "node:net";', ownFolder],
  ['import fs = require("node:fs");\nexport const x = fs;', ownFolder],
  ['import { serve } from "../node/server.js";\nexport const x = serve;', ownFolder],
  ['import { main } from "../cli/main.js";\nexport const x = main;', ownFolder],
  ['export { serve } from "../node/server.js";', ownFolder],
  ['export { serve } from "./../node/server.js";', ownFolder],
  ['export { serve } from "./sub/../../node/server.js";', ownFolder],
  ['export { x } from "../index.js";', ownFolder],
  ['export { x } from "@lab/framing";', ownFolder],
  ['export { x } from "@lab/framing/web";', ownFolder],
  ['export { x } from "../../../framing/src/core/index.js";', ownFolder],
  ['export const x = () => import("./y.js");', noDice],
  ['export const x = () => import("node:fs");', noDice],
  ['export type X = import("pino").Logger;', noDice],
  ["export const x = import.meta.url;", noDice],
  ["export const x = Math.random();", noDice],
  ["export const x = Math?.random();", noDice],
  ['export const x = Math["random"]();', noDice],
  ["const { random } = Math;\nexport const x = random;", noDice],
  ["const { random: dice } = Math;\nexport const x = dice;", noDice],
  ["const { floor, ...rest } = Math;\nexport const x = { floor, rest };", noDice],
  ["const m = Math;\nexport const x = m;", noDice],
  ["export const x = { Math };", noDice],
  ["export const x = Math.max(...Object.values(Math).map(Number));", noDice],
  ['export const x = new Function("return 1");', noDice],
  ['export const x = require("node:fs");', /imports only its own folder/],
  ['export const x = Buffer.from("a");', /core\/ uses Uint8Array/],
  ["export type X = Buffer;", /core\/ uses Uint8Array/],
  ["export const x = process.pid;", /core\/ knows no process/],
  ["export const x = typeof process;", /core\/ knows no process/],
  ["export const x = globalThis;", /no ambient state/],
  ["export const x = global;", /no ambient state/],
  ["export const x = self;", /no ambient state/],
  ["export const x = window;", /no ambient state/],
  ["export const x = Date.now();", /core\/ is told the time/],
  ["export const x = new Date();", /core\/ is told the time/],
  ["export const x = performance.now();", /core\/ is told the time/],
  ["setTimeout(() => {}, 1);", /core\/ starts no timer/],
  ["setInterval(() => {}, 1);", /core\/ starts no timer/],
  ["setImmediate(() => {});", /core\/ starts no timer/],
  ["queueMicrotask(() => {});", /core\/ is synchronous/],
  ['export const x = fetch("http://127.0.0.1");', /core\/ does no I\/O/],
  ["export const x = new XMLHttpRequest();", /core\/ does no I\/O/],
  ['export const x = new WebSocket("ws://127.0.0.1");', /core\/ does no I\/O/],
  ["export const x = crypto.randomUUID();", /core\/ is handed its randomness/],
  ['console.log("x");', /core\/ writes nothing/],
  ["export const x = new Intl.DateTimeFormat().format();", /core\/ depends on no locale/],
  ['export const x = eval("1");', /core\/ loads nothing at run time/],
];

const legal: readonly string[] = [
  'import { y } from "./y.js";\nimport { z } from "./sub/y.js";\nexport const x = [y, z];',
  'export { y } from "./y.js";\nexport * from "./sub/deep/y.js";',
  'import { FrameDecoder } from "@lab/framing/core";\nexport const x = new FrameDecoder();',
  "export const x = Math.floor(Math.max(1, Math.min(2, Math.PI)));",
  "export const x = [1.5].map(Math.floor);",
  "export const x = new TextEncoder().encode(new TextDecoder().decode(new Uint8Array(4)));",
  "export function step(now: number, process: string): string[] {\n  return [process, String(now)];\n}",
];

const elsewhere: Readonly<Record<string, { readonly text: string; readonly message?: RegExp }>> = {
  "node/up.ts": { text: 'export { main } from "../cli/main.js";', message: /a driver imports core\/, never cli\// },
  "node/index-of-all.ts": { text: 'export { x } from "../index.js";', message: /a driver imports core\// },
  "node/talks.ts": { text: 'console.log("x");', message: /console/ },
  "node/legal.ts": {
    text: 'import { readFileSync } from "node:fs";\nimport { y } from "../core/y.js";\nexport const x = [readFileSync, y, Date.now()];',
  },
  "web/up.ts": { text: 'export { main } from "../cli/main.js";', message: /web\/ runs in a browser/ },
  "web/driver.ts": { text: 'export { serve } from "../node/server.js";', message: /web\/ runs in a browser/ },
  "web/fs.ts": { text: 'import "node:fs";', message: /web\/ runs in a browser/ },
  "web/legal.ts": { text: 'export { y } from "../core/sub/y.js";\nexport { z } from "./z.js";' },
  "web/bundled.ts": { text: 'export { h } from "preact";\nexport { plot } from "@observablehq/plot";' },
  "web/not-bundled.ts": { text: 'export { h } from "react";', message: /web\/ runs in a browser/ },
  "cli/legal.ts": { text: 'export { serve } from "../node/server.js";\nconsole.log("x");' },
};

/** What the linter says about each file of `src/`, as errors only: one run over all of them. */
function lint(files: Readonly<Record<string, string>>): Map<string, string> {
  const config = JSON.parse(readFileSync(join(root, "biome.json"), "utf8")) as Record<string, unknown>;
  delete config["$schema"];
  delete config["vcs"]; // the scratch folder is no git checkout
  const folder = scratchFolder({
    "biome.json": JSON.stringify(config),
    "scripts/lint/no-ambient-in-core.grit": readFileSync(join(root, "scripts/lint/no-ambient-in-core.grit"), "utf8"),
    ...Object.fromEntries(Object.entries(files).map(([name, text]) => [`packages/hftp/src/${name}`, `${text}\n`])),
  });
  const biome = createRequire(import.meta.url).resolve("@biomejs/biome/bin/biome");
  const args = [biome, "lint", "--colors=off", "--max-diagnostics=none", "--diagnostic-level=error", "."];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
  const checked = Number(/Checked (\d+) files/.exec(`${stdout}${stderr}`)?.[1]);
  expect(checked, stderr).toBeGreaterThanOrEqual(Object.keys(files).length);
  const said = new Map<string, string>();
  // Each diagnostic begins with `packages/hftp/src/NAME:LINE:COLUMN RULE ----`; the reason follows it.
  for (const one of `${stdout}${stderr}`.split(/^(?=packages\/hftp\/src\/\S+:\d+:\d+ )/m)) {
    const name = /^packages\/hftp\/src\/([^:]+):/.exec(one)?.[1];
    if (name !== undefined) said.set(name, `${said.get(name) ?? ""}${one}`);
  }
  return said;
}

it("the lint rule refuses every forbidden thing in core/, with the reason, and passes legal code", () => {
  const files: Record<string, string> = {};
  for (const [index, [text]] of forbidden.entries()) files[`core/forbidden-${index}.ts`] = text;
  for (const [index, [text]] of forbidden.entries()) files[`core/sub/forbidden-${index}.ts`] = text;
  for (const [index, text] of legal.entries()) files[`core/legal-${index}.ts`] = text;
  for (const [name, { text }] of Object.entries(elsewhere)) files[name] = text;
  const said = lint(files);
  const wrong: string[] = [];
  const check = (name: string, text: string, message: RegExp | undefined): void => {
    const answer = said.get(name);
    if (message === undefined ? answer !== undefined : answer === undefined || !message.test(answer)) {
      wrong.push(`${name}: ${text}\n  wanted ${message ?? "nothing"}, the linter said ${answer ?? "nothing"}`);
    }
  };
  for (const [index, [text, message]] of forbidden.entries()) {
    check(`core/forbidden-${index}.ts`, text, message);
    check(`core/sub/forbidden-${index}.ts`, text, message);
  }
  for (const [index, text] of legal.entries()) check(`core/legal-${index}.ts`, text, undefined);
  for (const [name, { text, message }] of Object.entries(elsewhere)) check(name, text, message);
  expect(wrong.join("\n")).toBe("");
});

it("every import of every package points down, and index.ts only re-exports", () => {
  expect(wrongArrows(root)).toEqual([]);
});

const manifest = (dependencies: Record<string, string> = {}): string => JSON.stringify({ dependencies });
const arrows: readonly (readonly [title: string, file: string, text: string, complaint: RegExp | undefined])[] = [
  ["core -> node:fs", "election/src/core/a.ts", 'import "node:fs";', /imports node:fs: core\/ imports no outside/],
  ["core -> pino", "election/src/core/a.ts", 'export * from "pino";', /imports pino/],
  ["core -> node/", "election/src/core/a.ts", 'export * from "../node/x.js";', /core\/ may not import node\//],
  ["core/sub -> node/", "election/src/core/sub/a.ts", 'export * from "../../node/x.js";', /may not import node\//],
  ["core -> cli/ at run time", "election/src/core/a.ts", 'void import("../cli/x.js");', /may not import cli\//],
  ["core -> require", "election/src/core/a.ts", 'const x = require("net");', /imports net/],
  ["core -> index.ts", "election/src/core/a.ts", 'export * from "../index.js";', /may not import src\//],
  ["core -> sister's core", "election/src/core/a.ts", 'export * from "@lab/framing/core";', undefined],
  ["core -> sister's whole", "election/src/core/a.ts", 'export * from "@lab/framing";', /only the core of a sister/],
  ["core -> stranger's core", "election/src/core/a.ts", 'export * from "@lab/rake/core";', /table .* does not allow/],
  ["node -> stranger", "election/src/node/a.ts", 'export * from "@lab/rake";', /table .* does not allow/],
  ["node -> cli", "election/src/node/a.ts", 'export * from "../cli/x.js";', /node\/ may not import cli\//],
  ["node -> node:fs, core", "election/src/node/a.ts", 'import "node:fs";\nimport "../core/x.js";', undefined],
  ["web -> cli", "election/src/web/a.ts", 'export * from "../cli/x.js";', /web\/ may not import cli\//],
  ["web -> node", "election/src/web/a.ts", 'export * from "../node/x.js";', /web\/ may not import node\//],
  ["web -> preact", "election/src/web/a.tsx", 'export * from "preact/hooks";', undefined],
  ["web -> anything else", "election/src/web/a.tsx", 'export * from "react";', /web\/ imports no outside package/],
  ["core -> preact", "election/src/core/a.ts", 'export * from "preact";', /core\/ imports no outside package/],
  ["cli -> node, core", "election/src/cli/a.ts", 'import "../node/x.js";\nimport "../core/x.js";', undefined],
  ["node -> another package's files", "election/src/node/a.ts", 'import "../../../rake/src/x.js";', /outside the/],
  ["index.ts that computes", "election/src/index.ts", 'export * from "./core/x.js";\nexport const a = 1;', /does more/],
  ["index.ts that re-exports", "election/src/index.ts", 'export * from "./core/x.js";', undefined],
  ["a folder without a layer", "election/src/misc/a.ts", 'export * from "./x.js";', /none of core/],
  ["an unknown package", "gossip/src/index.ts", 'export * from "./core/x.js";', /not in the table/],
  ["a manifest that allows too much", "election/package.json", manifest({ "@lab/rake": "1" }), /depends on @lab\/rake/],
];

it.each(arrows)("the import graph: %s", (_title, file, text, complaint) => {
  const folder = scratchFolder({
    "packages/election/package.json": manifest({ "@lab/framing": "1" }),
    "packages/election/src/core/x.ts": "export const x = 1;",
    [`packages/${file}`]: text,
  });
  const said = wrongArrows(folder);
  if (complaint === undefined) expect(said).toEqual([]);
  else expect(said.join("\n")).toMatch(complaint);
});
