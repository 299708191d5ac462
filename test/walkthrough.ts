/**
 * A page that is worked through from top to bottom in one folder. Its blocks say what the reader does: `file=NAME` writes
 * a file, `append=NAME` adds to it, `diff file=NAME` changes it in one place, `sh install` installs, `sh step` runs (and
 * `sh step fails` must fail), and `text output` is what the step before it printed, where `…` stands for anything.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { CodeBlock } from "./markdown.js";
import { run } from "./process.js";

/** Does what every block says, in order; rejects with the line of the first that is not as the page says. */
export async function workThrough(root: string, folder: string, blocks: readonly CodeBlock[]): Promise<void> {
  let printed = "";
  for (const block of blocks) {
    try {
      printed = await workOn(root, folder, block, printed);
    } catch (error) {
      throw new Error(`line ${block.line}: ${error instanceof Error ? error.message : error}`, { cause: error });
    }
  }
}

/** Does what a block says, and gives what the last step printed. */
async function workOn(root: string, folder: string, block: CodeBlock, printed: string): Promise<string> {
  const [language = "", ...words] = block.info;
  const [, what, name = ""] = /^(file|append)=(.+)$/.exec(words[0] ?? "") ?? [];
  if (language === "sh" && words[0] === "install") install(root, folder, block.text);
  else if (language === "sh" && words[0] === "step") return await step(folder, block.text, words[1] === "fails");
  else if (language === "text" && words[0] === "output") mustHavePrinted(printed, block.text);
  else if (what === "append") appendFileSync(join(folder, name), block.text);
  else if (what === "file" && language === "diff") change(join(folder, name), block.text);
  else if (what === "file") {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), block.text, { flag: "wx" });
  }
  return printed;
}

/** Links what `npm install NAME@VERSION ...` would install; the version must be the one that is installed here. */
function install(root: string, folder: string, command: string): void {
  const packages = command
    .split(/\s+/)
    .filter((word) => /^@?[a-z][\w/@.-]*$/.test(word) && !/^(npm|install)$/.test(word));
  for (const one of packages) {
    const [, name = "", version] = /^(@?[^@]+)(?:@(.+))?$/.exec(one) ?? [];
    const ours = join(root, "packages", name.replace("@lab/", ""));
    const source = realpathSync(name.startsWith("@lab/") ? ours : join(root, "node_modules", name));
    const manifest = JSON.parse(readFileSync(join(source, "package.json"), "utf8")) as Manifest;
    if (version !== undefined && manifest.version !== version) {
      throw new Error(`${one} is not the version that is tested here, ${manifest.version}`);
    }
    link(source, join(folder, "node_modules", name));
    const commands = typeof manifest.bin === "string" ? { [name]: manifest.bin } : (manifest.bin ?? {});
    for (const [bin, file] of Object.entries(commands)) {
      link(join(source, file), join(folder, "node_modules", ".bin", bin));
    }
  }
}

interface Manifest {
  readonly version: string;
  readonly bin?: string | Readonly<Record<string, string>>;
}

function link(source: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true });
  if (!existsSync(target)) symlinkSync(source, target);
}

/** What the run of tests that this is part of has set is nothing that a reader would have. */
const readersEnvironment = {
  ...Object.fromEntries(
    Object.keys(process.env)
      .filter((name) => /^(VITEST|LAB_|SIMNET_|NODE_ENV$|NODE_OPTIONS$|TEST$|CI$|FORCE_COLOR$)/.test(name))
      .map((name) => [name, undefined]),
  ),
  NO_COLOR: "1",
};

/** What npx does with a command that is installed, without a second of npm for each. */
const npx = `npx() { "node_modules/.bin/$1" "\${@:2}"; }\n`;

async function step(folder: string, command: string, fails: boolean): Promise<string> {
  const options = { cwd: folder, env: readersEnvironment };
  const { code, stdout, stderr } = await run("bash", ["-euo", "pipefail", "-c", npx + command], options);
  const printed = stdout + stderr;
  if ((code === 0) === fails) throw new Error(`${command.trim()} exited with ${code}\n${printed}`);
  return printed;
}

/** @throws Error where what was printed does not have these lines in this order; `…` alone stands for any lines */
export function mustHavePrinted(printed: string, expected: string): void {
  const quoted = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const lines = expected.trimEnd().split("\n");
  const pattern = lines
    .map((line) => (line === "…" ? "[^]*?" : `${line.split("…").map(quoted).join(".*")}\n`))
    .join("");
  if (!new RegExp(pattern).test(`${printed}\n`))
    throw new Error(`this was not printed:\n${expected}but this:\n${printed}`);
}

/** Replaces the lines that begin with `-` (or a blank) by those that begin with `+` (or a blank); they stand there once. */
function change(path: string, diff: string): void {
  const side = (other: string): string =>
    diff
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith(other))
      .map((line) => `${line.slice(1)}\n`)
      .join("");
  const before = readFileSync(path, "utf8");
  const places = before.split(side("+"));
  if (places.length !== 2) throw new Error(`the lines to change stand in ${path} ${places.length - 1} times`);
  writeFileSync(path, places.join(side("-")));
}
