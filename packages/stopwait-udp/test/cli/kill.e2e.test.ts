/** kill -9 of either side in the middle of a transfer, then --resume: the same file. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type RunningProcess, start } from "../../../../test/process.js";
import { content } from "../node/content.js";
import { bundleCommand } from "./bundled-command.js";

const SIZE = 2_000_000;
const bytes: Uint8Array = content(SIZE);
/** For a transfer that must not be over before another process has started. */
const LONG: Uint8Array = content(6_000_000);
/** Of the transfer that is cut off, so that it is not over before that. */
const SMALL_BLOCKS = ["--block", "460"];

const command = bundleCommand();

/** The command in a folder. */
class Place {
  readonly folder: string = command.emptyFolder();
  readonly served: string = join(this.folder, "served");

  constructor() {
    mkdirSync(this.served);
  }

  serve(port: number): RunningProcess {
    const options = ["--writable", "--idle-ms", "1000", "-q"];
    return command.start(["serve", "-d", "served", "-p", String(port), ...options], this.folder);
  }

  transfer(operation: "get" | "put", port: number, ...more: string[]): RunningProcess {
    const options = ["--block", "1376", "--timeout-ms", "700", "-q", ...more];
    return command.start([operation, `127.0.0.1:${port}`, "a.bin", ...options], this.folder);
  }

  /** The command with what it says on standard error among its output. */
  inOneStream(args: readonly string[]): RunningProcess {
    return start("sh", ["-c", 'exec "$0" "$@" 2>&1', process.execPath, command.path, ...args], {
      cwd: this.folder,
      env: { XDG_STATE_HOME: join(this.folder, ".state") },
    });
  }

  /** Goes on until the server has forgotten the client that was killed. */
  async resumed(operation: "get" | "put", port: number): Promise<string> {
    for (;;) {
      const { code, stdout, stderr } = await this.transfer(operation, port, "--resume").exited;
      if (code === 1 && /held/.test(stderr)) continue;
      return `${code} ${stdout.split("(")[0]?.split(" ")[0]} ${stderr}`;
    }
  }
}

/** A share of the file: another one in each run. */
function somewhere(): number {
  return 0.05 + 0.8 * Math.random();
}

/** Resolves when the part of the transfer holds so many bytes, or the file is whole. */
async function partHolds(where: string, least: number): Promise<void> {
  const parts = join(where, ".stopwait-parts");
  while (!existsSync(join(where, "a.bin"))) {
    const names = existsSync(parts) ? readdirSync(parts) : [];
    for (const name of names) {
      if ((statSync(join(parts, name), { throwIfNoEntry: false })?.size ?? 0) >= least) return;
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

interface Parties {
  readonly client: RunningProcess;
  readonly victim: RunningProcess;
}

/** Kills the victim of a transfer in the middle of it; of another one where it was over before, as on a busy machine. */
async function killedAt(where: string, share: number, begin: () => Promise<Parties>): Promise<Parties> {
  const whole = join(where, "a.bin");
  for (;;) {
    const { client, victim } = await begin();
    await partHolds(where, share * SIZE);
    victim.kill("SIGKILL");
    await victim.exited;
    if (!existsSync(whole)) return { client, victim };
    client.kill("SIGKILL");
    await client.exited;
    rmSync(whole);
  }
}

// A get beside a put, each one after another: more at a time would be a test of the machine.
describe.concurrent.each(["get", "put"] as const)("S43, S59, S83: a %s", (operation) => {
  const wanted = operation === "get" ? "0 saved " : "0 stored ";
  const paths = ({ folder, served }: Place): readonly [from: string, into: string] =>
    operation === "get" ? [served, folder] : [folder, served];

  it.sequential("whose client is killed", async () => {
    const share = somewhere();
    const place = new Place();
    const [from, into] = paths(place);
    writeFileSync(join(from, "a.bin"), bytes);
    await using server = place.serve(0);
    const port = await server.port();
    const { client } = await killedAt(into, share, async () => {
      const only = place.transfer(operation, port, ...SMALL_BLOCKS);
      return { client: only, victim: only };
    });
    expect((await client.exited).signal).toBe("SIGKILL");
    expect(await place.resumed(operation, port), `killed at ${share}`).toBe(wanted);
    expect(Buffer.from(bytes).equals(readFileSync(join(into, "a.bin")))).toBe(true);
  });

  it.sequential("whose client is killed goes on at once: a put waits until the server has let go", async () => {
    const place = new Place();
    const [from, into] = paths(place);
    writeFileSync(join(from, "a.bin"), LONG);
    await using server = place.serve(0);
    const port = await server.port();
    // The put is slow, so that it is not over before the server is asked about it.
    const client = place.transfer(operation, port, ...(operation === "put" ? ["--block", "64"] : []));
    await partHolds(into, 60_000);
    const args = [operation, `127.0.0.1:${port}`, "a.bin", "--block", "1376", "--timeout-ms", "5000", "--resume"];
    // The server lets go soon. So that it holds the put when it is asked, however slowly a process starts, it is asked
    // while the first client still sends.
    const waiting = operation === "put" ? place.inOneStream(args) : undefined;
    const [said = ""] = (await waiting?.line(/^the server still holds .*; waiting up to 10 s$/)) ?? [];
    client.kill("SIGKILL");
    await client.exited;
    const { code, stdout, stderr } = await (waiting ?? command.start(args, place.folder)).exited;
    expect([code, stderr]).toEqual([0, ""]);
    if (operation === "put")
      expect(said).toBe("the server still holds the transfer that was cut off; waiting up to 10 s");
    expect(stdout).toMatch(/\nresumed at [1-9][\d,]+ of 6,000,000 bytes\n/);
    expect(Buffer.from(LONG).equals(readFileSync(join(into, "a.bin")))).toBe(true);
  });

  it.sequential("whose server is killed", async () => {
    const share = somewhere();
    const place = new Place();
    const [from, into] = paths(place);
    writeFileSync(join(from, "a.bin"), bytes);
    let port = 0;
    const { client } = await killedAt(into, share, async () => {
      const victim = place.serve(0);
      port = await victim.port();
      return { client: place.transfer(operation, port, ...SMALL_BLOCKS), victim };
    });
    await using second = place.serve(port);
    await second.port();
    const { code } = await client.exited;
    expect(code).toBe(1);
    expect(existsSync(join(into, "a.bin"))).toBe(false);
    expect(await place.resumed(operation, port), `killed at ${share}`).toBe(wanted);
    expect(Buffer.from(bytes).equals(readFileSync(join(into, "a.bin")))).toBe(true);
  });
});
