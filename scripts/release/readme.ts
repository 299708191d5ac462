/** The examples of an installed package's README, run where it is installed, by the `node` of the PATH. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import ts from "typescript";
import { type CodeBlock, codeBlocks } from "../../test/markdown.js";
import { type RunningProcess, start } from "../../test/process.js";
import { blockTimeoutMs, fate } from "../../test/readme-blocks.js";

/** Runs every block that is meant to run; how many these were. Rejects with all that failed. */
export async function runExamples(project: string, name: string): Promise<number> {
  const readme = readFileSync(join(project, "node_modules", name, "README.md"), "utf8");
  const blocks = codeBlocks(readme).filter((block) => fate(block) === "run");
  const failures: string[] = [];
  for (const block of blocks) {
    const failure = await runExample(project, block);
    if (failure !== undefined) failures.push(failure);
  }
  if (failures.length > 0) throw new Error(failures.join("\n"));
  return blocks.length;
}

/** Runs a block in an empty folder inside the project, so that imports find what is installed; what went wrong. */
async function runExample(project: string, block: CodeBlock): Promise<string | undefined> {
  const folder = mkdtempSync(join(project, "example-"));
  await using program = startExample(project, folder, block);
  const timer = setTimeout(() => program.kill(), 3 * blockTimeoutMs);
  const { code, signal, stdout, stderr } = await program.exited;
  clearTimeout(timer);
  rmSync(folder, { recursive: true, force: true });
  if (code === 0) return undefined;
  return `the example of line ${block.line} ended with ${signal ?? code}\n${block.text}${stdout}${stderr}`;
}

function startExample(project: string, folder: string, { info, text }: CodeBlock): RunningProcess {
  const [language = ""] = info;
  if (language === "sh") {
    const PATH = [join(project, "node_modules", ".bin"), process.env["PATH"]].join(delimiter);
    return start("bash", ["-euo", "pipefail", "-c", text], { cwd: folder, env: { PATH } });
  }
  mkdirSync(folder, { recursive: true });
  const file = join(folder, language === "cjs" ? "example.cjs" : "example.mjs");
  const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true };
  writeFileSync(file, language === "ts" ? ts.transpileModule(text, { compilerOptions: options }).outputText : text);
  return start("node", [file], { cwd: folder });
}
