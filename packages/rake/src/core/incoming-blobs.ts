/** The inputs that a client brings for one action, and the credit for them (docs/rake.md R18, R21). */

import type { Bandwidth } from "./bandwidth.js";
import type { AckCode, Blob } from "./messages.js";
import type { ServerContext } from "./server-context.js";
import type { Upload, UploadOwner } from "./uploads.js";

export const FIRST_CREDIT_BYTES = 262_144;
/** What credit waits for before it is said: a client that waits has the rest of the first. */
const CREDIT_STEP_BYTES = 65_536;

export interface BlobListener {
  /** So many bytes more came, or are written away. */
  moved(bytes: number, now: number): void;
  /** One came to its end. */
  whole(digest: string, now: number): void;
  acknowledge(digest: string, code: AckCode, now: number): void;
  credit(bytes: number): void;
}

interface Incoming {
  readonly digest: string;
  readonly size: number;
  readonly begunAt: number;
  /** Bytes that came. */
  offset: number;
  /** Bytes of those for which there was credit again. */
  credited: number;
  /** Undefined: it was told that it cannot be kept, and what still comes is skipped. */
  upload: Upload | undefined;
}

export class IncomingBlobs implements UploadOwner {
  readonly #context: ServerContext;
  readonly #wanted: ReadonlyMap<string, number>;
  readonly #listener: BlobListener;
  readonly #bandwidth: Bandwidth;
  #credit = FIRST_CREDIT_BYTES;
  #unsaidCredit = 0;
  /** The one that has not come whole. */
  #current: Incoming | undefined;
  /** Those that have, and wait for what the store says. */
  readonly #whole = new Map<string, Incoming>();

  /** @param wanted sizes of what was quoted, by digest */
  constructor(
    context: ServerContext,
    wanted: ReadonlyMap<string, number>,
    listener: BlobListener,
    bandwidth: Bandwidth,
  ) {
    this.#context = context;
    this.#wanted = wanted;
    this.#listener = listener;
    this.#bandwidth = bandwidth;
  }

  /** Something came whole, and the store has not said what becomes of it. */
  get isStoring(): boolean {
    return this.#whole.size > 0;
  }

  /** Takes a piece; answers what is wrong with it (R15). */
  take(blob: Blob, now: number): string | undefined {
    const { digest, body } = blob;
    const size = this.#wanted.get(digest);
    if (size === undefined) return "a BLOB that was not quoted";
    if (size !== blob.size) return `a BLOB of ${blob.size} bytes, quoted with ${size}`;
    if (body.length === 0 && size > 0) return "a BLOB without a body";
    if (body.length > this.#credit) return `a BLOB of ${body.length} bytes with credit for ${this.#credit}`;
    let incoming = this.#current;
    if (incoming === undefined || (incoming.upload === undefined && blob.offset === 0)) {
      if (this.#whole.has(digest)) return "a BLOB again, before its ACK";
      if (blob.offset !== 0) return `a BLOB that begins at ${blob.offset}`;
      incoming = { digest, size, begunAt: now, offset: 0, credited: 0, upload: undefined };
      this.#current = incoming;
      this.#credit -= body.length;
      this.#open(incoming, now);
    } else {
      if (incoming.digest !== digest) return "a BLOB before the one before it is whole";
      if (incoming.offset !== blob.offset) return `a BLOB at ${blob.offset}, not at ${incoming.offset}`;
      this.#credit -= body.length;
    }
    this.#add(incoming, body);
    this.#listener.moved(body.length, now);
    if (incoming.offset === size) this.#listener.whole(digest, now);
    return undefined;
  }

  uploadTook(upload: Upload, bytes: number, now: number): void {
    const incoming = this.#of(upload);
    if (incoming === undefined) return;
    this.#creditFor(incoming, Math.min(bytes, incoming.offset - incoming.credited));
    this.#listener.moved(bytes, now);
  }

  uploadEnded(upload: Upload, code: AckCode, _digest: string, now: number): void {
    const incoming = this.#of(upload);
    if (incoming === undefined) return;
    incoming.upload = undefined;
    this.#whole.delete(incoming.digest);
    this.#creditFor(incoming, incoming.offset - incoming.credited);
    if (code === "OK") this.#bandwidth.measured(incoming.size, now - incoming.begunAt);
    this.#listener.acknowledge(incoming.digest, code, now);
  }

  /** Nothing of it is wanted any more. */
  drop(): void {
    for (const { upload } of [...this.#whole.values(), ...(this.#current === undefined ? [] : [this.#current])]) {
      if (upload !== undefined) this.#context.uploads.drop(upload);
    }
    this.#whole.clear();
    this.#current = undefined;
  }

  #open(incoming: Incoming, now: number): void {
    const { digest, size } = incoming;
    incoming.upload = this.#context.uploads.open(this, size, digest);
    if (incoming.upload === undefined) this.#listener.acknowledge(digest, "STORE_FULL", now);
  }

  #add(incoming: Incoming, body: Uint8Array): void {
    const { upload, size } = incoming;
    incoming.offset += body.length;
    if (upload === undefined) this.#creditFor(incoming, body.length);
    else this.#context.uploads.write(upload, body);
    if (incoming.offset < size) return;
    this.#current = undefined;
    if (upload === undefined) return;
    this.#whole.set(incoming.digest, incoming);
    this.#context.uploads.end(upload);
  }

  #of(upload: Upload): Incoming | undefined {
    if (this.#current?.upload === upload) return this.#current;
    return this.#whole.get(upload.digest ?? "");
  }

  #creditFor(incoming: Incoming, bytes: number): void {
    incoming.credited += bytes;
    this.#unsaidCredit += bytes;
    if (this.#unsaidCredit < CREDIT_STEP_BYTES) return;
    this.#credit += this.#unsaidCredit;
    this.#listener.credit(this.#unsaidCredit);
    this.#unsaidCredit = 0;
  }
}
