/** Sends one line as it is, for people who try out what a server does with it. */

import { type NumberRule, resolveNumbers } from "../core/options.js";
import { type ConnectionOptions, openSocket } from "./connection.js";

export interface RawLineOptions extends Pick<ConnectionOptions, "host" | "port" | "tls" | "ca" | "connectTimeoutMs"> {
  /** The answer is over when nothing came for so long. Default 500 ms. */
  readonly quietMs?: number | undefined;
  /** What comes beyond is left. Default 64 KiB. */
  readonly maxBytes?: number | undefined;
  /** Stops the exchange: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const rules: Readonly<Record<"quietMs" | "maxBytes" | "connectTimeoutMs", NumberRule>> = {
  quietMs: { default: 500, min: 1, max: 2 ** 31 - 1 },
  maxBytes: { default: 64 * 1024, min: 1, max: 2 ** 28 },
  connectTimeoutMs: { default: 10_000, min: 1, max: 2 ** 31 - 1 },
};

/**
 * Makes a connection, sends the line and CR LF, and gives back what the server says (as Latin-1) until it is quiet, has
 * said `maxBytes`, or has closed the connection.
 * @throws TypeError or RangeError for a wrong option; what node:net says where no connection can be made
 */
export async function exchangeLine(
  line: string,
  options: RawLineOptions = {},
): Promise<{ readonly text: string; readonly closed: boolean }> {
  const { quietMs, maxBytes, connectTimeoutMs, signal } = options;
  const limits = resolveNumbers({ quietMs, maxBytes, connectTimeoutMs }, rules);
  let text = "";
  let heard = (): void => {};
  let abort = (): void => {};
  signal?.throwIfAborted();
  const socket = openSocket(options, (chunk) => {
    text += Buffer.from(chunk).toString("latin1");
    heard();
  });
  try {
    const closed = await new Promise<boolean>((resolve, reject) => {
      socket.setTimeout(limits.connectTimeoutMs, () => resolve(false));
      heard = () => {
        socket.setTimeout(limits.quietMs);
        if (text.length >= limits.maxBytes) resolve(false);
      };
      abort = () => reject(signal?.reason);
      signal?.addEventListener("abort", abort, { once: true });
      socket.once("error", reject).once("close", () => resolve(true));
      socket.write(`${line}\r\n`, "latin1");
    });
    return { text: text.slice(0, limits.maxBytes), closed };
  } finally {
    signal?.removeEventListener("abort", abort);
    socket.destroy();
  }
}
