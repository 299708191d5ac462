/** A server of v1 that does as it is told: for quotes and actions it says what a test wants, right or wrong. */
import type { Socket } from "node:net";
import type { Dialect } from "../../src/core/first-bytes.js";
import { encodeV1, V1Decoder, type V1Message } from "../../src/core/v1-codec.js";
import { listening } from "./rig.js";

export interface Told {
  readonly command: string;
  /** In the order in which they came. */
  readonly files: readonly { readonly code: string; readonly name: string; readonly text: string }[];
}

export interface FakeV1 {
  readonly dialect?: Dialect;
  /** What is said to a quote; default: a cost of 1. */
  readonly quote?: (say: Say, socket: Socket) => void;
  readonly run: (told: Told, say: Say, socket: Socket) => void;
}

export type Say = (...what: readonly (V1Message | string | Uint8Array)[]) => void;

/** Resolves with its port. */
export function fakeV1({ dialect = "v1-4", quote, run }: FakeV1): Promise<number> {
  return listening((socket) => {
    const decoder = new V1Decoder(dialect, "client", { maxFileBytes: 2 ** 30, maxStringBytes: 2 ** 20 });
    const files: { code: string; name: string; text: string }[] = [];
    const say: Say = (...what) => {
      const bytes = what.map((one) =>
        typeof one === "string" || one instanceof Uint8Array ? Buffer.from(one as string) : encodeV1(dialect, one),
      );
      socket.write(Buffer.concat(bytes));
    };
    socket.on("data", (bytes: Buffer) => {
      for (const event of decoder.read(bytes)) {
        if (event.type === "QUOTE_REQUEST") {
          if (quote !== undefined) return quote(say, socket);
          say({ type: "QUOTE_REPLY", cost: 1 });
          socket.end();
        } else if (event.type === "BIN_FILE" || event.type === "SEND_FILE") {
          files.push({ code: event.type, name: event.name, text: "" });
        } else if (event.type === "BODY") {
          const last = files.at(-1);
          if (last !== undefined) last.text += Buffer.from(event.bytes).toString("latin1");
        } else if (event.type === "BODY_END") {
          say({ type: "ACK" });
        } else if (event.type === "EXECUTE") {
          run({ command: event.command, files }, say, socket);
        }
      }
    });
  });
}
