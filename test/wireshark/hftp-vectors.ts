/** Conversations of HFTP with every command and every status, made by its own encoders. */
import { STATUS_TEXTS, type StatusCode } from "../../packages/hftp/src/core/codes.js";
import { HELP_REPLY, listingLines, metadataReply, rawHead, statusLine } from "../../packages/hftp/src/core/replies.js";
import { COMMANDS, encodeRequest, type Request } from "../../packages/hftp/src/core/requests.js";
import { concat } from "./captures.js";
import type { Example, Spoken } from "./spoken.js";
import type { Values } from "./values.js";

const text = (characters: string): Uint8Array => new TextEncoder().encode(characters);

function request(asked: Request): Example {
  const { type } = asked;
  const line = Buffer.from(encodeRequest(asked)).toString().trimEnd();
  const values: Record<string, readonly string[]> = { request: [line], command: [type] };
  if ("name" in asked) values["name"] = [asked.name];
  if ("size" in asked) Object.assign(values, { offset: [`${asked.offset}`], size: [`${asked.size}`] });
  if ("raw" in asked && asked.raw) values["raw"] = ["raw"];
  return { name: `hftp ${type}`, side: "client", bytes: encodeRequest(asked), values };
}

/** A line that a server refuses. */
function wrong(line: string, name: string, values: Values): Example {
  return {
    name: `hftp ${name}`,
    side: "client",
    bytes: text(`${line}\r\n`),
    values: { request: [line], ...values },
    isWrong: true,
  };
}

function reply(to: string, code: StatusCode, bytes: Uint8Array, values: Values = {}): Example {
  const words = STATUS_TEXTS[code];
  const shown = { code: [`${code}`], text: [words], reply_to: [to], ...values };
  return { name: `hftp ${code} ${words}`, side: "server", bytes, values: shown };
}

const refusal = (to: string, code: StatusCode): Example => reply(to, code, statusLine(code));

function slice(offset: number, size: number, raw: boolean): Request {
  return { type: "get_slice", name: "a.txt", offset, size, raw };
}

const raw = Uint8Array.from({ length: 300 }, (_, at) => (at * 7) % 256);
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const names = ["a.txt", "notes.md"];
const [first, second] = [base64(raw.subarray(0, 150)), base64(raw.subarray(150))];

const session: readonly Example[] = [
  request({ type: "get_file_listing" }),
  reply(
    "get_file_listing",
    0,
    listingLines(
      names.map((name) => ({ name, regular: true })),
      true,
      true,
    ),
    { listed: names },
  ),
  request({ type: "get_metadata", name: "a.txt" }),
  reply("get_metadata", 0, metadataReply(300), { file_size: ["300"] }),
  // Three requests before the first reply.
  request(slice(0, 300, false)),
  request(slice(0, 300, true)),
  request(slice(300, 0, false)),
  reply("get_slice", 0, text(`0 OK\r\n${first}\r\n${second}\r\n`), { base64: [first, second] }),
  reply("get_slice", 0, concat([rawHead(300), raw]), {
    content_length: ["300"],
    body: [Buffer.from(raw).toString("hex")],
  }),
  reply("get_slice", 0, text("0 OK\r\n\r\n")),
  request({ type: "help" }),
  reply("help", 0, HELP_REPLY, { listed: [...COMMANDS] }),
  wrong("nonsense", "other", { command: ["nonsense"] }),
  refusal("other", 200),
  wrong("get_metadata ../x", "get_metadata", { command: ["get_metadata"], name: ["../x"] }),
  refusal("get_metadata", 201),
  request({ type: "get_metadata", name: "missing" }),
  refusal("get_metadata", 202),
  request(slice(299, 2, false)),
  refusal("get_slice", 203),
  request({ type: "quit" }),
  reply("quit", 0, statusLine(0)),
];

/** What ends a connection: at once, whatever is behind it. */
const ended = (line: string, code: StatusCode): readonly Example[] => [
  { name: "hftp other", side: "client", bytes: text(line), values: {}, isWrong: true },
  refusal("other", code),
];

const failed: readonly Example[] = [request({ type: "get_file_listing" }), refusal("get_file_listing", 199)];

const statuses = Object.entries(STATUS_TEXTS).map(([code, words]) => `hftp ${code} ${words}`);

export const hftpVectors: Spoken = {
  protocol: "hftp",
  types: [...COMMANDS.map((command) => `hftp ${command}`), ...statuses, "hftp other"],
  conversations: [session, ended("quit\n", 100), ended("\r\n", 101), failed],
  beside: [],
  words: {},
};
