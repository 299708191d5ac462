/** `rake explain`: why each host won, from the report of the last build. */
import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import { explainText } from "../core/explain-text.js";
import { timelineHtml } from "../core/timeline.js";
import { traceJson } from "../core/trace.js";
import { stateFolder } from "./build.js";
import { usageError, warn } from "./exit-codes.js";
import { writeNamed } from "./files.js";
import { readReport } from "./last-report.js";

interface ExplainFlags {
  readonly file: string;
  readonly stateDir: string;
  readonly timeline?: string;
  readonly trace?: string;
  readonly json?: true;
}

export function addExplainCommand(program: Command): void {
  program
    .command("explain")
    .summary("why each host won, in the last build")
    .description(
      "Show the bids of every host with their parts, what was sent and what was saved, retries and speculation of the last build.",
    )
    .argument("[line...]", "lines of the Rakefile whose actions are to be shown (default: all)", lineNumber)
    .option("-f, --file <file>", "the Rakefile", "Rakefile")
    .option("--state-dir <dir>", "where the build kept its state, relative to the Rakefile's folder", ".rake")
    .option("--timeline <file>", "write the build as an HTML page with a chart")
    .option("--trace <file>", "write the build as a trace for Perfetto (JSON)")
    .option("--json", "the whole report as JSON")
    .action(runExplain);
}

function runExplain(lines: readonly number[], { file, stateDir, timeline, trace, json }: ExplainFlags): void {
  const folder = stateFolder(file, stateDir);
  const last = readReport(folder, warn);
  if (last === undefined) throw usageError(`there was no build of ${file} yet: ${folder} has no report of one`);
  const { report, rakefile, endedAt } = last;
  const unknown = lines.filter((line) => !report.actions.some((action) => action.line === line));
  if (unknown.length > 0) {
    const known = report.actions.map(({ line }) => line).join(", ");
    throw usageError(`no action of the last build stands on line ${unknown.join(", ")}; there are ${known}`);
  }
  if (timeline !== undefined) writeNamed("--timeline", timeline, timelineHtml(report, { title: rakefile }));
  if (trace !== undefined) writeNamed("--trace", trace, traceJson(report));
  if (json === true) {
    process.stdout.write(`${JSON.stringify(last)}\n`);
    return;
  }
  const outcome = report.result?.outcome ?? "unfinished";
  const head = lines.length > 0 ? "" : `${rakefile}, ${endedAt}: ${outcome}\n\n`;
  process.stdout.write(`${head}${explainText(report, lines.length > 0 ? { lines } : {})}`);
}

function lineNumber(text: string, previous: readonly number[] = []): readonly number[] {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("It must be the number of a line.");
  return [...previous, Number(text)];
}
