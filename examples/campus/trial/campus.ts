/** Nodes of a campus, each a process of its own on this machine, and somebody in their room who asks and looks on. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { join as joinRoom, type Room } from "@lab/broadcast";
import { TcpMesh, TcpProxy } from "@lab/simnet";
import type { RunningProcess } from "../../../test/process.js";
import { startBundled } from "../../../test/programs.js";
import { hostAndPort } from "../src/addresses.js";
import { Desk } from "../src/desk.js";
import { type News, type NewsKind, type NewsOf, newsText, words } from "../src/news.js";
import type { Heard, NodeEvent } from "../src/output.js";

const NODE = new URL("../src/main.ts", import.meta.url);
/** For anything that is waited for: many times what it takes. */
const MOST_MS = 60_000;

interface Node {
  readonly process: RunningProcess;
  /** What it was given of the room, as it printed it. */
  readonly transcript: Heard[];
}

/** An action of a build that began to run at a node. */
export interface Action {
  readonly action: number;
  readonly worker: string;
  hasEnded: boolean;
}

export interface Lead {
  readonly id: string;
  readonly epoch: number;
}

export type Said<Kind extends NewsKind> = NewsOf<Kind> & { readonly number: number };

export class Campus implements AsyncDisposable {
  readonly ids: readonly string[];
  /** Whoever votes: an odd number. The others report, and never lead. */
  readonly voters: readonly string[];
  readonly folder: string = mkdtempSync(join(tmpdir(), "lab-campus-"));
  readonly desk: Desk = new Desk();
  /** One after another, as the nodes say that build. */
  readonly actions: Action[] = [];
  /** As the nodes themselves say, the newest. */
  lead: Lead | undefined;
  readonly #nodes = new Map<string, Node>();
  readonly #mesh: TcpMesh;
  readonly #rooms: ReadonlyMap<string, TcpProxy>;
  #roomAddresses: Readonly<Record<string, string>> = {};
  readonly #said: (News & { readonly number: number })[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #signal: AbortSignal;
  readonly #onTrouble: (line: string) => void;
  #room: Room | undefined;

  constructor(nodes: number, signal: AbortSignal, onTrouble: (line: string) => void) {
    this.#signal = signal;
    this.ids = [..."abcdefg"].slice(0, nodes);
    this.voters = this.ids.slice(0, nodes - 1 + (nodes % 2));
    this.#mesh = new TcpMesh({ names: this.ids });
    this.#rooms = new Map(this.voters.map((id) => [id, new TcpProxy({})]));
    this.#onTrouble = onTrouble;
  }

  /** Resolves when every node is in the registry. */
  async start(): Promise<void> {
    chmodSync(this.folder, 0o711); // actions of nodes that are root have another user
    await this.#mesh.listen();
    const at = async ([id, proxy]: [string, TcpProxy]) => [id, `127.0.0.1:${(await proxy.listen()).port}`] as const;
    this.#roomAddresses = Object.fromEntries(await Promise.all([...this.#rooms].map(at)));
    await Promise.all(this.ids.map((id) => this.launch(id)));
    this.#room = await joinRoom({
      address: () => this.#roomAddresses[this.lead?.id ?? ""],
      name: "console",
      start: "all",
      entries: "all",
      maxBackoffMs: 300,
      signal: this.#signal,
      handler: (entry) => {
        const news = this.desk.heard(entry);
        if (news === undefined) return;
        this.#said.push({ ...news, number: entry.number });
        this.#wake();
      },
    });
    const isWhole = (): boolean => this.desk.leader !== undefined && this.desk.servers.length === this.ids.length;
    await this.until(isWhole, "a leader, and all nodes in the registry");
  }

  /** What a node builds when it is asked to. */
  project(id: string): string {
    return join(this.folder, id, "project");
  }

  /** Starts a node, or starts it again with what it had stored. */
  async launch(id: string): Promise<void> {
    const folder = join(this.folder, id);
    mkdirSync(folder, { recursive: true });
    const list = (of: Readonly<Record<string, string>>): string =>
      Object.entries(of)
        .map((pair) => pair.join("="))
        .join(",");
    const others = this.ids.filter((one) => one !== id);
    const flags = {
      "--id": id,
      "--members": list(Object.fromEntries(this.voters.map((one) => [one, nameOf(one)]))),
      "--rooms": list(this.#roomAddresses),
      "--route": list(Object.fromEntries(others.map((one) => [nameOf(one), this.#mesh.address(id, one)]))),
      "--listen": "127.0.0.1:0",
      "--room-listen": "127.0.0.1:0",
      "--log": join(this.folder, "room"),
      "--folder": folder,
      "--slots": "1",
      "--preset": "fast",
    };
    const transcript: Heard[] = [];
    const options = { onLine: (line: string) => this.#take(id, line, transcript) };
    const process = startBundled(NODE, [...Object.entries(flags).flat(), "--json"], options);
    this.#nodes.set(id, { process, transcript });
    await this.#mesh.attach(id, { port: await process.port() });
  }

  /** Ends a node as a crash does; resolves with its transcript, once it is gone. */
  async kill(id: string): Promise<readonly Heard[]> {
    const { process, transcript } = this.#node(id);
    process.kill("SIGKILL");
    await process.exited;
    return transcript;
  }

  /** Asks a node for something, as anybody in the room can; resolves with the number that this has in the room. */
  async ask(at: string, what: string): Promise<number> {
    if (this.#room === undefined) throw new Error("the campus was not started");
    return await this.#room.publish(newsText({ news: "asks", at, words: what }));
  }

  /** The first news of a kind behind a number. @throws Error where that is a failure */
  async said<Kind extends NewsKind>(kind: Kind, behind: number, isIt = (_: Said<Kind>) => true): Promise<Said<Kind>> {
    let found: News | undefined;
    await this.until(() => {
      found = this.#said.find(
        (one) =>
          one.number > behind && (one.news === "failed" || (one.news === kind && isIt(one as unknown as Said<Kind>))),
      );
      return found !== undefined;
    }, kind);
    if (found?.news === "failed") throw new Error(`${found.id} was asked to ${found.words}: ${found.why}`);
    return found as unknown as Said<Kind>;
  }

  /** Whether what was asked under a number is built. */
  isBuilt(asked: number): boolean {
    return this.#said.some((one) => one.news === "built" && one.asked === asked);
  }

  /** What a node was given of the room up to a number, once it was. */
  async transcript(id: string, upTo: number): Promise<readonly Heard[]> {
    const { transcript } = this.#node(id);
    await this.until(() => (transcript.at(-1)?.number ?? 0) >= upTo, `${id} has heard ${upTo}`);
    return transcript.filter(({ number }) => number <= upTo);
  }

  async until(isTrue: () => boolean, what: string): Promise<void> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#wake();
    }, MOST_MS);
    this.#signal.addEventListener("abort", this.#wake);
    try {
      while (!isTrue()) {
        this.#signal.throwIfAborted();
        if (isLate)
          throw new Error(`nothing came of it within ${MOST_MS / 1_000} s: ${what}; the last news: ${this.#last()}`);
        await new Promise<void>((resolve) => this.#waiting.add(resolve));
      }
    } finally {
      clearTimeout(timer);
      this.#signal.removeEventListener("abort", this.#wake);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#room?.close();
    await Promise.all([...this.#nodes.values()].map(({ process }) => process[Symbol.asyncDispose]()));
    await Promise.all([this.#mesh.close(), ...[...this.#rooms.values()].map((proxy) => proxy.close())]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  #last(): string {
    return this.#said
      .slice(-8)
      .map((one) => words(one))
      .join("; ");
  }

  #node(id: string): Node {
    const node = this.#nodes.get(id);
    if (node === undefined) throw new RangeError(`there is no node ${id}, only ${this.ids.join(", ")}`);
    return node;
  }

  #take(id: string, line: string, transcript: Heard[]): void {
    if (!line.startsWith("{")) return;
    const said = JSON.parse(line) as NodeEvent;
    if (said.event === "heard") transcript.push(said);
    if (said.event === "room") void this.#rooms.get(id)?.retarget(hostAndPort(said.address));
    if (said.event === "leader" && said.id !== undefined && (said.epoch ?? 0) >= (this.lead?.epoch ?? 0)) {
      this.lead = { id: said.id, epoch: said.epoch ?? 0 };
    }
    if (said.event === "action") this.#acted(said);
    if (said.event === "trouble") this.#onTrouble(`${id}: ${said.why}`);
    this.#wake();
  }

  #acted({ action, worker, what }: Extract<NodeEvent, { event: "action" }>): void {
    if (what === "started") this.actions.push({ action, worker, hasEnded: false });
    const ended = this.actions.findLast((one) => one.action === action && one.worker === worker);
    if (what === "ended" && ended !== undefined) ended.hasEnded = true;
  }

  readonly #wake = (): void => {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  };
}

/** What voters call each other; each is told where the network between them begins for it. */
function nameOf(id: string): string {
  return `${id}.campus:1`;
}
