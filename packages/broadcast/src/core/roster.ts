/** Who is joined, and what senders are called (docs/broadcast.md B10). */

import type { Member } from "./messages.js";
import { malformed } from "./wire.js";

/** As many sessions as a room may have. */
const MAX_MEMBERS = 1_000_000;

export class Roster {
  /** At the head that the WELCOME named, or behind it. */
  #members = new Map<number, string>();
  /** At the entry that was delivered last, as far as it is known. */
  #names = new Map<number, string>();
  #head = 0;
  #list: readonly Member[] | undefined;

  /** In the order of their numbers; the same array until somebody joins or leaves. */
  get list(): readonly Member[] {
    this.#list ??= [...this.#members].sort(([a], [b]) => a - b).map(([member, name]) => ({ member, name }));
    return this.#list;
  }

  /** @param goesOn the entries follow those that were delivered: who was called something is still called so */
  welcome(members: readonly Member[], head: number, goesOn: boolean): void {
    this.#members = new Map(members.map(({ member, name }) => [member, name]));
    this.#list = undefined;
    this.#head = head;
    const names = new Map(this.#members);
    if (goesOn) for (const [member, name] of this.#names) names.set(member, name);
    this.#names = names;
  }

  /** Empty where it is not known. */
  nameOf(member: number): string {
    return this.#names.get(member) ?? "";
  }

  /** @throws RemoteProtocolError where there are more than a room may have */
  joined(member: number, name: string, number: number): void {
    if (this.#names.size >= MAX_MEMBERS && !this.#names.has(member)) throw malformed("more members than a room has");
    this.#names.set(member, name);
    if (number <= this.#head) return;
    this.#members.set(member, name);
    this.#list = undefined;
  }

  left(member: number, number: number): void {
    this.#names.delete(member);
    if (number <= this.#head) return;
    this.#members.delete(member);
    this.#list = undefined;
  }
}
