/** One node: it stands for election, has the room while it leads, and serves builds, files and a box for files. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type BroadcastServer, join as joinRoom, type Room, serve as serveRoom } from "@lab/broadcast";
import { levelLog } from "@lab/broadcast/level";
import { redisLog } from "@lab/broadcast/redis";
import { createElector, fileStorage, hostLoad, type Load } from "@lab/election";
import { serve as serveFiles } from "@lab/hftp";
import { serve as serveBuilds } from "@lab/rake";
import { serve as serveBox } from "@lab/stopwait-udp";
import { hostAndPort } from "./addresses.js";
import { Desk } from "./desk.js";
import { whileLeading } from "./leading.js";
import { type News, newsText } from "./news.js";
import { Orders } from "./orders.js";
import type { NodeListener } from "./output.js";
import { perform } from "./tasks.js";
import { warnings } from "./warnings.js";

export interface NodeOptions {
  readonly id: string;
  /** Where those listen who vote, by id; where the room is while one of them leads. The same at all nodes. */
  readonly members: Readonly<Record<string, string>>;
  readonly rooms: Readonly<Record<string, string>>;
  /** Of the room, reached by all who vote: a folder of this machine, or a Redis. */
  readonly log: string;
  /** Where this node listens for the election, for the room, and, at free ports, for all else. */
  readonly listen: string;
  readonly roomListen: string;
  readonly host: string;
  /** For what it keeps; and what it builds: a folder with a Rakefile, of which `dist` is served. */
  readonly folder: string;
  readonly project: string;
  readonly slots: number;
  /** What all nodes must know where others can reach them; nothing on loopback. */
  readonly access: { readonly secret?: Uint8Array };
  readonly preset: "default" | "fast";
  readonly routes: Readonly<Record<string, string>>;
  /** For the election, whose next leader has the least, and for the bids; default: of this machine. */
  readonly measureLoad?: () => Promise<Load>;
  readonly listener: NodeListener;
  readonly signal: AbortSignal;
}

/** How long a leader waits for the log of one that is still ending. */
const LOG_WAIT_MS = 10_000;
/** From one attempt to reach the room to the next, at most: it moves. */
const ROOM_BACKOFF_MS = 300;
const ROOM_HEARTBEAT_MS = 1_000;
/** Attempts after which it is said that the room cannot be reached: some seconds, more than a new leader takes to open it. */
const ROOM_ATTEMPTS_TOLD = 20;
/** How long one that leaves waits for the room, in order to say so. */
const LEAVE_WAIT_MS = 1_000;

/** Runs until the signal; `begun` is given the room, and what it comes to. @throws what a server says that cannot be started */
export async function runNode(options: NodeOptions, begun: (room: Room, desk: Desk) => void): Promise<void> {
  const { id, rooms, host, folder, project, slots, access, listener, signal, measureLoad = hostLoad } = options;
  const ending = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  for (const one of ["box", "rake", "fetched"]) mkdirSync(join(folder, one), { recursive: true });
  let load: Load | undefined;
  const cpuPercent = (): number => load?.cpuPercent ?? Number.NaN; // what the election was told last
  const ofBuilds = { name: id, folder: join(folder, "rake"), slots, cpuPercent, ...access };
  await using builds = await serveBuilds({ host, ...ofBuilds });
  const files = await serveFiles({ host, port: 0, directory: join(project, "dist") });
  await using _files = files.server;
  const ofBox = { directory: join(folder, "box"), writable: true, overwrite: true, ...access };
  const box = await serveBox({ host, port: 0, ...ofBox });
  await using _box = box.server;

  const elector = createElector({
    ...({ mode: "quorum", id, listen: options.listen, preset: options.preset, routes: options.routes } as const),
    members: Object.entries(options.members).map(([member, address]) => ({ id: member, address })),
    storage: fileStorage(join(folder, "election.json")),
    ...{ measureLoad: async () => (load = await measureLoad()), ...access, logger: warnings(listener.warning) },
  });
  elector.on("leader", (leader) => signal.aborted || listener.leader(leader?.id, leader?.epoch));
  await using _leading = whileLeading(elector, () => openRoom(options), listener.trouble);
  await using _elector = elector;
  await elector.start();
  listener.listening(elector.listening);

  const desk = new Desk();
  let attempts = 0;
  const say = async (news: News): Promise<void> => void (await (await joining).publish(newsText(news)));
  const tell = (news: News): void => void say(news).catch((error) => signal.aborted || listener.trouble(error));
  const orders = new Orders(
    id,
    ({ words, number: asked }) => perform(words, { ...options, asked, desk, say }),
    ({ words, number: asked }, { message: why }) => tell({ news: "failed", id, words, why, asked }),
  );
  const waiting = new AbortController();
  let hasBegun = false;
  void ending.then(() => hasBegun || waiting.abort(signal.reason));
  const joining = joinRoom({
    address: () => rooms[elector.leader()?.id ?? ""],
    ...({ name: id, ...access, start: "all", entries: "all" } as const),
    ...{ maxBackoffMs: ROOM_BACKOFF_MS, signal: waiting.signal },
    onNotice: (notice) => {
      const isLost = notice.type === "disconnected" && elector.leader() !== undefined;
      if (isLost && ++attempts === ROOM_ATTEMPTS_TOLD)
        listener.warning(`the room cannot be reached, and is tried again: ${notice.why}`);
      if (notice.type !== "welcome") return;
      attempts = 0;
      tell({ news: "serves", id, host, rake: builds.port, files: files.port, box: box.port });
      const token = elector.token();
      if (token !== undefined) tell({ news: "leads", ...token, id });
    },
    handler: (entry) => {
      const news = desk.heard(entry);
      listener.entry(entry, news);
      orders.heard(entry, news);
    },
  });
  await using room = await joining;
  hasBegun = true;
  begun(room, desk);
  await Promise.race([room.ended, ending]).finally(() => orders.done);
  await room.leave({ waitMs: LEAVE_WAIT_MS });
}

async function openRoom({ roomListen, log, access, listener }: NodeOptions): Promise<BroadcastServer> {
  const server = await serveRoom({
    ...hostAndPort(roomListen),
    log: /^rediss?:/.test(log) ? redisLog({ url: log }) : levelLog({ folder: log, lockWaitMs: LOG_WAIT_MS }),
    ...{ heartbeatMs: ROOM_HEARTBEAT_MS, logger: warnings(listener.warning), ...access },
    insecure: access.secret !== undefined, // who comes in must know it; nothing is encrypted
  });
  listener.room(server.address);
  return server;
}
