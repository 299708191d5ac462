/** kill -9 of either side in the middle of a transfer, then --resume: the same file. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { RunningProcess } from "../../../../test/process.js";
import { scratchFolder } from "../../../../test/scratch.js";
import { content } from "../node/content.js";
import { bundleCommand } from "./bundled-command.js";

const SIZE = 6_000_000;
const bytes: Uint8Array = content(SIZE);

const command = bundleCommand();

let folder: string;

beforeEach(() => {
  folder = scratchFolder();
  mkdirSync(join(folder, "served"));
});

function serve(port: number): RunningProcess {
  return command.start(["serve", "-d", "served", "-p", String(port), "--writable", "--idle-ms", "300", "-q"], folder);
}

function transfer(operation: "get" | "put", port: number, ...more: string[]): RunningProcess {
  const options = ["--block", "1376", "--timeout-ms", "700", "-q", ...more];
  return command.start([operation, `127.0.0.1:${port}`, "a.bin", ...options], folder);
}

/** A share of the file: another one in each run. */
function somewhere(): number {
  return 0.05 + 0.8 * Math.random();
}

/** Resolves when the part of the transfer holds so many bytes. */
async function partHolds(where: string, least: number): Promise<void> {
  const parts = join(where, ".stopwait-parts");
  for (;;) {
    const names = existsSync(parts) ? readdirSync(parts) : [];
    for (const name of names) {
      if ((statSync(join(parts, name), { throwIfNoEntry: false })?.size ?? 0) >= least) return;
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Goes on until the server has forgotten the client that was killed. */
async function resumed(operation: "get" | "put", port: number): Promise<string> {
  for (;;) {
    const { code, stdout, stderr } = await transfer(operation, port, "--resume").exited;
    if (code === 1 && /held/.test(stderr)) continue;
    return `${code} ${stdout.split("(")[0]?.split(" ")[0]} ${stderr}`;
  }
}

describe.each(["get", "put"] as const)("S43, S59, S83: a %s", (operation) => {
  const wanted = operation === "get" ? "0 saved " : "0 stored ";
  const paths = (): readonly [from: string, into: string] =>
    operation === "get" ? [join(folder, "served"), folder] : [folder, join(folder, "served")];

  it("whose client is killed", async () => {
    const share = somewhere();
    const [from, into] = paths();
    writeFileSync(join(from, "a.bin"), bytes);
    await using server = serve(0);
    const port = await server.port();
    const client = transfer(operation, port);
    await partHolds(into, share * SIZE);
    client.kill("SIGKILL");
    expect((await client.exited).signal).toBe("SIGKILL");
    expect(existsSync(join(into, "a.bin"))).toBe(false);
    expect(await resumed(operation, port), `killed at ${share}`).toBe(wanted);
    expect(Buffer.from(bytes).equals(readFileSync(join(into, "a.bin")))).toBe(true);
  });

  it("whose client is killed goes on at once: a put waits until the server has let go", async () => {
    const [from, into] = paths();
    writeFileSync(join(from, "a.bin"), bytes);
    await using server = serve(0);
    const port = await server.port();
    const client = transfer(operation, port);
    await partHolds(into, 0.3 * SIZE);
    client.kill("SIGKILL");
    await client.exited;
    const options = ["--block", "1376", "--timeout-ms", "5000", "--resume"];
    const again = command.start([operation, `127.0.0.1:${port}`, "a.bin", ...options], folder);
    const { code, stdout, stderr } = await again.exited;
    const waiting = "the server still holds the transfer that was cut off; waiting up to 10 s\n";
    expect([code, stderr]).toEqual([0, operation === "put" ? waiting : ""]);
    expect(stdout).toMatch(/\nresumed at [1-9][\d,]+ of 6,000,000 bytes\n/);
    expect(Buffer.from(bytes).equals(readFileSync(join(into, "a.bin")))).toBe(true);
  });

  it("whose server is killed", async () => {
    const share = somewhere();
    const [from, into] = paths();
    writeFileSync(join(from, "a.bin"), bytes);
    const first = serve(0);
    const port = await first.port();
    const client = transfer(operation, port);
    await partHolds(into, share * SIZE);
    first.kill("SIGKILL");
    await first.exited;
    await using second = serve(port);
    await second.port();
    const { code } = await client.exited;
    expect(code).toBe(1);
    expect(existsSync(join(into, "a.bin"))).toBe(false);
    expect(await resumed(operation, port), `killed at ${share}`).toBe(wanted);
    expect(Buffer.from(bytes).equals(readFileSync(join(into, "a.bin")))).toBe(true);
  });
});
