/** What a command says to each of many command lines, all in one process: starting one for each would be most of the time. */
import { startBundled } from "./programs.js";

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const PROGRAM = new URL("./command-lines-program.ts", import.meta.url);

/**
 * For lines that end by themselves and read no standard input. Relative paths are of the folder.
 *
 * @param program a bundled one (programs.ts)
 * @returns the outcome of a line that was among them
 */
export async function runLines(
  program: string,
  folder: string,
  lines: readonly (readonly string[])[],
): Promise<(line: readonly string[]) => Outcome> {
  const { code, stdout, stderr } = await startBundled(PROGRAM, [program], { cwd: folder, input: JSON.stringify(lines) })
    .exited;
  if (code !== 0) throw new Error(`a command line ended the process with ${code}: ${stderr}${stdout}`);
  const outcomes = JSON.parse(stdout) as readonly Outcome[];
  const found = new Map(lines.map((line, index) => [JSON.stringify(line), outcomes[index]]));
  return (line) => found.get(JSON.stringify(line)) as Outcome;
}
