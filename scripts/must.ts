/** A command that a script runs and that has to succeed. */
import { run } from "../test/process.js";

/** Runs it in the folder, and answers what it printed; throws with everything that it said unless it exits 0. */
export async function must(
  folder: string,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<string> {
  const { code, signal, stdout, stderr } = await run(command, args, { cwd: folder, env });
  if (code === 0) return stdout;
  throw new Error(`${command} ${args.join(" ")} ended with ${signal ?? code}\n${stdout}${stderr}`);
}
