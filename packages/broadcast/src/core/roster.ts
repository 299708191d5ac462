/** Who is joined, and what senders are called (docs/broadcast.md B10). */

import type { Member } from "./messages.js";
import { malformed } from "./wire.js";

export class Roster {
  /** At the head that the WELCOME named, or behind it. */
  #members = new Map<number, string>();
  /** At the entry that was delivered last, as far as it is known. */
  #names = new Map<number, string>();
  #head = 0;
  #list: readonly Member[] | undefined;
  readonly #maxListedMembers: number;

  constructor(maxListedMembers: number) {
    this.#maxListedMembers = maxListedMembers;
  }

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
    const isNew = number > this.#head;
    if (isNew && this.#members.size >= this.#maxListedMembers && !this.#members.has(member)) this.#tooMany();
    // Up to the head of the WELCOME: those of the last entry that was delivered, and those that it named.
    if (this.#names.size >= 2 * this.#maxListedMembers && !this.#names.has(member)) this.#tooMany();
    this.#names.set(member, name);
    if (!isNew) return;
    this.#members.set(member, name);
    this.#list = undefined;
  }

  #tooMany(): never {
    throw malformed(`more members than maxListedMembers, ${this.#maxListedMembers}`);
  }

  left(member: number, number: number): void {
    this.#names.delete(member);
    if (number <= this.#head) return;
    this.#members.delete(member);
    this.#list = undefined;
  }
}
