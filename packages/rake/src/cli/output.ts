/** What becomes of a command whose output cannot be written. */
import { EXIT } from "./exit-codes.js";

/** How much may wait for a slow reader of a server's output; lines beyond are dropped. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** Commands that do something beside showing it: they go on. */
const GO_ON: ReadonlySet<string> = new Set(["rake", "serve"]);

/**
 * `hosts` and `explain` end in silence where the reader of their standard output has seen enough (`| head`). A server goes on,
 * and so does a build: what it makes are files. So does everything without its standard error.
 */
export function watchOutput(command: string): void {
  process.stderr.on("error", () => {});
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (GO_ON.has(command)) return;
    if (error.code !== "EPIPE") process.stderr.write(`rake: cannot write to standard output: ${error.message}\n`);
    process.exit(error.code === "EPIPE" ? EXIT.ok : EXIT.failed);
  });
}

/** Writes a line of a server, which never waits for its reader. */
export function writeLine(stream: NodeJS.WriteStream, line: string): void {
  if (stream.writableLength <= MAX_WAITING_BYTES) stream.write(`${line}\n`);
}
