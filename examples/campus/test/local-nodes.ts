/** Nodes in this process, of which `a` alone votes, and what all of them print. */
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Room } from "@lab/broadcast";
import type { Load } from "@lab/election";
import { TcpProxy } from "@lab/simnet";
import { hostAndPort } from "../src/addresses.js";
import { runNode } from "../src/node.js";
import { printer } from "../src/output.js";

export interface LocalNode {
  /** Once it is in the room. */
  readonly room: Promise<Room>;
  readonly ended: Promise<void>;
  end(): Promise<void>;
}

export interface LocalNodesOptions {
  /** Each node has its folder in it. */
  readonly base: string;
  readonly log: string;
  readonly secret?: Uint8Array;
}

/** For anything that is waited for: many times what it takes. */
const MOST_MS = 20_000;

export class LocalNodes implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly #options: LocalNodesOptions;
  readonly #elections = new TcpProxy({});
  readonly #rooms = new TcpProxy({});
  readonly #nodes: LocalNode[] = [];
  readonly #waiting = new Set<() => void>();
  #addresses = { members: "", rooms: "" };

  private constructor(options: LocalNodesOptions) {
    this.#options = options;
  }

  static async make(options: LocalNodesOptions): Promise<LocalNodes> {
    const nodes = new LocalNodes(options);
    const at = async (proxy: TcpProxy): Promise<string> => `127.0.0.1:${(await proxy.listen()).port}`;
    nodes.#addresses = { members: await at(nodes.#elections), rooms: await at(nodes.#rooms) };
    chmodSync(options.base, 0o711); // actions of nodes that are root have another user
    return nodes;
  }

  /** Where the room is. */
  get room(): string {
    return this.#addresses.rooms;
  }

  /** Where `a` listens for the election. */
  get election(): string {
    return this.#addresses.members;
  }

  start(id: string, load?: Load): LocalNode {
    const { base, log, secret } = this.#options;
    const ending = new AbortController();
    const folder = join(base, id);
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o711);
    let begun: (room: Room) => void = () => {};
    const room = new Promise<Room>((resolve) => (begun = resolve));
    const listener = {
      ...printer(false, (line) => this.#heard(`${id}: ${line}`)),
      listening: (address: string) => void (id === "a" && this.#elections.retarget(hostAndPort(address))),
      room: (address: string) => void this.#rooms.retarget(hostAndPort(address)),
    };
    const { members, rooms } = this.#addresses;
    const who = { id, members: { a: members }, rooms: { a: rooms }, access: secret === undefined ? {} : { secret } };
    const where = { log, folder, project: join(folder, "project"), host: "127.0.0.1", routes: {} };
    const how = { listen: "127.0.0.1:0", roomListen: "127.0.0.1:0", slots: 1, preset: "fast", listener } as const;
    const measured = load === undefined ? {} : { measureLoad: async () => load };
    const ended = runNode({ ...who, ...where, ...how, ...measured, signal: ending.signal }, begun);
    ended.catch(() => {}); // whoever waits for it is told
    const end = async (): Promise<void> => {
      ending.abort();
      await ended;
    };
    const node = { room, ended, end };
    this.#nodes.push(node);
    return node;
  }

  /** The first line with these words, past or future; of what was printed behind `from`. */
  async said(words: string, from = 0): Promise<string> {
    const late = AbortSignal.timeout(MOST_MS);
    late.addEventListener("abort", () => this.#wake());
    for (;;) {
      const found = this.lines.slice(from).find((line) => line.includes(words));
      if (found !== undefined) return found;
      if (late.aborted) throw new Error(`nobody said ${words}:\n${this.lines.slice(-40).join("\n")}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.end().catch(() => {})));
    await Promise.all([this.#elections.close(), this.#rooms.close()]);
  }

  #heard(line: string): void {
    this.lines.push(line);
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
