/** redis-server and nats-server for a benchmark's server process, which they end with. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "lab-broadcast-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** Nothing on disk, and no subscriber dropped for being slow: the fastest that it is. */
export async function serveRedis(): Promise<string> {
  const reserved = createServer().listen(0, "127.0.0.1");
  await once(reserved, "listening");
  const { port } = reserved.address() as AddressInfo;
  await once(reserved.close(), "close");
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", scratch()];
  const limits = ["--client-output-buffer-limit", "pubsub 0 0 0"];
  const child = spawn("redis-server", [...args, ...limits], { stdio: ["ignore", "pipe", "inherit"] });
  for await (const text of child.stdout.setEncoding("utf8")) {
    if (String(text).includes("Ready to accept connections")) break;
  }
  return `redis://127.0.0.1:${port}`;
}

export async function serveNats(): Promise<string> {
  const folder = scratch();
  const args = ["-a", "127.0.0.1", "-p", "-1", "--ports_file_dir", folder, "-js", "-sd", join(folder, "js")];
  spawn("nats-server", args, { stdio: "ignore" });
  for (let waited = 0; waited < 10_000; waited += 20) {
    const file = readdirSync(folder).find((name) => name.endsWith(".ports"));
    const text = file === undefined ? "" : readFileSync(join(folder, file), "utf8");
    if (text !== "") return (JSON.parse(text) as { nats: string[] }).nats[0] as string;
    await delay(20);
  }
  throw new Error("nats-server said nothing of its port within 10 s");
}
