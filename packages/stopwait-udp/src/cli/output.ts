/** What becomes of a command whose output cannot be written. */
import { EXIT } from "./exit-codes.js";

/**
 * A client command ends in silence where the reader of its standard output has seen enough (`| head`). A server goes on:
 * its output is for people alone. So does everything without its standard error.
 */
export function watchOutput(command: string): void {
  process.stderr.on("error", () => {});
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (command === "serve") return;
    if (error.code !== "EPIPE") process.stderr.write(`stopwait: cannot write to standard output: ${error.message}\n`);
    process.exit(error.code === "EPIPE" ? EXIT.ok : EXIT.failed);
  });
}
