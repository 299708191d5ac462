/** A client whose process was stopped for longer than three heartbeats: it resumes, and its application hears of a lost connection alone (docs/broadcast.md B24, B33). */
import { expect, it } from "vitest";
import { type ClientInput, ClientMachine, type ClientOutput } from "../../src/core/index.js";
import { Rig } from "../server/rig.js";
import { plainPlatform } from "./plain-platform.js";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A client of a rig. What the server says waits as in a socket while the client is stopped. */
class Client {
  readonly machine = new ClientMachine({ room: "main", name: "a" }, plainPlatform(3));
  readonly outputs: ClientOutput[] = [];
  readonly #rig: Rig;
  #isStopped = false;
  #peer: number | undefined;
  #attempt = 0;
  #waiting: ClientInput[] = [];

  constructor(rig: Rig) {
    this.#rig = rig;
    this.tell({ type: "start" });
  }

  tell(input: ClientInput): void {
    for (const output of this.machine.handle(this.#rig.now, input)) this.#perform(output);
  }

  #perform(output: ClientOutput): void {
    this.outputs.push(output);
    if (output.type === "deliver") {
      this.tell({ type: "handled", upTo: output.entries.at(-1)?.number ?? 0 });
    } else if (output.type === "connect") {
      const peer = this.#rig.connect();
      const { attempt } = output;
      this.#attempt = attempt;
      this.#peer = peer.id;
      peer.take = (bytes) => this.#hear({ type: "data", attempt, bytes });
      queue.push(() => this.#hear({ type: "connected", attempt }));
    } else if (output.type === "send") {
      const { bytes, attempt } = output;
      const peer = this.#peer as number;
      queue.push(() => {
        if (attempt === this.#attempt) this.#rig.handle({ type: "data", connection: peer, bytes });
      });
    } else if (output.type === "disconnect") {
      this.#rig.handle({ type: "closed", connection: this.#peer as number });
    }
  }

  #hear(input: ClientInput): void {
    if (this.#isStopped) this.#waiting.push(input);
    else queue.push(() => this.tell(input));
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Timers and what came meanwhile are heard in either order. */
  goOn(first: "timer" | "socket"): void {
    this.#isStopped = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    if (first === "timer") this.tell({ type: "tick" });
    for (const input of waiting) this.tell(input);
    const peer = this.#rig.peers.get(this.#peer as number);
    if (first === "socket" && peer?.closed !== undefined) {
      this.tell({ type: "disconnected", attempt: this.#attempt, why: "the server closed" });
    }
    this.tell({ type: "tick" });
    settle();
  }

  wake(): void {
    const due = this.machine.nextDeadline();
    if (due !== undefined && due <= this.#rig.now && !this.#isStopped) this.tell({ type: "tick" });
  }

  numbers(): number[] {
    return this.outputs.flatMap((one) => (one.type === "deliver" ? one.entries.map(({ number }) => number) : []));
  }

  notices(): string[] {
    return this.outputs.flatMap((one) => {
      if (one.type !== "notice") return [];
      const { notice } = one;
      return notice.type === "welcome" ? [`welcome ${notice.status}`] : [notice.type];
    });
  }
}

/** What was said and is not heard yet. */
const queue: (() => void)[] = [];

function settle(): void {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) next();
}

for (const graceMs of [10_000, 60_000]) {
  for (const first of ["timer", "socket"] as const) {
    it(`B24: stopped for a minute, grace ${graceMs} ms, the ${first} first: closed as IDLE, it resumes, and nothing is lost or told twice`, () => {
      const rig = new Rig({ graceMs });
      const client = new Client(rig);
      settle();
      const other = rig.join(2).ack(2);
      const stayAwake = (ms: number): void => {
        for (let second = 0; second < ms / 1_000; second++) {
          rig.wait(1_000);
          other.say({ type: "ping", nonce: 1 });
          client.wake();
          settle();
        }
      };
      other.publish(1, "before");
      client.tell({ type: "publish", id: 1, bytes: utf8("mine") });
      settle();
      stayAwake(20_000);
      client.stop();
      client.tell({ type: "publish", id: 2, bytes: utf8("said as it was stopped") });
      stayAwake(30_000);
      other.publish(2, "while it was stopped");
      stayAwake(30_000);
      expect(rig.eventsOf("closed").map(({ code }) => code)).toEqual(["IDLE"]);
      client.goOn(first);
      stayAwake(1_000);
      other.publish(3, "behind");
      settle();
      const { head } = rig.machine.view().rooms[0] as { head: number };
      expect(client.numbers()).toEqual(Array.from({ length: head }, (_, index) => index + 1));
      expect(client.outputs.filter(({ type }) => type === "ended" || type === "publishFailed")).toEqual([]);
      expect(client.outputs.filter(({ type }) => type === "published")).toHaveLength(2);
      const told = new Set(["welcome fresh", "welcome resumed", "disconnected", "acknowledged", "membership"]);
      expect(client.notices().filter((notice) => !told.has(notice))).toEqual([]);
      expect(client.notices().filter((notice) => notice.startsWith("welcome"))).toEqual([
        "welcome fresh",
        "welcome resumed",
      ]);
      expect(rig.eventsOf("left")).toHaveLength(graceMs === 10_000 ? 1 : 0);
    });
  }
}
