import { expect, it } from "vitest";
import { serverAddress } from "../../src/cli/connection-options.js";
import { describeFailure, exitCodeOf, usageError } from "../../src/cli/exit-codes.js";
import {
  ConnectionError,
  DownloadError,
  LocalProtocolError,
  RemoteProtocolError,
  ReplyError,
} from "../../src/core/errors.js";

const lost = new ConnectionError("CLOSED", "x");
const noSpace = Object.assign(new Error("no space"), { syscall: "write", code: "ENOSPC" });

it.each<readonly [error: unknown, code: number]>([
  [new Error("x"), 1],
  ["x", 1],
  [usageError("x"), 2],
  [new TypeError("x"), 2],
  [new RangeError("x"), 2],
  [new LocalProtocolError("INVALID_REQUEST", "x"), 2],
  [new LocalProtocolError("TOO_MANY_NAMES", "x"), 1],
  [lost, 3],
  [new DownloadError("RETRIES_EXHAUSTED", "x", { cause: lost }), 3],
  [new DownloadError("RETRIES_EXHAUSTED", "x", { cause: new RemoteProtocolError("BAD_REPLY", "x") }), 5],
  [new ReplyError(202, "FILE NOT FOUND", "x"), 4],
  [new RemoteProtocolError("BAD_REPLY", "x"), 5],
  [new DownloadError("EXISTS", "x"), 6],
  [new DownloadError("IN_USE", "x"), 6],
  [new DownloadError("FILE_ERROR", "x", { cause: noSpace }), 6],
  [noSpace, 6],
  [new DownloadError("SIZE_CHANGED", "x"), 7],
  [new DownloadError("DIGEST_MISMATCH", "x"), 8],
  [new DownloadError("ABORTED", "x", { cause: { exitCode: 143 } }), 143],
  [new DownloadError("ABORTED", "x"), 130],
])("%s ends the command with %i", (error, code) => {
  expect(exitCodeOf(error)).toBe(code);
});

it("H37: what a server said is escaped in messages", () => {
  const error = new ReplyError(199, "NO \x1b[2J", "help");
  expect(describeFailure(error, false)).toBe("hftp: the server answered 199 NO \\x1b[2J to: help\n");
  expect(JSON.parse(describeFailure(error, true))).toEqual({
    error: { code: "STATUS_199", status: 199, message: "the server answered 199 NO \x1b[2J to: help", exitCode: 4 },
  });
});

it.each([
  ["host", "host", 19_500],
  ["host:1", "host", 1],
  ["127.0.0.1:65535", "127.0.0.1", 65_535],
  ["[::1]", "::1", 19_500],
  ["[fe80::1%eth0]:7", "fe80::1%eth0", 7],
])("%s is a server", (text, host, port) => {
  expect(serverAddress(text)).toEqual({ host, port });
});

it.each(["", ":1", "host:", "host:0", "host:65536", "host:x", "::1", "a b", "http://host", "[::1", "host:1:2"])(
  "%j is none",
  (text) => {
    expect(() => serverAddress(text)).toThrow(/HOST or HOST:PORT is accepted/);
  },
);
