/** Runs a code block of a README in an empty folder, in which every `@lab/*` package and command is the one here. */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { CodeBlock } from "./markdown.js";
import { type RunningProcess, start, startTypeScript } from "./process.js";
import { bundled } from "./programs.js";
import { scratchFolder } from "./scratch.js";

export const blockTimeoutMs = 20_000;
const extensions: Readonly<Record<string, string>> = { ts: ".ts", js: ".js", cjs: ".cjs" };

/** What is done with a block: run as a program, shown as skipped, or not of our concern (another language, shown only). */
export function fate({ info }: CodeBlock): "run" | "skip" | "show" {
  const [language = "", ...words] = info;
  if (language === "sh") return words.includes("run") ? "run" : "show";
  if (extensions[language] === undefined || words.some((word) => /^(file|append)=/.test(word))) return "show"; // walkthrough.ts
  return words.includes("no-run") ? "skip" : "run";
}

/** Runs a block of a README that stands in `owner`, a folder of the repository `root`; rejects unless it exits 0 in time. */
export async function runBlock(root: string, owner: string, block: CodeBlock): Promise<string> {
  const folder = scratchFolder({ "package.json": '{ "type": "module" }' });
  linkModules(root, owner, join(folder, "node_modules"));
  await using program = startBlock(root, folder, block);
  const timer = setTimeout(() => program.kill(), blockTimeoutMs);
  const { code, signal, stdout, stderr } = await program.exited;
  clearTimeout(timer);
  if (code === 0) return stdout;
  const end = signal === null ? `exited with ${code}` : `was ended by ${signal} (limit ${blockTimeoutMs} ms)`;
  throw new Error(`the block of line ${block.line} ${end}\n${block.text}${stdout}${stderr}`);
}

function startBlock(root: string, folder: string, block: CodeBlock): RunningProcess {
  const [language = ""] = block.info;
  if (language !== "sh") {
    const file = join(folder, `block${extensions[language] ?? ""}`);
    writeFileSync(file, block.text);
    return startTypeScript(file, [], { cwd: folder });
  }
  const PATH = `${commands(root, join(folder, "node_modules", ".bin"))}:${process.env["PATH"] ?? ""}`;
  return start("bash", ["-euo", "pipefail", "-c", block.text], { cwd: folder, env: { PATH } });
}

/** Everything that the owner depends on, and all packages of ours. */
function linkModules(root: string, owner: string, target: string): void {
  const sources = new Map<string, string>();
  const own = join(owner, "node_modules");
  for (const name of existsSync(own) ? readdirSync(own) : []) {
    if (name.startsWith(".")) continue;
    const scoped = name.startsWith("@") ? readdirSync(join(own, name)).map((inner) => `${name}/${inner}`) : [name];
    for (const one of scoped) sources.set(one, join(own, one));
  }
  for (const name of readdirSync(join(root, "packages"))) sources.set(`@lab/${name}`, join(root, "packages", name));
  for (const [name, source] of sources) {
    mkdirSync(dirname(join(target, name)), { recursive: true });
    symlinkSync(source, join(target, name));
  }
}

/** Writes a script for every published command, which runs a bundle of its source. */
function commands(root: string, target: string): string {
  mkdirSync(target, { recursive: true });
  for (const name of readdirSync(join(root, "packages"))) {
    const manifest = join(root, "packages", name, "package.json");
    if (!existsSync(manifest)) continue;
    const { publishConfig } = JSON.parse(readFileSync(manifest, "utf8")) as {
      publishConfig?: { bin?: Record<string, string> };
    };
    for (const [command, built] of Object.entries(publishConfig?.bin ?? {})) {
      const source = join(root, "packages", name, built.replace("./dist/", "src/").replace(/\.js$/, ".ts"));
      const line = [process.execPath, bundled(source)].map((word) => `'${word}'`).join(" ");
      writeFileSync(join(target, command), `#!/bin/sh\nexec ${line} "$@"\n`, { mode: 0o755 });
    }
  }
  return target;
}
