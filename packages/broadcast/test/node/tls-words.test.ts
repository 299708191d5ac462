/** What OpenSSL says is for its developers: what is left of it is a line for people. */
import { type AddressInfo, createServer } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { join } from "../../src/index.js";
import { opensslWords, tlsClientWords } from "../../src/node/tls-words.js";

it("the words of OpenSSL are those of its reason", () => {
  const message =
    "80CC0292EF7F0000:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps/x.c:350:\n";
  expect(opensslWords(new Error(message))).toBe("wrong version number");
  expect(opensslWords(Object.assign(new Error(message), { reason: "bad record mac" }))).toBe("bad record mac");
  expect(opensslWords(new Error("socket hang up"))).toBe("socket hang up");
});

it("other errors keep their words", () => {
  expect(tlsClientWords(Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }))).toBe(
    "connect ECONNREFUSED",
  );
});

it.each([
  [
    "an alert of TLS",
    Uint8Array.of(0x15, 0x03, 0x01, 0, 2, 2, 70),
    /^the server speaks TLS, and this client does not$/,
  ],
  ["nothing", new Uint8Array(0), /before it said anything, as one does that speaks TLS$/],
  ["the beginning of a frame", Uint8Array.of(0, 0), /^the server ended the connection$/],
])("a plain client that is answered by %s is told what that means", async (_name, answer, words) => {
  const server = createServer((socket) => void socket.on("error", () => {}).end(answer));
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  await expect(join({ address, name: "ada", maxAttempts: 1 })).rejects.toMatchObject({
    code: "UNREACHABLE",
    message: expect.stringMatching(words),
  });
});
