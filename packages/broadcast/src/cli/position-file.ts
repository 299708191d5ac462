/** `--position FILE`: where a member stands in a room, kept across runs (docs/broadcast.md B37). */
import { closeSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import type { Position } from "../core/client-contract.js";
import { BroadcastError } from "../core/errors.js";
import { usageError } from "./exit-codes.js";

const HEX = /^[0-9a-f]{32}$/;

export class PositionFile {
  readonly #path: string;
  readonly #room: string;

  constructor(path: string, room: string) {
    this.#path = path;
    this.#room = room;
  }

  /** Undefined where there is no such file. @throws BroadcastError `USAGE` for one of another room, or that is no position */
  load(): Position | undefined {
    let text: string;
    try {
      text = readFileSync(this.#path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw usageError(`--position: cannot read ${this.#path}: ${(error as Error).message}`, error);
    }
    const { room, clientId, token, epoch, last } = this.#parse(text);
    const isPosition =
      typeof clientId === "string" &&
      HEX.test(clientId) &&
      typeof token === "string" &&
      HEX.test(token) &&
      isNumber(epoch, 1) &&
      isNumber(last, 0);
    if (!isPosition) throw this.#wrong();
    if (room === this.#room) return { clientId, token, epoch, last };
    throw usageError(`--position: ${this.#path} is of the room ${String(room)}, not of ${this.#room}`);
  }

  /** Whether it can be kept there, asked before anything is said. @throws BroadcastError `USAGE` where it cannot */
  check(): void {
    try {
      closeSync(openSync(this.#next, "w", 0o600));
      rmSync(this.#next);
    } catch (error) {
      throw usageError(this.#unwritable(error), error);
    }
  }

  /**
   * The file is as it was, or as it is to be, whenever the process ends. It has the token, so it is for the owner alone.
   * @throws BroadcastError `POSITION` where it cannot be written
   */
  save(position: Position): void {
    try {
      writeFileSync(this.#next, `${JSON.stringify({ room: this.#room, ...position })}\n`, { mode: 0o600 });
      renameSync(this.#next, this.#path);
    } catch (error) {
      throw new BroadcastError("POSITION", this.#unwritable(error), { cause: error });
    }
  }

  get #next(): string {
    return `${this.#path}.next`;
  }

  #unwritable(error: unknown): string {
    return `--position: cannot write ${this.#path}: ${(error as Error).message}`;
  }

  #parse(text: string): Readonly<Record<string, unknown>> {
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value === "object" && value !== null) return value as Readonly<Record<string, unknown>>;
    } catch {
      // said below
    }
    throw this.#wrong();
  }

  #wrong(): Error {
    return usageError(`--position: ${this.#path} has no position; without the file the member begins anew`);
  }
}

function isNumber(value: unknown, min: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= min;
}
