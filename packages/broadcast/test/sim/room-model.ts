/** The model: what a server committed, as a plain array for each epoch, and what was promised of it. */
import type { Entry } from "../../src/core/index.js";
import { Violation } from "./violation.js";

/** An entry, in a form that is compared and printed at once. */
export type Line = string;

const latin1 = new TextDecoder("latin1");

export function lineOf({ kind, member, clientSeq, bytes }: Entry): Line {
  return `${kind} of ${member}, client seq ${clientSeq}: ${latin1.decode(bytes)}`;
}

/** One unbroken life of a room's log. */
export class EpochLog {
  readonly epoch: number;
  /** The number of `lines[i]` is i + 1. Undefined: nobody has seen it yet. */
  readonly lines: (Line | undefined)[];
  /** The first number of this epoch; what is below it was there before. */
  readonly start: number;
  /** What was acknowledged to its sender before anybody saw it: number to payload. */
  readonly acknowledged: Map<number, string> = new Map();
  /** The highest number that was committed. */
  head: number;
  /** Somebody was told of it. */
  isPromised = false;

  /** The one before, as the server knows it: one that was stored and of which nobody was told counts (B26). */
  readonly previous: number;

  constructor(epoch: number, start: number, lines: (Line | undefined)[], previous: number) {
    this.previous = previous;
    this.epoch = epoch;
    this.start = start;
    this.lines = lines;
    this.head = start - 1;
  }

  at(number: number): Line | undefined {
    return this.lines[number - 1];
  }
}

export class RoomModel {
  readonly room: string;
  readonly epochs: Map<number, EpochLog> = new Map();
  current: EpochLog | undefined;
  /** The boot in which something was last committed. */
  boot = 0;
  /** The epoch that a server has found in its store, where it has one. */
  stored: number | undefined;
  /** Entries that were seen, over all epochs. */
  seen = 0;
  /** What came before the current one, in order. */
  readonly #before: EpochLog[] = [];

  constructor(room: string) {
    this.room = room;
  }

  /**
   * A server begins with an epoch, or goes on with one.
   * @param mustGoOn nothing that was promised can have been lost
   */
  opened(epoch: number, goesOn: boolean, head: number, mustGoOn: boolean): void {
    // An epoch of which nobody was told never was: its server died before it had stored it.
    while (this.current !== undefined && !this.current.isPromised && this.current.epoch !== epoch) {
      this.epochs.delete(this.current.epoch);
      this.current = this.#before.pop();
    }
    const { current } = this;
    if (current !== undefined && current.epoch === epoch) {
      if (!goesOn) throw new Violation("A", `epoch ${epoch} begins a second time`);
      if (head < current.head) {
        throw new Violation(
          "D",
          `epoch ${epoch} goes on at ${head}, but its entries up to ${current.head} were committed`,
        );
      }
      current.head = head;
      return;
    }
    if (this.epochs.has(epoch)) throw new Violation("A", `epoch ${epoch} comes back after another`);
    // An epoch may go on that was stored by a server which died before it had said so.
    if (mustGoOn && !goesOn && current !== undefined) {
      throw new Violation(
        "D",
        `a new epoch at ${head}, though nothing can have been lost since epoch ${current.epoch}`,
      );
    }
    if (current !== undefined) this.#before.push(current);
    this.current = new EpochLog(
      epoch,
      head + 1,
      current?.lines.slice(0, head) ?? [],
      this.stored ?? current?.epoch ?? 0,
    );
    this.epochs.set(epoch, this.current);
  }

  /**
   * A shared log begins an epoch, behind what it still has of the one before as it knows it (B40): of any that was, or of none.
   * @param previous 0: none
   */
  began(epoch: number, head: number, previous: number): void {
    if (this.epochs.has(epoch)) throw new Violation("A", `epoch ${epoch} begins a second time`);
    const lines = this.epochs.get(previous)?.lines.slice(0, head) ?? [];
    this.current = new EpochLog(epoch, head + 1, lines, previous);
    this.current.isPromised = true;
    this.epochs.set(epoch, this.current);
  }

  /** A client was told of the epoch. */
  promised(epoch: number): void {
    this.#of(epoch).isPromised = true;
  }

  /** The next numbers are as safe as was promised. */
  committed(first: number, count: number): void {
    const log = this.#now();
    if (first !== log.head + 1) throw new Violation("A", `committed ${first} behind ${log.head}: a hole or a repeat`);
    log.head += count;
    log.isPromised = true;
  }

  /** Somebody has seen this entry: from now on it is what this number is in this epoch. */
  pin(epoch: number, number: number, line: Line): void {
    const log = this.#of(epoch);
    const known = log.lines[number - 1];
    if (known === line) return;
    if (known !== undefined)
      throw new Violation("A", `number ${number} of epoch ${epoch} was "${known}" and is "${line}"`);
    log.lines[number - 1] = line;
    this.seen++;
    const payload = log.acknowledged.get(number);
    if (payload === undefined) return;
    log.acknowledged.delete(number);
    if (!line.endsWith(`: ${payload}`)) {
      throw new Violation("D", `"${payload}" was acknowledged as ${number}, which is "${line}"`);
    }
  }

  /** A member was given an entry; the server must have sent it to somebody, as this. */
  delivered(who: string, epoch: number, number: number, line: Line): void {
    const known = this.#of(epoch).at(number);
    if (known === line) return;
    throw new Violation("A", `${who} was given "${line}" as ${number} of epoch ${epoch}, which is "${known}"`);
  }

  /** A sender was told the number of its message. */
  acknowledged(who: string, epoch: number, number: number, payload: string): void {
    const log = this.#of(epoch);
    const known = log.at(number);
    if (known === undefined) {
      if (number > log.head) throw new Violation("D", `${who}: ${number} is acknowledged, and ${log.head} is the head`);
      log.acknowledged.set(number, payload);
    } else if (!known.endsWith(`: ${payload}`)) {
      throw new Violation("D", `${who}: "${payload}" was acknowledged as ${number}, which is "${known}"`);
    }
  }

  /** B and C, over all that was seen. @param resends who may have sent what was unknown again, in another life of its session */
  checkAll(resends: (sender: string) => boolean): void {
    for (const log of this.epochs.values()) this.#checkEpoch(log, resends);
  }

  #checkEpoch(log: EpochLog, resends: (sender: string) => boolean): void {
    const payloads = new Map<string, number>();
    const last = new Map<string, number>();
    for (const [index, line] of log.lines.entries()) {
      const number = index + 1;
      const said = line === undefined ? undefined : parseLine(line);
      if (said === undefined) continue;
      const life = resends(said.sender) ? ` ${said.member} ${number >= log.start ? "now" : "before"}` : "";
      if (life.endsWith("before")) continue;
      const payload = said.payload + life;
      const before = payloads.get(payload);
      if (before !== undefined)
        throw new Violation("B", `"${said.payload}" is in the log as ${before} and as ${number}`);
      payloads.set(payload, number);
      // A program that saves no position comes back as another session of the same name; each has an order of its own.
      const sender = `${said.sender} ${said.member}${life}`;
      if (said.index < (last.get(sender) ?? -1)) {
        throw new Violation(
          "C",
          `${said.sender}: its message ${said.index} is ${number}, behind message ${last.get(sender)}`,
        );
      }
      last.set(sender, said.index);
    }
  }

  /** "<member> <name>" of those who are joined, in order; undefined where nobody has seen every entry. */
  membersAtHead(): string[] | undefined {
    return this.current === undefined ? [] : this.membersAt(this.current.epoch, this.current.head);
  }

  /** The same at a number of an epoch. */
  membersAt(epoch: number, head: number): string[] | undefined {
    const { lines } = this.#of(epoch);
    const members = new Map<string, string>();
    for (let index = 0; index < head; index++) {
      const line = lines[index];
      if (line === undefined) return undefined;
      const [, kind, member = "", name = ""] = PASSAGE.exec(line) ?? [];
      if (kind === "join") members.set(member, `${member} ${name}`);
      else if (kind === "leave") members.delete(member);
    }
    return [...members.values()].sort();
  }

  #now(): EpochLog {
    if (this.current === undefined) throw new Violation("A", `room ${this.room} has entries and no epoch`);
    return this.current;
  }

  #of(epoch: number): EpochLog {
    const log = this.epochs.get(epoch);
    if (log === undefined) throw new Violation("A", `there is no epoch ${epoch} of room ${this.room}`);
    return log;
  }
}

/** Payloads are "<client>.<index>;" and then what fills them. */
export function payloadOf(sender: string, index: number, bytes: number): Uint8Array {
  return Buffer.from(`${sender}.${index};`.padEnd(bytes, "."), "latin1");
}

/** What a server's application gives for a number. */
export function snapshotOf(upTo: number): Uint8Array {
  return Buffer.from(`everything up to ${upTo}`, "latin1");
}

/** Of a number near the head, sometimes of one that is long gone, sometimes none. By the head alone: who asks changes nothing. */
export function snapshotNear(head: number): { readonly upTo: number; readonly bytes: Uint8Array } | undefined {
  const drawn = Math.imul(head + 1, 0x9e37_79b1) >>> 0;
  const [chance, back] = [drawn >>> 24, (drawn >>> 16) & 255];
  const upTo = Math.max(0, head - (chance < 200 ? back % 4 : back));
  return chance < 230 ? { upTo, bytes: snapshotOf(upTo) } : undefined;
}

const PASSAGE = /^(join|leave) of (\d+), client seq 0: (.*)$/s;
const PAYLOAD = /^message of (\d+), client seq (\d+): (([^.]+)\.(\d+);.*)$/s;

function parseLine(line: Line): { sender: string; index: number; payload: string; member: string } | undefined {
  const [, member, , payload, sender, index] = PAYLOAD.exec(line) ?? [];
  if (member === undefined || payload === undefined || sender === undefined) return undefined;
  return { sender, index: Number(index), payload, member };
}
