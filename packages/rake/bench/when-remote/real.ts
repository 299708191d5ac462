/** The same action really run: here by itself, and by a real server behind a proxy of the bandwidth. */
import { randomBytes } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TcpProxy } from "@lab/simnet";
import { build, serve } from "../../src/index.js";
import { LATENCY_MS, type Point } from "./model.js";

/**
 * The time at the server over the time here. A host that is `speed` times as fast is one where the work, which is a sleep, takes so much less.
 * @throws Error where a build does not succeed
 */
export async function reallyRemoteOverLocal(point: Point): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "rake-when-remote-"));
  try {
    const input = join(folder, "in");
    writeFileSync(input, randomBytes(point.fileBytes));
    await using server = await serve({ cores: 1 });
    const network = { latencyMs: LATENCY_MS, bytesPerSecond: point.bytesPerSecond };
    await using proxy = new TcpProxy({
      to: { host: "127.0.0.1", port: server.port },
      toServer: network,
      toClient: network,
      seed: 1,
    });
    const { port } = await proxy.listen();
    const seconds = point.workMs / 1_000;
    const local = await took(join(folder, "local"), input, port, `cp in out && sleep ${seconds}`);
    const remote = await took(
      join(folder, "remote"),
      input,
      port,
      `remote-cp in out && sleep ${seconds / point.speed}`,
    );
    return remote / local;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function took(folder: string, input: string, port: number, command: string): Promise<number> {
  mkdirSync(folder);
  copyFileSync(input, join(folder, "in"));
  const rakefile = [
    `HOSTS = 127.0.0.1:${port}`,
    "actionset1:",
    `\t${command}`,
    "\t\trequires in",
    ...(command.startsWith("remote-") ? ["\t\tproduces out"] : []),
    "",
  ].join("\n");
  const began = performance.now();
  const { result } = await build({ rakefile, folder, stallMs: 600_000 });
  if (result?.outcome !== "succeeded") throw new Error(`${command}: ${result?.message}`);
  return performance.now() - began;
}
