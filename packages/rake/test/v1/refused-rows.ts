/** Streams of v1 that are refused (docs/rake.md R9). */
import { type Part, string } from "./streams.js";

/** What is wrong, who says it, what it is made of, and the error's code and text. */
export const REFUSED: readonly (readonly [string, "client" | "server", readonly Part[], RegExp])[] = [
  ["code 0", "client", [0], /^BAD_MESSAGE: a message of code 0, not 1, 3, 4, 5$/],
  ["code 12", "server", [12], /^BAD_MESSAGE: a message of code 12, not 2, 10, 6, 7, 8, 11$/],
  ["a reply from a client", "client", [2, 5], /code 2/],
  ["a request from a server", "server", [1], /code 1,/],
  ["a file from a server before its status", "server", [9, string("o"), 0], /code 9/],
  ["a status without a file", "server", [6, 0, 11, 0], /code 11, not 9/],
  ["a quote behind a file", "client", [3, string("a"), 0, 1], /code 1, not 3, 4, 5/],
  ["a quote's answer behind an ACK", "server", [10, 2, 1], /code 2/],
  ["status 1 by code 6", "server", [6, 1], /a RETURN_STATUS with status 1, not 0/],
  ["status 1 by code 11", "server", [11, 1], /a NO_OUTPUT with status 1, not 0/],
  ["status 0 by code 7", "server", [7, 0, string("o")], /a RETURN_STDOUT with status 0/],
  ["status 0 by code 8", "server", [8, 0, string("o")], /a RETURN_STDERR with status 0/],
  ["a byte behind a request", "client", [1, "x"], /bytes behind the last message/],
  ["a byte behind a command", "client", [5, string("a"), "x"], /bytes behind the last message/],
  ["a byte behind the answer", "server", [8, 1, string("a"), "x"], /bytes behind the last message/],
  ["a command that is not UTF-8", "client", [5, 1, Uint8Array.of(0xff)], /a command is not UTF-8/],
  ["a command of 65,537 bytes", "client", [5, 65_537], /^TOO_BIG: a command of 65537 bytes, at most 65536 are taken/],
  ["a name of 256 bytes", "client", [3, 256], /^TOO_BIG: a name of 256/],
  ["a file of 1,001 bytes", "client", [4, string("a"), 1_001], /^TOO_BIG: a file of 1001 bytes, at most 1000/],
  ["a returned file of 1,001", "server", [6, 0, 9, string("a"), 1_001], /^TOO_BIG: a file of 1001/],
  ["a stream of 501 bytes", "server", [7, 5, 501], /^TOO_BIG: a stream of 501 bytes, at most 500/],
  ["no name", "client", [3, string("")], /the name of a file is empty/],
  ["a name in a folder", "client", [3, string("a/b")], /the name of a file is not a basename/],
  ["a name above the folder", "server", [6, 0, 9, string("../../x")], /is not a basename/],
  ["the folder above", "server", [6, 0, 9, string("..")], /has the name "\.\."/],
  ["a name with a NUL", "client", [3, string("a\0b")], /holds a NUL/],
];
