/** The files that a client of v1 sends before its command (docs/rake.md R9, R11). */

import type { AckCode } from "./messages.js";
import type { Pins } from "./pins.js";
import type { ServerContext } from "./server-context.js";
import type { Job } from "./server-contract.js";
import type { Upload, UploadOwner } from "./uploads.js";

/** v1 has no credit: beyond so many bytes that are not written away its client is not read from ... */
const MOST_UNWRITTEN_BYTES = 262_144;
/** ... until there are no more than these. */
const RESUME_BYTES = 65_536;
/** v1 brings no modes; what it brings may be a program. */
const MODE = 0o755;

export interface V1InputListener {
  moved(now: number): void;
  /** One more stands in the store. */
  stored(now: number): void;
  refused(why: string): void;
}

export class V1Inputs implements UploadOwner {
  readonly #context: ServerContext;
  readonly #connection: number;
  readonly #pins: Pins;
  readonly #listener: V1InputListener;
  readonly #placed = new Map<string, Job["inputs"][number]>();
  /** Names of those that are coming, or wait for what the store says, and how much of each is not written away. */
  readonly #coming = new Map<Upload, { readonly name: string; unwritten: number }>();
  readonly #names = new Set<string>();
  #current: Upload | undefined;
  #unwritten = 0;
  #isPaused = false;

  constructor(context: ServerContext, connection: number, pins: Pins, listener: V1InputListener) {
    this.#context = context;
    this.#connection = connection;
    this.#pins = pins;
    this.#listener = listener;
  }

  get areStoring(): boolean {
    return this.#coming.size > 0;
  }

  get placed(): Job["inputs"] {
    return [...this.#placed.values()];
  }

  begin(name: string, size: number): void {
    if (this.#names.has(name)) return this.#listener.refused(`two files of the name "${name}"`);
    if (this.#names.size >= this.#context.settings.maxInputs) return this.#listener.refused("too many files");
    this.#names.add(name);
    this.#current = this.#context.uploads.open(this, size, undefined);
    if (this.#current === undefined) return this.#listener.refused("the store is full");
    this.#coming.set(this.#current, { name, unwritten: 0 });
  }

  write(bytes: Uint8Array): void {
    const coming = this.#current === undefined ? undefined : this.#coming.get(this.#current);
    if (this.#current === undefined || coming === undefined) return;
    this.#context.uploads.write(this.#current, bytes);
    coming.unwritten += bytes.length;
    this.#unwritten += bytes.length;
    this.#pause(this.#unwritten > MOST_UNWRITTEN_BYTES);
  }

  end(): void {
    if (this.#current !== undefined) this.#context.uploads.end(this.#current);
    this.#current = undefined;
  }

  uploadTook(upload: Upload, bytes: number, now: number): void {
    const coming = this.#coming.get(upload);
    if (coming === undefined) return;
    const taken = Math.min(bytes, coming.unwritten);
    coming.unwritten -= taken;
    this.#wrote(taken);
    this.#listener.moved(now);
  }

  uploadEnded(upload: Upload, code: AckCode, digest: string, now: number): void {
    const coming = this.#coming.get(upload);
    if (coming === undefined) return;
    this.#coming.delete(upload);
    if (code !== "OK") return this.#listener.refused(`the file "${coming.name}" cannot be kept: ${code}`);
    this.#wrote(coming.unwritten);
    this.#pins.add(digest);
    this.#placed.set(coming.name, { path: coming.name, digest, mode: MODE });
    this.#listener.stored(now);
  }

  /** Nothing of it is wanted any more. */
  drop(): void {
    for (const upload of this.#coming.keys()) this.#context.uploads.drop(upload);
    this.#coming.clear();
    this.#current = undefined;
  }

  #wrote(bytes: number): void {
    this.#unwritten -= bytes;
    if (this.#unwritten <= RESUME_BYTES) this.#pause(false);
  }

  #pause(isPaused: boolean): void {
    if (this.#isPaused === isPaused) return;
    this.#isPaused = isPaused;
    this.#context.out.push({ type: isPaused ? "pause" : "resume", connection: this.#connection });
  }
}
