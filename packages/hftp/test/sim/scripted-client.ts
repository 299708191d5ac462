/** A client that is no machine of ours: it sends bytes as a script says, whole or in pieces, and keeps what comes. */
import type { Endpoint, NodeInput, NodeOutput, NodeProgram } from "@lab/simnet";

export interface ScriptStep {
  readonly afterMs: number;
  /** A text is sent, in Latin-1; `end` is a half-close. */
  readonly does:
    | { readonly type: "send"; readonly text: string }
    | { readonly type: "end" }
    | { readonly type: "reset" };
}

export interface Script {
  readonly steps: readonly ScriptStep[];
  /** Whether it ends its side when the server has ended its own. */
  readonly isPolite: boolean;
}

/** All that it said and heard on its connection. */
export interface ScriptRecord {
  startedAt: number;
  sent: string;
  halfClosed: boolean;
  received: string;
  connected: boolean;
  /** The server has ended its side in good order. */
  serverEnded: boolean;
  /** It has dropped the connection itself. */
  dropped: boolean;
  gone: boolean;
}

/** Longer than every deadline of a server: what has not come by then never will. */
const PATIENCE_MS = 600_000;

export class ScriptedClient implements NodeProgram {
  readonly #server: Endpoint;
  readonly #script: Script;
  readonly #record: ScriptRecord;
  #step = 0;

  constructor(server: Endpoint, script: Script, records: ScriptRecord[]) {
    this.#server = server;
    this.#script = script;
    const heard = { connected: false, serverEnded: false, received: "" };
    this.#record = { startedAt: 0, sent: "", halfClosed: false, dropped: false, gone: false, ...heard };
    records.push(this.#record);
  }

  get isDone(): boolean {
    return this.#record.gone;
  }

  nextDeadline(): number | undefined {
    return this.#record.gone ? undefined : this.#record.startedAt + PATIENCE_MS;
  }

  handle(now: number, input: NodeInput): NodeOutput[] {
    const record = this.#record;
    const out: NodeOutput[] = [];
    switch (input.type) {
      case "start":
        record.startedAt = now;
        out.push({ type: "connect", connection: 0, to: this.#server });
        break;
      case "connected":
        record.connected = true;
        this.#schedule(out);
        break;
      case "bytes":
        record.received += Buffer.from(input.bytes).toString("latin1");
        break;
      case "end":
        record.serverEnded = true;
        if (this.#script.isPolite) this.#end(out);
        break;
      case "failed":
      case "closed":
        record.gone = true;
        break;
      case "tick":
        if (now >= record.startedAt + PATIENCE_MS) this.#drop(out);
        break;
      case "later":
        if (record.gone) break;
        if (input.token === "read") out.push({ type: "resume", connection: 0 });
        else this.#do(out);
        break;
      case "command":
        this.#command(input.command as { readonly type: string; readonly forMs: number }, out);
    }
    return out;
  }

  #command(command: { readonly type: string; readonly forMs: number }, out: NodeOutput[]): void {
    const record = this.#record;
    if (record.gone) return;
    if (command.type === "give-up") return this.#drop(out);
    if (!record.connected) return;
    out.push({ type: "pause", connection: 0 }, { type: "later", afterMs: command.forMs, token: "read" });
  }

  #schedule(out: NodeOutput[]): void {
    const step = this.#script.steps[this.#step];
    if (step !== undefined) out.push({ type: "later", afterMs: step.afterMs, token: "step" });
  }

  #do(out: NodeOutput[]): void {
    const step = this.#script.steps[this.#step++];
    if (step === undefined) return;
    const { does } = step;
    if (does.type === "end") this.#end(out);
    else if (does.type === "reset") this.#drop(out);
    else if (!this.#record.halfClosed) {
      this.#record.sent += does.text;
      out.push({ type: "write", connection: 0, bytes: Buffer.from(does.text, "latin1") });
    }
    this.#schedule(out);
  }

  #end(out: NodeOutput[]): void {
    if (this.#record.halfClosed) return;
    this.#record.halfClosed = true;
    out.push({ type: "end", connection: 0 });
  }

  #drop(out: NodeOutput[]): void {
    if (this.#record.gone) return;
    this.#record.gone = true;
    this.#record.dropped = true;
    out.push({ type: "reset", connection: 0 });
  }
}
