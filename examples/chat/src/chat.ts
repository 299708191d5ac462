/** One person in one or several rooms: what is typed is said in the current one, what all of them hear is shown. */
import { type Delivered, join, type Notice, type Room } from "@lab/broadcast";
import { printable } from "@lab/broadcast/core";
import type { Words } from "./words.js";

export interface ChatOptions {
  readonly address: string;
  readonly name: string;
  readonly words: Words;
  readonly showsOrder: boolean;
  readonly show: (line: string) => void;
  /** Called when another room is the current one. */
  readonly onRoom?: (room: string) => void;
}

/** Lines of a room that `/history` can show again. */
const KEPT = 1_000;
const HELP = "/who, /history [N], /room [NAME], /quit; everything else is said";

interface Heard {
  /** Undefined until it is joined. */
  room: Room | undefined;
  /** What was shown of it, oldest first. */
  readonly lines: string[];
  /** The number of the last entry that was shown. */
  last: number;
  /** By number: whom to call when an own message was shown, or never will be. */
  readonly waiting: Map<number, () => void>;
  isLost: boolean;
}

type Joined = Heard & { readonly room: Room };

export class Chat {
  /** Rejects when a room ends by itself, as where the server refuses it. */
  readonly failed: Promise<never>;
  readonly #options: ChatOptions;
  readonly #rooms = new Map<string, Joined>();
  #current = "";
  readonly #open = new Set<Promise<void>>();
  #fail: (error: unknown) => void = () => {};

  constructor(options: ChatOptions) {
    this.#options = options;
    this.failed = new Promise((_resolve, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => {});
  }

  /** Joins a room, or goes back to one. */
  async enter(name: string): Promise<void> {
    if (!this.#rooms.has(name)) await this.#join(name);
    this.#current = name;
    this.#options.onRoom?.(name);
    this.#show(`* you talk in ${printable(name)}; here are ${this.#members()}`);
  }

  /** Does what a line says; false where the person wants to leave. */
  async obey(line: string): Promise<boolean> {
    const [command = "", argument] = line.trim().split(/\s+/);
    if (command === "/quit") return false;
    if (command === "/who") this.#show(`* here are ${this.#members()}`);
    else if (command === "/history") this.#history(argument ?? "20");
    else if (command === "/room" && argument !== undefined) {
      await this.enter(argument).catch((error: Error) => this.#show(`* ${printable(error.message)}`));
    } else if (command === "/room") this.#show(`* rooms: ${[...this.#rooms.keys()].map(printable).join(", ")}`);
    else if (command.startsWith("/")) this.#show(`* there is no ${printable(command)}: ${HELP}`);
    else if (command !== "") this.#say(line);
    return true;
  }

  /** Waits until everything that was said is acknowledged, and leaves all rooms. */
  async leave(): Promise<void> {
    await Promise.all(this.#open);
    await Promise.all([...this.#rooms.values()].map(({ room }) => room.leave()));
  }

  async #join(name: string): Promise<void> {
    const { address, name: own, showsOrder } = this.#options;
    const given = new AbortController();
    const heard: Heard = { room: undefined, lines: [], last: 0, waiting: new Map(), isLost: false };
    heard.room = await join({
      address,
      room: name,
      name: own,
      start: "all",
      entries: "all",
      stable: showsOrder,
      signal: given.signal,
      handler: (entry) => this.#heard(name, heard, entry),
      onNotice: (notice) => {
        if (notice.type === "disconnected" && heard.room === undefined) {
          given.abort(new Error(`no server at ${address}: ${notice.why}`));
        } else this.#noticed(name, heard, notice);
      },
    });
    this.#rooms.set(name, heard as Joined);
    heard.room.ended.catch(this.#fail);
  }

  #heard(name: string, joined: Heard, entry: Delivered): void {
    const { lines, waiting } = joined;
    const line = this.#options.words.entry(entry);
    lines.push(line);
    if (lines.length > KEPT) lines.shift();
    this.#show(this.#of(name, line));
    joined.last = entry.number;
    waiting.get(entry.number)?.();
  }

  #noticed(name: string, joined: Heard, notice: Notice): void {
    const say = (words: string): void => this.#show(this.#of(name, words));
    const line = this.#options.words.notice(notice);
    if (line !== undefined) say(line);
    if (notice.type === "gap" || notice.type === "epoch") for (const go of joined.waiting.values()) go();
    if (notice.type === "disconnected" && !joined.isLost) {
      joined.isLost = true;
      say(`* the connection is lost (${printable(notice.why)}); it comes back by itself`);
    }
    if (notice.type === "welcome" && joined.isLost) {
      joined.isLost = false;
      say(`* the connection is back (${notice.status}), from number ${notice.resumeFrom} on`);
    }
  }

  #say(line: string): void {
    const said = this.#publish(this.#now(), line);
    this.#open.add(said);
    void said.finally(() => this.#open.delete(said));
  }

  /** Resolves when it was said and heard, or will not be. */
  async #publish(joined: Joined, line: string): Promise<void> {
    const { room } = joined;
    try {
      const number = await room.publish(line);
      if (this.#options.showsOrder) this.#show(this.#of(room.room, `* PUBACK ${number}`));
      if (joined.last < number) await new Promise<void>((resolve) => joined.waiting.set(number, resolve));
      joined.waiting.delete(number);
    } catch (error) {
      this.#show(`* "${printable(line)}": ${(error as Error).message}`);
    }
  }

  #history(count: string): void {
    if (!/^\d{1,4}$/.test(count)) return this.#show("* /history takes a number up to 1000");
    const { lines } = this.#now();
    const some = lines.slice(Math.max(0, lines.length - Number(count)));
    for (const line of some) this.#show(`| ${line}`);
  }

  #members(): string {
    return this.#now()
      .room.members()
      .map(({ name }) => printable(name))
      .join(", ");
  }

  #now(): Joined {
    const joined = this.#rooms.get(this.#current);
    if (joined === undefined) throw new Error("there is no room yet");
    return joined;
  }

  /** Which room it is of, where there are several. */
  #of(room: string, line: string): string {
    return this.#rooms.size > 1 ? this.#options.words.room(room, line) : line;
  }

  #show(line: string): void {
    this.#options.show(line);
  }
}
