/** A client of a schedule: a real room behind a proxy of its own, which leads to one gateway or the other. */
import { TcpProxy } from "@lab/simnet";
import { type Delivered, join, type Notice, type Room } from "../../src/index.js";
import { ClientRecord } from "../sim/client-record.js";
import { payloadOf } from "../sim/room-model.js";
import { Violation } from "../sim/violation.js";
import type { EngineModel } from "./engine-model.js";

export class ScheduledClient implements AsyncDisposable {
  readonly record: ClientRecord;
  readonly proxy: TcpProxy;
  readonly #model: EngineModel;
  readonly #report: (error: Error) => void;
  #room: Room | undefined;
  #member = 0;

  constructor(name: string, model: EngineModel, gateway: string, report: (error: Error) => void) {
    this.record = new ClientRecord(name, model, false);
    this.#model = model;
    this.#report = report;
    this.proxy = new TcpProxy({ to: targetOf(gateway) });
  }

  async join(room: string): Promise<void> {
    const { host, port } = await this.proxy.listen();
    this.record.started(undefined);
    this.#room = await join({
      address: `${host}:${port}`,
      room,
      name: this.record.node,
      entries: "all",
      backoffMs: 5,
      maxBackoffMs: 50,
      handler: (entry) => this.#judge(() => this.#deliver(entry)),
      onNotice: (notice) => this.#judge(() => this.#notice(notice)),
    });
    this.#room.ended.catch((error: Error) => {
      this.record.ended = error.message;
      this.#report(new Violation("G", `${this.record.node} gave up: ${error.message}`));
    });
  }

  publish(count: number, bytes: number): void {
    const { record } = this;
    for (let i = 0; i < count; i++) {
      const id = record.publishes.length;
      const payload = payloadOf(record.node, id, bytes);
      record.publishes.push({
        payload: Buffer.from(payload).toString("latin1"),
        bytes: payload.length,
        incarnation: 1,
        outcome: undefined,
      });
      this.#room?.publish(payload).then(
        (number) => this.#judge(() => record.published(id, number, this.#state)),
        ({ code }: { code: string }) => this.#judge(() => record.failed(id, code)),
      );
    }
  }

  async move(gateway: string): Promise<void> {
    await this.proxy.retarget(targetOf(gateway));
    this.proxy.resetAll();
  }

  /** What it lacks, with all that was published decided. */
  missing(head: number): string | undefined {
    const pending = this.record.publishes.find(({ outcome }) => outcome === undefined);
    if (pending !== undefined) return `${this.record.node} waits for the fate of "${pending.payload.slice(0, 20)}"`;
    if ((this.record.next ?? 0) <= head) return `${this.record.node} waits for ${this.record.next} of ${head}`;
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { ended } = this.record;
    this.record.ended ??= "closed";
    await this.#room?.close().catch(() => {});
    await this.proxy.close();
    this.record.ended = ended;
  }

  get #state(): { readonly epoch: number; readonly member: number } {
    return { epoch: this.#model.current?.epoch ?? 0, member: this.#member };
  }

  #deliver(entry: Delivered): void {
    this.record.deliver([entry], this.#state);
  }

  #notice(notice: Notice): void {
    if (notice.type === "welcome") this.#member = notice.member;
    if (notice.type === "epoch") throw new Violation("D", `${this.record.node} is told of epoch ${notice.epoch}`);
    if (notice.type === "expired") throw new Violation("C", `${this.record.node} has lost its session`);
    this.record.notice(notice, this.#state);
  }

  #judge(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#report(error as Error);
    }
  }
}

function targetOf(address: string): { host: string; port: number } {
  const [host, port] = address.split(":") as [string, string];
  return { host, port: Number(port) };
}
