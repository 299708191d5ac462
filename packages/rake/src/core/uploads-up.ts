/** The missing inputs of an attempt, on their way to its host (docs/rake.md R18, R21, R34). */

import { type BuildContext, NEVER } from "./build-context.js";
import type { Host } from "./host.js";
import { bad } from "./host-link.js";
import type { HashedInput } from "./input-table.js";
import { MAX_BODY_BYTES } from "./message-limits.js";
import type { Ack } from "./messages.js";

/** What the sender of bodies may send before the first CREDIT (R18). */
export const FIRST_CREDIT_BYTES = 262_144;

/** Who brings which digest to a host: one upload, the others wait for it. */
export class SharedUploads {
  readonly #owners = new Map<string, Upload>();
  readonly #waiting = new Map<string, Set<Upload>>();

  /** Whether it is to bring it itself; if not it is told by `came` or `yours`. */
  claim(digest: string, upload: Upload): boolean {
    if (!this.#owners.has(digest)) {
      this.#owners.set(digest, upload);
      return true;
    }
    const waiting = this.#waiting.get(digest) ?? new Set();
    this.#waiting.set(digest, waiting.add(upload));
    return false;
  }

  /** It is in the host's store now. */
  came(digest: string): void {
    const waiting = this.#waiting.get(digest) ?? [];
    this.#owners.delete(digest);
    this.#waiting.delete(digest);
    for (const upload of waiting) upload.came(digest);
  }

  /** It brings nothing any more: the next one of those that wait does. */
  drop(upload: Upload): void {
    for (const waiting of this.#waiting.values()) waiting.delete(upload);
    for (const [digest, owner] of [...this.#owners]) {
      if (owner !== upload) continue;
      const [next] = this.#waiting.get(digest) ?? [];
      if (next === undefined) {
        this.#owners.delete(digest);
        this.#waiting.delete(digest);
        continue;
      }
      this.#waiting.get(digest)?.delete(next);
      this.#owners.set(digest, next);
      next.yours(digest);
    }
  }

  clear(): void {
    this.#owners.clear();
    this.#waiting.clear();
  }
}

export interface UploadListener {
  /** All that was missing is there. */
  uploaded(): void;
  /** An input is not what was hashed, or cannot be read. */
  changed(path: string, message: string): void;
}

interface Sending {
  readonly input: HashedInput;
  offset: number;
}

export class Upload {
  /** Bytes that went out. */
  sentBytes = 0;
  /** It has waited for what another attempt brings. */
  hasWaited = false;
  startedAt = 0;
  readonly #context: BuildContext;
  readonly #host: Host;
  readonly #actionId: number;
  readonly #inputs: ReadonlyMap<string, HashedInput>;
  readonly #listener: UploadListener;
  readonly #queue: HashedInput[] = [];
  /** Sent whole, not acknowledged. */
  readonly #unacknowledged = new Set<string>();
  /** Brought by others. */
  readonly #awaited = new Set<string>();
  #credit = FIRST_CREDIT_BYTES;
  #sending: Sending | undefined;
  #reading: { readonly id: number; readonly by: number; readonly maxBytes: number } | undefined;
  #progressAt = 0;
  #isActive = false;

  constructor(
    context: BuildContext,
    host: Host,
    actionId: number,
    inputs: ReadonlyMap<string, HashedInput>,
    listener: UploadListener,
  ) {
    this.#context = context;
    this.#host = host;
    this.#actionId = actionId;
    this.#inputs = inputs;
    this.#listener = listener;
  }

  /** Each of the digests is one of the inputs. */
  start(digests: Iterable<string>): void {
    this.startedAt = this.#context.now;
    this.#progressAt = this.#context.now;
    this.#isActive = true;
    for (const digest of new Set(digests)) {
      if (this.#host.uploads.claim(digest, this)) this.#queue.push(this.#inputs.get(digest) as HashedInput);
      else this.#awaited.add(digest);
    }
    if (this.#awaited.size > 0) this.hasWaited = true;
    this.pump();
  }

  /** Gives up what it brings; harmless where it is over. */
  stop(): void {
    if (!this.#isActive) return;
    this.#isActive = false;
    if (this.#reading !== undefined) this.#context.reads.delete(this.#reading.id);
    this.#reading = undefined;
    this.#host.uploads.drop(this);
  }

  came(digest: string): void {
    this.#awaited.delete(digest);
    this.pump();
  }

  yours(digest: string): void {
    this.#awaited.delete(digest);
    this.#progressAt = this.#context.now;
    this.#queue.push(this.#inputs.get(digest) as HashedInput);
    this.pump();
  }

  credit(bytes: number): void {
    this.#credit += bytes;
    if (this.#credit + this.sentBytes > Number.MAX_SAFE_INTEGER) throw bad("credit above 2^53-1");
    this.pump();
  }

  /** One that says OK. */
  acknowledged({ digest }: Ack): void {
    if (!this.#unacknowledged.delete(digest)) throw bad("an ACK of what was not sent");
    this.#progressAt = this.#context.now;
    this.#host.uploads.came(digest);
    this.pump();
  }

  isUnacknowledged(digest: string): boolean {
    return this.#unacknowledged.has(digest) || this.#sending?.input.digest === digest;
  }

  read(id: number, bytes: Uint8Array): void {
    const reading = this.#reading;
    if (reading === undefined || reading.id !== id || this.#sending === undefined) return;
    this.#reading = undefined;
    const { input, offset } = this.#sending;
    if (bytes.length === 0 || bytes.length > reading.maxBytes)
      return this.#listener.changed(input.path, "it has changed");
    this.#blob(input, offset, bytes);
    this.pump();
  }

  unreadable(id: number, message: string): void {
    if (this.#reading?.id !== id || this.#sending === undefined) return;
    this.#reading = undefined;
    this.#listener.changed(this.#sending.input.path, message);
  }

  /** Goes on as far as link and credit let it. */
  pump(): void {
    while (this.#isActive && this.#reading === undefined && this.#host.link?.isFull === false) {
      this.#sending ??= this.#next();
      if (this.#sending === undefined) break;
      const { input, offset } = this.#sending;
      if (input.size === 0) {
        this.#blob(input, 0, new Uint8Array(0));
        continue;
      }
      const maxBytes = Math.min(MAX_BODY_BYTES, input.size - offset);
      if (maxBytes > this.#credit) return;
      const id = this.#context.draw();
      this.#reading = { id, by: this.#context.now + this.#context.settings.effectMs, maxBytes };
      this.#context.reads.set(id, this);
      this.#context.do({ type: "readInput", id, path: input.path, offset, maxBytes });
    }
    const isOver =
      this.#sending === undefined && this.#queue.length + this.#unacknowledged.size + this.#awaited.size === 0;
    if (!this.#isActive || !isOver) return;
    this.#isActive = false;
    this.#listener.uploaded();
  }

  /** Whether the host has let it stand still for too long. */
  get isOverdue(): boolean {
    return (
      this.#isActive && this.#waitsForHost && this.#context.now >= this.#progressAt + this.#context.settings.stallMs
    );
  }

  tick(): void {
    if (this.#reading !== undefined && this.#context.now >= this.#reading.by) {
      this.#context.reads.delete(this.#reading.id);
      this.unreadable(this.#reading.id, "it was not read in time");
    }
  }

  nextDeadline(): number {
    if (!this.#isActive) return NEVER;
    if (this.#reading !== undefined) return this.#reading.by;
    return this.#waitsForHost ? this.#progressAt + this.#context.settings.stallMs : NEVER;
  }

  get #waitsForHost(): boolean {
    if (this.#reading !== undefined) return false;
    return this.#sending !== undefined || this.#queue.length > 0 || this.#unacknowledged.size > 0;
  }

  #next(): Sending | undefined {
    const input = this.#queue.shift();
    return input === undefined ? undefined : { input, offset: 0 };
  }

  #blob({ digest, size }: HashedInput, offset: number, body: Uint8Array): void {
    const last = offset + body.length === size;
    this.#host.say({ type: "BLOB", actionId: this.#actionId, digest, size, offset, last, body });
    this.#credit -= body.length;
    this.sentBytes += body.length;
    this.#progressAt = this.#context.now;
    if (last) {
      this.#sending = undefined;
      this.#unacknowledged.add(digest);
    } else if (this.#sending !== undefined) {
      this.#sending.offset += body.length;
    }
  }
}
