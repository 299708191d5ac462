/**
 * A random schedule over two real gateways and a real engine: publishes, cuts, moves from one gateway to the other, kill -9 of the
 * engine, members that stay away until the log was trimmed beyond them. Judged by what judges the simulation (A to G).
 */
import { Random } from "@lab/simnet";
import { type BroadcastServer, type ServerEvent, serve } from "../../src/index.js";
import { lineOf } from "../sim/room-model.js";
import { Violation } from "../sim/violation.js";
import { EngineModel } from "./engine-model.js";
import { type EngineUnderTest, sharedOf } from "./engine-under-test.js";
import { ScheduledClient } from "./scheduled-client.js";

export interface Counts {
  readonly entries: number;
  readonly published: number;
  readonly kills: number;
  readonly moves: number;
  readonly cuts: number;
  readonly gaps: number;
}

const CALM_MS = 20_000;

class Schedule {
  readonly #random: Random;
  readonly #engine: EngineUnderTest;
  readonly #room: string;
  readonly #model: EngineModel;
  readonly #history: number;
  readonly #found: Error[] = [];
  readonly #gateways: BroadcastServer[] = [];
  readonly #clients: ScheduledClient[] = [];
  /** Where each is. */
  readonly #at = new Map<ScheduledClient, number>();
  readonly #counts = { kills: 0, moves: 0, cuts: 0 };
  readonly #trims: boolean;
  #restart: Promise<void> | undefined;

  constructor(seed: number | string, engine: EngineUnderTest) {
    this.#random = new Random(`engine schedule ${seed}`);
    this.#engine = engine;
    this.#room = `schedule ${seed}`;
    this.#model = new EngineModel(this.#room);
    this.#trims = this.#random.chance(0.4);
    this.#history = this.#trims ? this.#random.integer(20, 60) : 100_000;
  }

  async run(): Promise<Counts> {
    try {
      await this.#start();
      const steps = this.#random.integer(8, 16);
      for (let step = 0; step < steps && this.#found.length === 0; step++) await this.#step();
      await this.#restart;
      await this.#calm();
    } finally {
      await this.#restart?.catch(() => {});
      await Promise.all(this.#clients.map((client) => client[Symbol.asyncDispose]()));
      await Promise.all(this.#gateways.map((gateway) => gateway.close()));
    }
    this.#check();
    const records = this.#clients.map(({ record }) => record);
    return {
      entries: this.#model.current?.lines.length ?? 0,
      published: records.reduce((sum, { publishes }) => sum + publishes.length, 0),
      gaps: records.reduce((sum, { gaps }) => sum + gaps, 0),
      ...this.#counts,
    };
  }

  async #start(): Promise<void> {
    // Short enough for leaves and joins in the middle, or so long that there are none.
    const graceMs = this.#random.chance(0.3) ? 200 : 60_000;
    for (let i = 0; i < 2; i++) {
      const log = this.#engine.log({ historyMessages: this.#history });
      const gateway = await serve({ log, graceMs, heartbeatMs: 500, lingerMs: 50, historyMessages: this.#history });
      gateway.on("event", (event) => this.#heard(event));
      this.#gateways.push(gateway);
    }
    const count = this.#random.integer(2, 4);
    for (let i = 0; i < count; i++) {
      const at = i % 2;
      const report = (error: Error): void => void this.#found.push(error);
      const client = new ScheduledClient(`c${i}`, this.#model, this.#address(at), report);
      this.#clients.push(client);
      this.#at.set(client, at);
    }
    await Promise.all(this.#clients.map((client) => client.join(this.#room)));
  }

  #heard(event: ServerEvent): void {
    if (event.type !== "epoch") return;
    try {
      this.#model.found(event.epoch);
    } catch (error) {
      this.#found.push(error as Error);
    }
  }

  #address(gateway: number): string {
    return (this.#gateways[gateway] as BroadcastServer).address;
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const client = this.#clients[random.integer(0, this.#clients.length - 1)] as ScheduledClient;
    const what = random.unit();
    if (what < 0.45) {
      for (const one of this.#clients) {
        if (random.chance(0.6))
          one.publish(random.integer(1, 20), random.integer(10, random.chance(0.1) ? 20_000 : 200));
      }
    } else if (what < 0.6) {
      this.#counts.cuts++;
      const direction = random.chance(0.5) ? "to-client" : "to-server";
      for (const connection of client.proxy.connections) {
        connection.cutAfter(direction, random.integer(0, 3_000), "reset");
      }
      client.publish(random.integer(1, 30), 100);
    } else if (what < 0.78) {
      this.#counts.moves++;
      const to = 1 - (this.#at.get(client) ?? 0);
      this.#at.set(client, to);
      client.publish(random.integer(1, 30), 50);
      await client.move(this.#address(to));
    } else if (what < 0.88 && this.#trims) await this.#trimBeyond(client);
    else if (this.#counts.kills < 2) await this.#kill();
    await new Promise((resolve) => setTimeout(resolve, random.integer(0, 30)));
  }

  /** Away, until the others have published more than is held. */
  async #trimBeyond(client: ScheduledClient): Promise<void> {
    await this.#restart;
    await client.proxy.refuse();
    client.proxy.resetAll();
    const others = this.#clients.filter((one) => one !== client);
    for (const other of others) other.publish(this.#history + 5, 20);
    await this.#until(() => {
      const pending = others.flatMap(({ record }) => record.publishes).some(({ outcome }) => outcome === undefined);
      return pending ? "publishes wait" : undefined;
    });
    await client.proxy.accept();
  }

  /** `kill -9`, while the others go on, for as long as it takes to start it again. */
  async #kill(): Promise<void> {
    await this.#restart;
    this.#counts.kills++;
    for (const client of this.#clients) client.publish(this.#random.integer(1, 20), 100);
    await new Promise((resolve) => setTimeout(resolve, this.#random.integer(0, 5)));
    await this.#engine.server.kill();
    this.#restart = this.#engine.server.start();
  }

  /** Everything is there again: everybody gets everything. */
  async #calm(): Promise<void> {
    await using log = this.#reader();
    await log.open();
    await this.#until(() => {
      for (const { record } of this.#clients) {
        const pending = record.publishes.find(({ outcome }) => outcome === undefined);
        if (pending !== undefined) return `${record.node} waits for the fate of "${pending.payload.slice(0, 20)}"`;
      }
      return undefined;
    });
    let read = await log.readAll();
    await this.#until(() =>
      this.#clients.map((client) => client.missing(read.head)).find((lack) => lack !== undefined),
    );
    // Who was timed out joins again, and that may be told behind what was read.
    for (const end = performance.now() + CALM_MS; this.#told > read.head && performance.now() < end; ) {
      read = await log.readAll();
    }
    const { epoch, firstRetained, head, lines } = read;
    if (this.#found.length === 0) this.#model.readAtEnd(epoch, firstRetained, lines.slice(0, head - firstRetained + 1));
  }

  /** The highest number that anybody was given. */
  get #told(): number {
    return this.#model.current?.lines.length ?? 0;
  }

  #reader(): LogReader {
    return new LogReader(this.#engine, this.#room, this.#history);
  }

  async #until(lack: () => string | undefined): Promise<void> {
    const end = performance.now() + CALM_MS;
    for (let why = lack(); why !== undefined && this.#found.length === 0; why = lack()) {
      if (performance.now() > end) throw new Violation("liveness", why);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  #check(): void {
    const [first] = this.#found;
    if (first !== undefined) throw first;
    for (const { record } of this.#clients) {
      record.settled();
      if (record.publishes.some(({ outcome }) => typeof outcome === "string" && outcome !== "NUMBER_LOST")) {
        throw new Violation("D", `${record.node} was refused a publish`);
      }
    }
    this.#model.checkAll(() => false);
  }
}

/** Reads the log from the engine itself, beside the gateways. */
class LogReader implements AsyncDisposable {
  readonly #shared: ReturnType<typeof sharedOf>;
  readonly #room: string;
  #epoch = 0;

  constructor(engine: EngineUnderTest, room: string, historyMessages: number) {
    this.#shared = sharedOf(engine.log({ historyMessages }));
    this.#room = room;
  }

  async open(): Promise<void> {
    await this.#shared.start({ entries: () => {}, lost: () => {} });
    await this.#reopen();
  }

  async #reopen(): Promise<void> {
    const answer = await this.#shared.ask(this.#room, { op: "open", freshEpoch: 1 });
    if (answer.op === "open") this.#epoch = answer.epoch;
  }

  /** What is trimmed beyond it while it looks is looked at again. */
  async readAll(): Promise<{ epoch: number; firstRetained: number; head: number; lines: string[] }> {
    for (let tries = 20; ; tries--) {
      try {
        return await this.#readAll();
      } catch (error) {
        if (tries === 0) throw error;
        await this.#reopen();
      }
    }
  }

  async #readAll(): Promise<{ epoch: number; firstRetained: number; head: number; lines: string[] }> {
    const lines: string[] = [];
    let begin = 0;
    for (let from = 1; ; ) {
      const answer = await this.#shared.ask(this.#room, { op: "read", from, maxBytes: 65_536 });
      if (answer.op !== "read") throw new Error("another answer than to a read");
      if (answer.first !== from) {
        // What was read before was trimmed meanwhile.
        lines.length = 0;
        begin = answer.first;
      } else if (begin === 0) begin = from;
      for (const entry of answer.entries) lines.push(lineOf(entry));
      from = answer.first + answer.entries.length;
      if (from > answer.head) return { epoch: this.#epoch, firstRetained: begin, head: from - 1, lines };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#shared.close();
  }
}

/** @throws Violation */
export async function runSchedule(seed: number | string, engine: EngineUnderTest): Promise<Counts> {
  return await new Schedule(seed, engine).run();
}
