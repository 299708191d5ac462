/** What a node can be asked to do: build its project, fetch what another has built, push what it has built itself. */
import { createHash } from "node:crypto";
import { createReadStream, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { download } from "@lab/hftp";
import { build, totalsOf } from "@lab/rake";
import { put } from "@lab/stopwait-udp";
import { hostAndPort } from "./addresses.js";
import type { Desk } from "./desk.js";
import type { News } from "./news.js";
import type { NodeOptions } from "./node.js";

/** What crosses links that carry 1,500 bytes. */
const BLOCK_BYTES = 1_376;

export interface Task extends NodeOptions {
  readonly desk: Desk;
  readonly say: (news: News) => Promise<void>;
}

/** @throws Error that says what is accepted, or why it came to nothing */
export async function perform(text: string, task: Task): Promise<void> {
  const [what = "", name = "", where = "", ...more] = text.trim().split(/\s+/);
  const form = `${what} ${[name, where, ...more].filter((one) => one !== "").length}`;
  if (form === "build 0") return await buildProject(task);
  if (form === "fetch 2") return await fetchFile(name, where, task);
  if (form === "push 2") return await pushFile(name, where, task);
  throw new Error("what can be asked is build, fetch NAME ID, push NAME HOST:PORT");
}

async function buildProject({ id, project, access, desk, say, listener, signal }: Task): Promise<void> {
  const workers = desk.servers;
  await say({ news: "builds", id, workers: workers.map((one) => one.id).join(" ") });
  const places = new Map<number, string>();
  const report = await build({
    rakefile: readFileSync(join(project, "Rakefile")),
    folder: project,
    hosts: workers.map(({ host, rake: port }) => ({ host, port })),
    ...access,
    signal,
    onEvent: (event) => {
      if (event.type === "placed" && typeof event.where === "object") {
        places.set(event.attempt, workers[event.where.host]?.id ?? "");
      }
      if (event.type === "started") listener.action(event.action, places.get(event.attempt) ?? id);
    },
  });
  if (report.result?.outcome !== "succeeded") throw new Error(report.result?.message);
  const dist = join(project, "dist");
  for (const name of readdirSync(dist).sort())
    await say({ news: "offers", id, name, ...(await digestOf(join(dist, name))) });
  const { hostsLost, retries } = totalsOf(report);
  await say({ news: "built", id, hostsLost, retries });
}

async function fetchFile(name: string, from: string, { id, folder, desk, say, signal }: Task): Promise<void> {
  const { host, port, sha256: expect } = desk.offer(from, name);
  mkdirSync(join(folder, "fetched"), { recursive: true });
  const to = join(folder, "fetched", name);
  const { sha256 } = await download({ host, port, name, to, expect, overwrite: true, signal });
  await say({ news: "fetched", id, name, sha256 });
}

async function pushFile(name: string, to: string, { id, folder, project, access, say, signal }: Task): Promise<void> {
  const from = join(project, "dist", name);
  const how = { blockBytes: BLOCK_BYTES, overwrite: true, stateFolder: join(folder, "pushes"), ...access, signal };
  const { sha256, statistics } = await put({ ...hostAndPort(to), from, name, ...how });
  await say({ news: "pushed", id, name, sha256, repeated: statistics.packetsRepeated });
}

export async function digestOf(path: string): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const hash = createHash("sha256");
  const file = createReadStream(path);
  await pipeline(file, hash);
  return { sha256: hash.digest("hex"), bytes: file.bytesRead };
}
