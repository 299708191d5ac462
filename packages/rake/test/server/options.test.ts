/** What the server's machine is told: defaults as docs/rake.md has them, and what is refused. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { resolveServerOptions, type ServerMachineOptions } from "../../src/core/server-options.js";

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const HOUR_MS = 3_600_000;

describe("R42: defaults", () => {
  const settings = resolveServerOptions();

  /** What the document says in brackets behind the name of an option. */
  it.each([
    ["helloMs", "5 s", 5_000],
    ["heartbeatMs", "1 s", 1_000],
    ["killMs", "2 s", 2_000],
    ["validForMs", "5 s", 5_000],
    ["maxReservedMs", "1 h", HOUR_MS],
    ["unknownWorkMs", "1 s", 1_000],
    ["unknownBandwidth", "10 MiB/s", 10 * MIB],
    ["maxFrameBytes", "4 MiB", 4 * MIB],
    ["maxConnections", "256", 256],
    ["maxConnectionsPerAddress", "64", 64],
    ["maxInputs", "10,000", 10_000],
    ["maxBlobBytes", "4 GiB", 4 * GIB],
    ["maxStoreBytes", "16 GiB", 16 * GIB],
    ["maxOutputs", "10,000", 10_000],
    ["maxOutputBytes", "16 GiB", 16 * GIB],
    ["maxStreamBytes", "1 GiB", GIB],
    ["maxActionMs", "1 h", HOUR_MS],
    ["maxCpuSeconds", "1 h", 3_600],
    ["maxMemoryBytes", "4 GiB", 4 * GIB],
    ["maxProcesses", "256", 256],
    ["maxFileBytes", "4 GiB", 4 * GIB],
    ["maxOpenFiles", "1,024", 1_024],
    ["maxFolderBytes", "16 GiB", 16 * GIB],
    ["firstBytesMs", "5 s", 5_000],
    ["v1IdleMs", "30 s", 30_000],
    ["maxV1StringBytes", "1 MiB", MIB],
    ["maxV1Waiting", "16", 16],
  ] as const)("%s is %s, as the document says", (name, words, value) => {
    const document = readFileSync(join(import.meta.dirname, "../../../../docs/rake.md"), "utf8");
    const behind = document.split(`\`${name}\``).slice(1);
    expect(behind.some((text) => text.slice(0, 40).includes(words))).toBe(true);
    expect(settings[name]).toBe(value);
  });

  it("R19, R42: slots are cores, and reservations slots", () => {
    expect([settings.slots, settings.maxReservations]).toEqual([1, 1]);
    const four = resolveServerOptions({ cores: 4 });
    expect([four.slots, four.maxReservations]).toEqual([4, 4]);
    expect(resolveServerOptions({ cores: 4, slots: 2 }).maxReservations).toBe(2);
  });

  it("R11, R16, R44: v1, a secret and patterns are for who asks for them", () => {
    expect([settings.allowV1, settings.secret, settings.allow, settings.sandbox]).toEqual([
      false,
      undefined,
      undefined,
      "none",
    ]);
  });
});

describe("R42: what is refused names the option", () => {
  const wrong: readonly [string, unknown][] = [
    ...["slots", "cores", "heartbeatMs", "maxConnections", "maxBlobBytes", "maxStreamBytes", "killMs"].flatMap(
      (name): [string, unknown][] =>
        [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "1", null].map((value) => [name, value]),
    ),
    ["maxFrameBytes", 131_071],
    ["maxV1Waiting", -1],
    ["name", ""],
    ["name", "x".repeat(65)],
    ["name", 1],
    ["toolchain", "x".repeat(257)],
    ["resources", "gpu"],
    ["resources", ["a b"]],
    ["resources", [""]],
    ["resources", Array.from({ length: 501 }, (_, i) => `r${i}`)],
    ["sandbox", "jail"],
    ["secret", "text"],
    ["secret", new Uint8Array(15)],
    ["allow", ["* cc"]],
    ["allow", "cc"],
    ["chargeMs", { gpu: -1 }],
    ["chargeMs", { gpu: Number.NaN }],
    ["chargeMs", 5],
    ["learned", { make: "x" }],
    ["allowV1", 1],
  ];

  it.each(wrong)("%s: %j", (name, value) => {
    expect(() => resolveServerOptions({ [name]: value } as ServerMachineOptions)).toThrow(new RegExp(name));
  });

  it("R11: a server with a secret speaks no v1, by which who does not know it would come in", () => {
    const secret = new Uint8Array(16).fill(1);
    expect(() => resolveServerOptions({ secret, allowV1: true })).toThrow("for a server without a secret");
    expect(resolveServerOptions({ secret, allowV1: false }).allowV1).toBe(false);
  });

  it("a secret is copied", () => {
    const secret = new Uint8Array(16).fill(1);
    const settings = resolveServerOptions({ secret });
    secret.fill(2);
    expect(settings.secret).toEqual(new Uint8Array(16).fill(1));
  });
});
