/** All hosts of a build: who is connected, who is lost, and when to try again (docs/rake.md R32, R33, R52). */

import { type BuildContext, NEVER } from "./build-context.js";
import { Host } from "./host.js";
import { type ActionMessage, HostLink, type LinkEnd } from "./host-link.js";
import type { HostFacts } from "./messages.js";
import { SharedUploads } from "./uploads-up.js";

export class HostTable {
  readonly all: readonly Host[];
  readonly #context: BuildContext;
  readonly #byLink = new Map<number, Host>();
  #isClosed = true;

  constructor(context: BuildContext) {
    this.#context = context;
    this.all = context.plan.hosts.map(({ host, port }, index) => {
      const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
      return new Host(context, index, address, new SharedUploads());
    });
  }

  /** Nothing is connected to before. */
  connectAll(): void {
    this.#isClosed = false;
    for (const host of this.all) if (host.link === undefined && !host.isFinal) this.#connect(host);
  }

  connected(link: number): void {
    this.#byLink.get(link)?.link?.connected();
  }

  data(link: number, bytes: Uint8Array): void {
    const host = this.#byLink.get(link);
    const end = host?.link?.receive(bytes);
    if (host?.link?.id === link && end !== undefined) this.lose(host, end);
  }

  full(link: number, isFull: boolean): void {
    const host = this.#byLink.get(link);
    host?.link?.full(isFull);
    if (isFull) return;
    for (const talk of [...(host?.talks.values() ?? [])]) talk.drained();
  }

  closed(link: number, why: string): void {
    const host = this.#byLink.get(link);
    if (host === undefined) return;
    this.#byLink.delete(link);
    host.link = undefined;
    this.#lost(host, why || "the connection ended");
  }

  /** Ends the connection; its attempts are lost, and it is in back-off. */
  lose(host: Host, end: LinkEnd): void {
    if (host.link === undefined) return;
    this.#disconnect(host, end.bye?.code, end.bye?.text);
    if (end.isFinal) host.isFinal = true;
    this.#lost(host, end.why);
  }

  /** An attempt came to nothing by its fault, though it is still there (R32). */
  backOff(host: Host, why: string): void {
    if (!host.isUp) return;
    host.why = why;
    this.#context.tell({ type: "hostBackedOff", host: host.index, why, backoffMs: host.backOff() });
  }

  tick(): void {
    for (const host of this.all) {
      const end = host.link?.tick() ?? this.#overdue(host);
      if (end !== undefined) this.lose(host, end);
      const mayConnect = host.link === undefined && !host.isFinal && !this.#isClosed;
      if (mayConnect && this.#context.now >= host.backoffUntil) this.#connect(host);
    }
  }

  nextDeadline(): number {
    let soonest = NEVER;
    for (const host of this.all) {
      if (host.link === undefined) {
        if (!host.isFinal && !this.#isClosed) soonest = Math.min(soonest, host.backoffUntil);
        continue;
      }
      soonest = Math.min(soonest, host.link.nextDeadline(), host.nextAskable());
      for (const talk of host.talks.values()) soonest = Math.min(soonest, talk.nextDeadline());
    }
    return soonest;
  }

  /** No connection is made any more. */
  stop(): void {
    this.#isClosed = true;
  }

  /** The build is over. */
  close(): void {
    this.stop();
    for (const host of this.all) if (host.link !== undefined) this.#disconnect(host, "END");
  }

  /** Why none of them runs anything, a line for each. */
  reasons(of?: ReadonlyMap<number, string>): string {
    if (this.all.length === 0) return "the Rakefile names no host";
    const lines = this.all.map((host) => {
      const state = host.isUp ? "it is there" : "it has not answered";
      return `${host.address}: ${of?.get(host.index) || host.why || state}`;
    });
    return lines.join("\n");
  }

  #connect(host: Host): void {
    const link = new HostLink(this.#context, {
      welcome: (facts) => this.#welcome(host, facts),
      message: (message) => this.#message(host, link, message),
    });
    host.link = link;
    this.#byLink.set(link.id, host);
    this.#context.do({ type: "connect", link: link.id, host: host.index });
  }

  #welcome(host: Host, facts: HostFacts): void {
    host.facts = facts;
    host.freed();
    this.#context.tell({ type: "hostUp", host: host.index, facts });
  }

  /** Where the action id is not known (any more) it is dropped (R15). */
  #message(host: Host, link: HostLink, message: ActionMessage): void {
    if (host.link === link) host.talks.get(message.actionId)?.message(message);
  }

  #overdue(host: Host): LinkEnd | undefined {
    for (const talk of host.talks.values()) {
      const why = talk.overdue();
      if (why !== undefined) return { why };
    }
    return undefined;
  }

  #disconnect(host: Host, code: NonNullable<LinkEnd["bye"]>["code"] = "END", text = ""): void {
    const { link } = host;
    if (link === undefined) return;
    if (link.phase !== "connecting") link.say({ type: "BYE", code, text });
    this.#context.do({ type: "disconnect", link: link.id });
    this.#byLink.delete(link.id);
    host.link = undefined;
  }

  #lost(host: Host, why: string): void {
    host.why = why;
    host.freed();
    const talks = [...host.talks.values()];
    host.talks.clear();
    host.uploads.clear();
    host.running = 0;
    host.held = 0;
    host.late = 0;
    this.#context.tell({ type: "hostLost", host: host.index, why, backoffMs: host.isFinal ? 0 : host.backOff() });
    for (const talk of talks) talk.lost(why);
  }
}
