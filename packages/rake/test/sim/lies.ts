/**
 * Servers that lie: what an honest machine says, changed. A false exit code, a false signal, or other outputs with their true digests
 * are not among them: nobody could tell without running the action again.
 */
import type { Random } from "@lab/simnet";
import type { ServerMessage } from "../../src/core/index.js";
import { digestOf } from "./files.js";

export const LIES = [
  "another digest",
  "other bytes",
  "too many bytes",
  "path traversal",
  "no reservation",
  "mute",
  "only heartbeats",
  "garbage",
  "DONE before the outputs",
  "no outputs",
  "of another action",
  "no STATUS",
  "STATUS twice",
  "DONE twice",
  "STARTED twice",
  "flood",
  "another offset",
  "a hole in stdout",
  "cheap and mute",
  "always busy",
  "never allowed",
  "always MISSING",
  "misses what is no input",
  "refuses inputs",
  "big promises",
  "EXPIRED too late",
  "FAILED",
  "outputs twice",
] as const;

export type LieKind = (typeof LIES)[number];

export interface PlannedLie {
  readonly kind: LieKind;
  /** Of what it could lie about: every message (1), or this share of them. */
  readonly share: number;
}

type Said = readonly (ServerMessage | Uint8Array)[];

const PATHS = ["../escaped", "/etc/escaped", "a/../../escaped", "a\\..\\escaped", "./escaped", "a//escaped", "x\0y"];
const FLOOD_BYTES = 65_536;
const FLOODS = 6;

export class Liar {
  readonly lie: PlannedLie;
  lies = 0;
  readonly #random: Random;
  #isMute = false;
  /** By connection and action: outputs that were kept from it, and patterns. */
  readonly #dropped = new Map<string, number>();
  /** Whom what belongs to others is said of. Of itself nothing is kept back: two that are exchanged whole, nobody could tell apart. */
  #victim: number | undefined;

  constructor(lie: PlannedLie, random: Random) {
    this.lie = lie;
    this.#random = random;
  }

  says(_now: number, connection: number, message: ServerMessage): Said {
    if (this.#isMute && (this.lie.kind !== "only heartbeats" || !isHeartbeat(message))) return [];
    const said = this.#lie(`${connection}`, message);
    if (said === undefined) return [message];
    this.lies++;
    return said;
  }

  #lies(): boolean {
    return this.#random.chance(this.lie.share);
  }

  /** Undefined: the truth. */
  #lie(connection: string, message: ServerMessage): Said | undefined {
    switch (this.lie.kind) {
      case "another digest":
        if (message.type !== "OUTPUT" || (message.offset > 0 && !this.#dropped.has(keyOf(connection, message)))) return;
        if (message.offset === 0 && !this.#lies()) return void this.#dropped.delete(keyOf(connection, message));
        this.#dropped.set(keyOf(connection, message), 1);
        return [{ ...message, digest: digestOf(new TextEncoder().encode(message.digest)) }];
      case "other bytes":
        if (message.type !== "OUTPUT" || message.body.length === 0 || !this.#lies()) return;
        return [{ ...message, body: message.body.map((byte, at) => (at === 0 ? byte ^ 1 : byte)) }];
      case "too many bytes":
        if (message.type !== "OUTPUT" || !message.last || !this.#lies()) return;
        return this.#random.chance(0.5)
          ? [message, { ...message, offset: message.size, body: new Uint8Array(9) }]
          : [{ ...message, body: new Uint8Array([...message.body, 1, 2, 3]) }];
      case "path traversal":
        if (message.type !== "OUTPUT" || !this.#lies()) return;
        return [{ ...message, path: PATHS[this.#random.integer(0, PATHS.length - 1)] as string }];
      case "no reservation":
        if (message.type !== "BID" || !this.#lies()) return;
        return [{ ...message, reservation: message.reservation + 100_000 }];
      case "mute":
      case "only heartbeats":
        if (!("actionId" in message) || !this.#lies()) return;
        this.#isMute = true;
        return [];
      case "cheap and mute":
        if (message.type !== "BID") return "actionId" in message ? [] : undefined;
        return [{ ...message, costMs: 0, queueMs: 0, runMs: 0, transferMs: 0, chargeMs: 0, missing: [] }];
      case "garbage":
        if (!this.#lies()) return;
        return [message, Uint8Array.from({ length: this.#random.integer(1, 60) }, () => this.#random.integer(0, 255))];
      case "DONE before the outputs":
      case "no outputs":
        return this.#withoutOutputs(connection, message);
      case "of another action": {
        const mayBe = message.type === "OUTPUT" || message.type === "STDOUT" || message.type === "STATUS";
        if (message.type === "STARTED") this.#victim ??= message.actionId;
        if (message.type === "DONE" && message.actionId === this.#victim) this.#victim = undefined;
        if (!mayBe || this.#victim === undefined || this.#victim === message.actionId || !this.#lies()) return;
        return [{ ...message, actionId: this.#victim }];
      }
      case "no STATUS":
        return message.type === "STATUS" && this.#lies() ? [] : undefined;
      case "STATUS twice":
        return message.type === "STATUS" && this.#lies() ? [message, message] : undefined;
      case "DONE twice":
        return message.type === "DONE" && this.#lies() ? [message, message] : undefined;
      case "STARTED twice":
        return message.type === "STARTED" && this.#lies() ? [message, message] : undefined;
      case "EXPIRED too late":
        if (message.type !== "STARTED" || !this.#lies()) return;
        return [message, { type: "EXPIRED", actionId: message.actionId, reservation: 1 }];
      case "flood": {
        if (message.type !== "STARTED" || !this.#lies()) return;
        const { actionId } = message;
        const floods = Array.from({ length: FLOODS }, (_, index): ServerMessage => {
          return { type: "STDERR", actionId, offset: index * FLOOD_BYTES, body: new Uint8Array(FLOOD_BYTES) };
        });
        return [message, ...floods];
      }
      case "another offset":
        if ((message.type !== "STDOUT" && message.type !== "OUTPUT") || !this.#lies()) return;
        return [{ ...message, offset: message.offset + 1 }];
      case "a hole in stdout":
        return message.type === "STDOUT" && this.#lies() ? [] : undefined;
      case "always busy":
        if (message.type !== "BID") return;
        return [refusal(message.actionId, "BUSY", this.#random.chance(0.5) ? 0 : 2 ** 50)];
      case "never allowed":
        return message.type === "BID" ? [refusal(message.actionId, "NOT_ALLOWED", 0)] : undefined;
      case "always MISSING":
        if (message.type !== "STARTED" || !this.#lies()) return;
        return [{ type: "MISSING", actionId: message.actionId, digests: ["0".repeat(64)] }];
      case "misses what is no input":
        if (message.type !== "BID" || !this.#lies()) return;
        return [{ ...message, missing: ["f".repeat(64)] }];
      case "refuses inputs":
        if (message.type !== "ACK" || !this.#lies()) return;
        return [{ ...message, code: this.#random.chance(0.5) ? "WRONG_DIGEST" : "STORE_FULL" }];
      case "big promises":
        if (message.type !== "WELCOME") return;
        return [{ ...message, slots: 65_536, speed: 1_000_000, cores: 65_536, maxActionMs: 2 ** 50, heartbeatMs: 1 }];
      case "FAILED":
        if (message.type !== "STATUS" || !this.#lies()) return;
        return [{ ...message, end: "FAILED", code: 0, text: "not today" }];
      case "outputs twice":
        return message.type === "OUTPUT" && message.last && this.#lies() ? [message, message] : undefined;
    }
  }

  /** Some are kept from the client: DONE names them all, or none of an action that said which there must be. */
  #withoutOutputs(connection: string, message: ServerMessage): Said | undefined {
    const key = "actionId" in message ? `${connection} ${message.actionId}` : "";
    if (message.type === "OUTPUT") {
      this.#dropped.set(key, (this.#dropped.get(key) ?? 0) + (message.last ? 1 : 0));
      return [];
    }
    if (message.type !== "DONE" || !this.#dropped.has(key) || this.lie.kind !== "no outputs") return;
    return [{ ...message, outputs: 0 }];
  }
}

function keyOf(connection: string, { actionId, path }: { readonly actionId: number; readonly path: string }): string {
  return `${connection} ${actionId} ${path}`;
}

function isHeartbeat({ type }: ServerMessage): boolean {
  return type === "PING" || type === "PONG";
}

function refusal(actionId: number, reason: "BUSY" | "NOT_ALLOWED", retryAfterMs: number): ServerMessage {
  return { type: "REFUSE", actionId, reason, retryAfterMs, text: "no" };
}
