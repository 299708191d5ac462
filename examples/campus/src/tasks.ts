/** What a node can be asked to do: build its project, fetch what another has built, push what it has built itself. */
import { createHash } from "node:crypto";
import { createReadStream, existsSync, readdirSync, readFileSync } from "node:fs";
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
/** Of a push that nobody answers: others wait for it. */
const GIVE_UP_MS = 10_000;

export const WHAT_CAN_BE_ASKED = "build, fetch NAME ID, push NAME ID, push NAME HOST:PORT";

export interface Task extends NodeOptions {
  /** The number of what asked for it. */
  readonly asked: number;
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
  throw new Error(`what can be asked is ${WHAT_CAN_BE_ASKED}`);
}

async function buildProject({ id, project, access, asked, desk, say, listener, signal }: Task): Promise<void> {
  if (!existsSync(join(project, "Rakefile"))) throw new Error(`there is no Rakefile in ${project}`);
  const workers = desk.servers;
  await say({ news: "builds", id, workers: workers.map((one) => one.id).join(" ") });
  const places = new Map<number, string>();
  const report = await build({
    rakefile: readFileSync(join(project, "Rakefile")),
    folder: project,
    hosts: workers.map(({ host, rake: port }) => ({ host, port })),
    ...{ ...access, signal, cache: true, onTrouble: listener.warning }, // who was killed in it goes on with what there is
    onEvent: (event) => {
      if (event.type === "placed" && typeof event.where === "object") {
        places.set(event.attempt, workers[event.where.host]?.id ?? "");
      }
      if (event.type !== "started" && event.type !== "ended") return;
      listener.action(event.action, places.get(event.attempt) ?? id, event.type);
    },
  });
  if (report.result?.outcome !== "succeeded") throw new Error(report.result?.message);
  for (const name of filesOf(join(project, "dist"))) {
    await say({ news: "offers", id, name, ...(await digestOf(join(project, "dist", name))) });
  }
  const { hostsLost, retries } = totalsOf(report);
  await say({ news: "built", id, hostsLost, retries, asked });
}

async function fetchFile(name: string, from: string, { id, folder, desk, say, signal }: Task): Promise<void> {
  const { host, port, sha256: expect } = desk.offer(from, name);
  const to = join(folder, "fetched", name);
  const { sha256 } = await download({ host, port, name, to, expect, overwrite: true, signal });
  await say({ news: "fetched", id, name, sha256 });
}

async function pushFile(name: string, to: string, { id, folder, project, access, ...task }: Task): Promise<void> {
  const { desk, say, signal } = task;
  if (!filesOf(join(project, "dist")).includes(name)) throw new Error(`there is no file ${name} in dist of ${id}`);
  const at = to.includes(":") ? undefined : desk.server(to);
  const { host, port } = at === undefined ? hostAndPort(to) : { host: at.host, port: at.box };
  const stateFolder = join(folder, "pushes");
  const how = { blockBytes: BLOCK_BYTES, giveUpMs: GIVE_UP_MS, overwrite: true, stateFolder, ...access, signal };
  const { sha256, statistics } = await put({ host, port, name, from: join(project, "dist", name), ...how });
  await say({ news: "pushed", id, name, sha256, repeated: statistics.packetsRepeated });
}

/** What was built and can be handed out: no folders, and no links, which may lead anywhere. */
function filesOf(dist: string): readonly string[] {
  const all = existsSync(dist) ? readdirSync(dist, { withFileTypes: true }) : [];
  return all.flatMap((one) => (one.isFile() && /^[\w.-]+$/.test(one.name) ? [one.name] : [])).sort();
}

export async function digestOf(path: string): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const [file, hash] = [createReadStream(path), createHash("sha256")];
  await pipeline(file, hash);
  return { sha256: hash.digest("hex"), bytes: file.bytesRead };
}
