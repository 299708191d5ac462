/** What becomes of a command whose output cannot be written. */
import { describeFailure, EXIT } from "./exit-codes.js";

/**
 * Ends a client command when its standard output fails: in silence where the reader has seen enough (`| head`), with a
 * word and code 6 otherwise. A server goes on: its output is for people alone. So does everything without its standard
 * error.
 */
export function watchOutput(command: string, json: boolean): void {
  process.stderr.on("error", () => {});
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (command === "serve") return;
    if (error.code !== "EPIPE") {
      const message = `cannot write to standard output: ${error.message}`;
      process.stderr.write(
        describeFailure(Object.assign(new Error(message), { code: error.code, syscall: "write" }), json),
      );
    }
    process.exit(error.code === "EPIPE" ? EXIT.ok : EXIT.file);
  });
}
