/** A client of v2 that a test leads by the hand: it says what it is told to, and hears what comes. */
import { createHash } from "node:crypto";
import { connect, type Socket } from "node:net";
import { encode } from "../../src/core/codec.js";
import { decodeServerMessage } from "../../src/core/decode.js";
import type { Bid, ClientMessage, Execute, ServerMessage, Status } from "../../src/core/messages.js";

type Heard<Type extends ServerMessage["type"]> = Extract<ServerMessage, { type: Type }>;

const NONCE = new Uint8Array(32);
const CREDIT = 2 ** 40;
const FIRST_CREDIT = 262_144;

export class RawClient {
  readonly heard: ServerMessage[] = [];
  readonly socket: Socket;
  isClosed = false;
  /** What came of outputs, by path, and of both streams; kept as counts alone where `keeps` is false. */
  readonly bodies: Map<string, { bytes: number; digest: ReturnType<typeof createHash>; text: string }> = new Map();
  readonly #waiting = new Set<() => void>();
  #rest: Buffer = Buffer.alloc(0);
  /** What may still be sent for an action (R18). */
  readonly #credit = new Map<number, number>();
  #lastAction = 0;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (bytes: Buffer) => this.#take(bytes));
    socket.on("error", () => {});
    socket.on("close", () => {
      this.isClosed = true;
      this.#wake();
    });
  }

  /** Comes to a WELCOME where the server asks for no secret. */
  static async connect(port: number): Promise<RawClient> {
    const client = new RawClient(connect(port, "127.0.0.1"));
    client.say({ type: "HELLO", version: 2, features: 0, nonce: NONCE });
    await client.hear("CHALLENGE");
    client.say({ type: "AUTH", mac: NONCE });
    await client.hear("WELCOME");
    return client;
  }

  say(message: ClientMessage): boolean {
    return this.socket.write(encode(message));
  }

  /** The first of its kind, past or future. Rejects when the connection ends before. */
  async hear<Type extends ServerMessage["type"]>(
    type: Type,
    accept: (message: Heard<Type>) => boolean = () => true,
  ): Promise<Heard<Type>> {
    for (let next = 0; ; ) {
      for (; next < this.heard.length; next++) {
        const message = this.heard[next] as ServerMessage;
        if (message.type === type && accept(message as Heard<Type>)) return message as Heard<Type>;
      }
      if (this.isClosed) throw new Error(`the connection ended before ${type}: ${JSON.stringify(this.heard.at(-1))}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  async quote(command: string, inputs: Readonly<Record<string, Uint8Array>> = {}): Promise<Bid> {
    const actionId = ++this.#lastAction;
    const needed = Object.values(inputs).map((bytes) => ({ digest: digestOf(bytes), size: bytes.length }));
    this.say({ type: "QUOTE", actionId, kind: "k", command, workMs: 1, inputs: needed, resources: [] });
    return await Promise.race([
      this.hear("BID", (bid) => bid.actionId === actionId),
      this.hear("REFUSE", (one) => one.actionId === actionId).then(({ reason, text }) => {
        throw new Error(`refused: ${reason} ${text}`);
      }),
    ]);
  }

  /** Quote, uploads and EXECUTE; resolves with the action's id. */
  async begin(
    command: string,
    inputs: Readonly<Record<string, Uint8Array>> = {},
    more: Partial<Execute> = {},
  ): Promise<number> {
    const { actionId, reservation, missing } = await this.quote(command, inputs);
    for (const digest of missing) {
      const body = Object.values(inputs).find((bytes) => digestOf(bytes) === digest) as Uint8Array;
      for (let offset = 0; offset < Math.max(1, body.length); offset += 65_536) {
        const piece = body.subarray(offset, offset + 65_536);
        const last = offset + piece.length === body.length;
        await this.#spend(actionId, piece.length);
        this.say({ type: "BLOB", actionId, digest, size: body.length, offset, last, body: piece });
      }
      await this.hear("ACK", (ack) => ack.actionId === actionId && ack.digest === digest);
    }
    const placed = Object.entries(inputs).map(([path, bytes]) => ({ path, digest: digestOf(bytes), mode: 0o644 }));
    this.say({ type: "EXECUTE", actionId, reservation, command, timeoutMs: 0, inputs: placed, outputs: [], ...more });
    this.say({ type: "CREDIT", actionId, bytes: CREDIT });
    return actionId;
  }

  /** To DONE. */
  async run(
    command: string,
    inputs: Readonly<Record<string, Uint8Array>> = {},
    more: Partial<Execute> = {},
  ): Promise<Status> {
    const actionId = await this.begin(command, inputs, more);
    await this.hear("DONE", (done) => done.actionId === actionId);
    return await this.hear("STATUS", (status) => status.actionId === actionId);
  }

  async #spend(actionId: number, bytes: number): Promise<void> {
    while ((this.#credit.get(actionId) ?? FIRST_CREDIT) < bytes) {
      if (this.isClosed) throw new Error("the connection ended before there was credit");
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
    this.#credit.set(actionId, (this.#credit.get(actionId) ?? FIRST_CREDIT) - bytes);
  }

  #take(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    for (;;) {
      if (this.#rest.length < 8) break;
      const length = Number(this.#rest.readBigUInt64BE(0));
      if (this.#rest.length < 8 + length) break;
      const message = decodeServerMessage(this.#rest.subarray(8, 8 + length));
      this.#rest = this.#rest.subarray(8 + length);
      if (message !== undefined) this.#note(message);
    }
    this.#wake();
  }

  #note(message: ServerMessage): void {
    if (message.type === "PING") this.say({ type: "PONG", nonce: message.nonce });
    if (message.type === "CREDIT") {
      const { actionId, bytes } = message;
      this.#credit.set(actionId, (this.#credit.get(actionId) ?? FIRST_CREDIT) + bytes);
      return;
    }
    const isBody = message.type === "STDOUT" || message.type === "STDERR" || message.type === "OUTPUT";
    if (!isBody) {
      this.heard.push(message);
      return;
    }
    const name = message.type === "OUTPUT" ? message.path : message.type;
    const body = this.bodies.get(name) ?? { bytes: 0, digest: createHash("sha256"), text: "" };
    body.bytes += message.body.length;
    body.digest.update(message.body);
    if (body.text.length < 100_000) body.text += Buffer.from(message.body).toString("latin1");
    this.bodies.set(name, body);
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

export function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
