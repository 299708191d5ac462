/** Connections of rake's wire v1 in both dialects, with every message that they have. */
import { encodeV1 } from "../../packages/rake/src/core/v1-codec.js";
import { V1_CODE, type V1Message } from "../../packages/rake/src/core/v1-messages.js";
import { concat } from "./captures.js";
import type { Example, Spoken } from "./spoken.js";
import type { Values } from "./values.js";

type Dialect = "v1-4" | "v1-8";
const text = (characters: string): Uint8Array => new TextEncoder().encode(characters);
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

function example(
  dialect: Dialect,
  side: Example["side"],
  message: V1Message,
  body: Uint8Array = new Uint8Array(),
): Example {
  const { type } = message;
  const values: Values = {
    dialect: [dialect],
    v1_code: [String(V1_CODE[type])],
    ...("cost" in message && { v1_cost: [String(message.cost)] }),
    ...("command" in message && { command: [message.command] }),
    ...("name" in message && { v1_name: [message.name] }),
    ...("status" in message && { v1_status: [String(message.status)] }),
    ...((type === "RETURN_STATUS" || type === "NO_OUTPUT") && { v1_status: ["0"] }),
    ...(body.length > 0 && { v1_bytes: [hexOf(body)] }),
  };
  return { name: `rake-v1 ${type}`, side, bytes: concat([encodeV1(dialect, message), body]), values };
}

function conversations(dialect: Dialect): Example[][] {
  const client = (message: V1Message, body?: Uint8Array): Example => example(dialect, "client", message, body);
  const server = (message: V1Message, body?: Uint8Array): Example => example(dialect, "server", message, body);
  const binary = Uint8Array.of(0, 255, 1);
  const execute = client({ type: "EXECUTE", command: "cc -c a.c" });
  const stream = text("no such file\n");
  return [
    [client({ type: "QUOTE_REQUEST" }), server({ type: "QUOTE_REPLY", cost: 17 })],
    [
      client({ type: "BIN_FILE", name: "b.bin", size: 3 }, binary),
      server({ type: "ACK" }),
      client({ type: "SEND_FILE", name: "a.txt", size: 5 }, text("h\u00e9y\n")),
      client({ type: "SEND_FILE", name: "empty", size: 0 }),
      server({ type: "ACK" }),
      server({ type: "ACK" }),
      execute,
      server({ type: "RETURN_STATUS" }),
      server({ type: "RETURN_FILE", name: "a.o", size: 3 }, binary),
    ],
    [execute, server({ type: "RETURN_STDERR", status: 2, size: stream.length }, stream)],
    [execute, server({ type: "RETURN_STDOUT", status: 137, size: stream.length }, stream)],
    [execute, server({ type: "NO_OUTPUT" })],
  ];
}

export const rakeV1Vectors: Spoken = {
  protocol: "rake",
  types: Object.keys(V1_CODE).map((type) => `rake-v1 ${type}`),
  conversations: [...conversations("v1-4"), ...conversations("v1-8")],
  beside: [],
  words: {},
};
