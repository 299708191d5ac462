/** One gateway's end of a shared log, as a server uses it: asks, and writes down what it hears, which must be without a hole. */
import { randomBytes } from "node:crypto";
import type { SharedAnswer, SharedEntry, SharedRequest } from "../../src/core/index.js";
import type { SharedLog } from "../../src/node/log.js";

type AnswerTo<Op extends SharedRequest["op"]> = Extract<SharedAnswer, { op: Op }>;

export const newId = (): string => randomBytes(16).toString("hex");

export interface Session {
  readonly clientId: string;
  readonly token: string;
  readonly owner: string;
  readonly member: number;
}

export class Gateway implements AsyncDisposable {
  readonly room: string;
  readonly #log: SharedLog;
  /** Number to entry. */
  readonly heard: Map<number, string> = new Map<number, string>();
  readonly lost: string[] = [];
  /** What it heard last. */
  head = 0;
  readonly #waiting = new Set<() => void>();
  readonly faults: string[] = [];

  constructor(log: SharedLog, room: string) {
    this.#log = log;
    this.room = room;
  }

  async start(freshEpoch?: number): Promise<AnswerTo<"open">> {
    await this.#log.start({
      entries: (room, first, entries) => this.#hear(room, first, entries),
      lost: (_, message) => {
        this.lost.push(message);
        this.#wake();
      },
    });
    return await this.open(freshEpoch);
  }

  async open(freshEpoch: number = Math.floor(Math.random() * 2 ** 50) + 1): Promise<AnswerTo<"open">> {
    const answer = (await this.ask({ op: "open", freshEpoch })) as AnswerTo<"open">;
    this.head = answer.head;
    return answer;
  }

  ask(request: SharedRequest): Promise<SharedAnswer> {
    return this.#log.ask(this.room, request);
  }

  async attach(name: string, known: Partial<Session> = {}): Promise<AnswerTo<"attach"> & Session> {
    const { clientId = newId(), token = "", owner = newId() } = known;
    const answer = await this.ask({ op: "attach", clientId, token, freshToken: newId(), name, owner });
    return { ...(answer as AnswerTo<"attach">), clientId, owner };
  }

  async publish(
    { clientId, owner, member }: Session,
    firstClientSeq: number,
    ...texts: string[]
  ): Promise<AnswerTo<"publish">> {
    const entries = texts.map((text) => ({ kind: "message" as const, bytes: Buffer.from(text) }));
    return (await this.ask({ op: "publish", clientId, owner, member, firstClientSeq, entries })) as AnswerTo<"publish">;
  }

  async leave({ clientId, owner }: Session): Promise<void> {
    await this.ask({ op: "leave", clientId, owner, reason: "left" });
  }

  async renew(graceMs: number, ...sessions: Session[]): Promise<readonly string[]> {
    const owners = sessions.map(({ owner }) => owner);
    return ((await this.ask({ op: "renew", owners, graceMs })) as AnswerTo<"renew">).lost;
  }

  async read(from: number, maxBytes = 65_536): Promise<AnswerTo<"read">> {
    return (await this.ask({ op: "read", from, maxBytes })) as AnswerTo<"read">;
  }

  /** Resolves when it has heard of the number. */
  async upTo(number: number): Promise<void> {
    while (this.head < number) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  async untilLost(): Promise<string> {
    while (this.lost.length === 0) await new Promise<void>((resolve) => this.#waiting.add(resolve));
    return this.lost.shift() as string;
  }

  forget(): void {
    this.#log.forget(this.room);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#log.close();
  }

  #hear(room: string, first: number, entries: readonly SharedEntry[]): void {
    if (room !== this.room || first !== this.head + 1 || entries.length === 0) {
      this.faults.push(`heard ${entries.length} from ${first} in ${room}, behind ${this.head}`);
    }
    for (const [index, entry] of entries.entries()) this.heard.set(first + index, lineOf(entry));
    this.head = first + entries.length - 1;
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

export function lineOf({ kind, member, clientSeq, bytes }: SharedEntry): string {
  const said = kind === "message" || kind === "join" ? Buffer.from(bytes).toString() : `${[...bytes]}`;
  return `${kind} ${member} ${clientSeq} ${said}`;
}
