/** The log of `hftp serve` on standard error: a line for people on a terminal, JSON everywhere else. */
import { pino } from "pino";
import { STATUS_TEXTS, type StatusCode } from "../core/codes.js";
import { printable } from "../core/printable.js";
import type { Logger } from "../node/logger.js";
import type { ServedEvent } from "../node/server.js";

/** How much may wait for a slow reader of standard error; lines beyond are dropped. */
const MAX_WAITING_BYTES = 1024 * 1024;

/**
 * Writes in the background. A full disk, or a pipe that nobody reads, costs log lines; it neither ends the server nor
 * holds it up.
 */
function writeLine(text: string): void {
  if (process.stderr.writableLength < MAX_WAITING_BYTES) process.stderr.write(text);
}

/** A logger for the server. @param quiet warnings and errors alone */
export function accessLogger(quiet: boolean): Logger {
  process.stderr.on("error", () => {});
  if (!process.stderr.isTTY) return pino({ level: quiet ? "warn" : "info" }, { write: writeLine });
  const line = (fields: object, message: string): void => writeLine(`${readable(fields, message)}\n`);
  const none = (): void => {};
  return { debug: none, info: quiet ? none : line, warn: line, error: line };
}

type LoggedRequest = ServedEvent["request"] & Pick<ServedEvent, "peer">;

function readable(fields: object, message: string): string {
  const time = new Date().toTimeString().slice(0, 8);
  if (message !== "request") return printable(`${time}  ${message}  ${JSON.stringify(fields)}`);
  const { peer, command, name, offset, size, code, fileBytes, complete, ms, why } = fields as LoggedRequest;
  const asked = [command, name, offset, size].filter((part) => part !== undefined && part !== "").join(" ");
  const answer = `${code} ${STATUS_TEXTS[code as StatusCode]}${complete ? "" : " (cut off)"}`;
  const sent = fileBytes > 0 ? `  ${fileBytes} bytes in ${ms} ms` : "";
  return printable(`${time}  ${peer}  ${asked}  ${answer}${sent}${why === undefined ? "" : `  (${why})`}`);
}

/** Waits until what was logged is written, for a second at most; then the process ends, whoever does not read. */
export async function endLog(): Promise<void> {
  if (process.stderr.writableLength === 0) return;
  await Promise.race([
    new Promise((resolve) => process.stderr.write("", resolve)),
    new Promise((resolve) => setTimeout(resolve, 1000)),
  ]);
  if (process.stderr.writableLength > 0) process.exit();
}
