/** Servers that lie, over real sockets: each lie costs the attempt, or the host, and never a file or the client. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encode } from "../../src/core/codec.js";
import type { Output, ServerMessage } from "../../src/core/messages.js";
import { type RakeServer, serve } from "../../src/node/server.js";
import { at, built, filesIn, LOST, liar, listening, scratchFolder, server, type Twist } from "./rig.js";

/** One for them all. */
let host: RakeServer;
beforeAll(async () => {
  host = await serve({ speed: 1_000, toolchain: "test", cores: 2, slots: 8, lingerMs: 50, sandbox: "none" });
});
afterAll(() => host.close());

const OUTPUT = "actionset1:\n\tremote-echo x >out\n";

/** An output that is not as the server had it. */
const output =
  (change: (output: Output) => readonly ServerMessage[]): Twist =>
  (message) =>
    message.type === "OUTPUT" ? change(message) : undefined;

const renamed = (path: string): Twist => output((one) => [{ ...one, path }]);

const FALSE: Readonly<Record<string, Twist>> = {
  "original: a path that leaves the folder": renamed("../escaped"),
  "an absolute path": renamed("/tmp/rake-escaped"),
  "a path with . in it": renamed("./out"),
  "a path with a NUL": renamed("out\0"),
  "the state folder": renamed(".rake/learned.json"),
  "a hook of git": renamed(".git/hooks/post-checkout"),
  "git's link of a folder below, in capitals": renamed("sub/.GIT"),
  "another digest": output((one) => [{ ...one, digest: "0".repeat(64) }]),
  "other bytes": output((one) => [{ ...one, body: one.body.map((byte) => byte ^ 1) }]),
  "a larger size": output((one) => [{ ...one, size: one.size + 1, last: false }]),
  "a smaller size": output((one) => [{ ...one, size: 1 }]),
  "original: a size without bound": output((one) => [{ ...one, size: 2 ** 53 - 1, last: false }]),
  "a hole": output((one) => [{ ...one, offset: 1 }]),
  "the same output twice": output((one) => [one, one]),
  "an output below another": output((one) => [one, { ...one, path: "out/below" }]),
  "an output too few": output(() => []),
};

describe("R35: an output that is not what it should be is not taken", () => {
  for (const [title, twist] of Object.entries(FALSE)) {
    it(title, async () => {
      const around = scratchFolder({ "in/kept": "kept" });
      const folder = join(around, "in");
      const { outcome } = await built(folder, OUTPUT, {
        hosts: at(await liar(host.port, twist)),
        maxAttempts: 1,
        ...LOST,
      });
      expect([outcome, filesIn(around)]).toEqual(["failed", { "in/kept": "kept" }]);
    });
  }
});

/** Takes the connection and sends so much, again and again, as long as it is taken. */
const flood = (bytes: Uint8Array): Promise<number> =>
  listening((socket) => {
    const pour = (): void => {
      while (!socket.destroyed && socket.write(bytes));
    };
    socket.on("drain", pour).resume();
    pour();
  });

const opening = (message: ServerMessage): Uint8Array => encode(message);

describe("R15, R33: a server that floods, stalls or talks nonsense is lost, and the next one runs the action", () => {
  const challenge = opening({ type: "CHALLENGE", version: 2, authentication: "none", nonce: new Uint8Array(32) });
  const ping = opening({ type: "PING", nonce: 1 });
  const servers: Readonly<Record<string, () => Promise<number>>> = {
    "random bytes": () => flood(randomBytes(65_536)),
    zeros: () => flood(new Uint8Array(65_536)),
    "a frame of 2^60 bytes": () => flood(Buffer.alloc(65_536, Uint8Array.of(16, 0, 0, 0, 0, 0, 0, 0))),
    "CHALLENGEs for ever": () => flood(Buffer.concat(Array.from({ length: 100 }, () => challenge))),
    "PINGs for ever, and no WELCOME": () => flood(Buffer.concat(Array.from({ length: 100 }, () => ping))),
    "original: silence": () => listening(() => {}),
  };
  for (const [title, start] of Object.entries(servers)) {
    it(title, async () => {
      const folder = scratchFolder();
      const hosts = at(await start(), host.port);
      // The honest host has no longer than that either, in a process whose time the flood takes.
      const { outcome } = await built(folder, OUTPUT, { hosts, helloMs: 600 });
      expect([outcome, filesIn(folder)]).toEqual(["succeeded", { out: "x\n" }]);
    });
  }
});

it("R18: a server that sends beyond its credit is lost, whatever it sends", async () => {
  const port = await liar(host.port, (message) => {
    if (message.type !== "STDOUT") return undefined;
    const body = new Uint8Array(65_536);
    return Array.from({ length: 64 }, (_, index) => ({ ...message, offset: index * body.length, body }));
  });
  let taken = 0;
  const { outcome, message } = await built(scratchFolder(), "actionset1:\n\tremote-echo x\n", {
    hosts: at(port),
    maxAttempts: 1,
    ...LOST,
    show: async ({ bytes }) => {
      taken += bytes.length;
      await new Promise((resolve) => setTimeout(resolve, 1));
    },
  });
  expect(outcome).toBe("failed");
  expect(message).toContain("more bytes than there was credit for");
  expect(taken).toBeLessThan(64 * 65_536);
});

it("R34: two actions with the same input, and what a host has: the bytes go there once", async () => {
  const own = await server();
  const folder = scratchFolder({ big: "z".repeat(300_000) });
  const action = "\tremote-wc -c <big\n\t\trequires big\n";
  const { report, stdout } = await built(folder, `actionset1:\n${action.repeat(4)}`, { hosts: at(own.port) });
  expect(stdout).toBe("300000\n".repeat(4));
  const attempts = report.actions.flatMap((one) => one.attempts);
  expect(attempts.reduce((sum, { sentBytes }) => sum + sentBytes, 0)).toBe(300_000);
});

it("R16: a secret that is the same opens, another does not", async () => {
  const secret = randomBytes(32);
  const own = await server({ secret });
  const right = await built(scratchFolder(), OUTPUT, { hosts: at(own.port), secret });
  expect(right.outcome).toBe("succeeded");
  const wrong = await built(scratchFolder(), OUTPUT, { hosts: at(own.port), secret: randomBytes(32), ...LOST });
  expect([wrong.outcome, wrong.report.result?.code]).toEqual(["failed", "NO_HOST"]);
  const none = await built(scratchFolder(), OUTPUT, { hosts: at(own.port), ...LOST });
  expect(none.message).toContain("there is none");
});
