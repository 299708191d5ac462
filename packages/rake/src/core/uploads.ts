/** Files that come from clients into the store, piece after piece (docs/rake.md R21, R46). */

import type { AckCode } from "./messages.js";
import type { ServerOutbox } from "./server-outbox.js";
import type { StoreIndex } from "./store-index.js";

/** Who is told what becomes of it. */
export interface UploadOwner {
  /** So many bytes of it are written away. */
  uploadTook(upload: Upload, bytes: number, now: number): void;
  /** It stands in the store under this digest (OK), or does not. Nothing more comes of it. */
  uploadEnded(upload: Upload, code: AckCode, digest: string, now: number): void;
}

export interface Upload {
  readonly id: number;
  readonly size: number;
  /** Undefined: any (v1). */
  readonly digest: string | undefined;
  /** Undefined: nobody cares any more. */
  owner: UploadOwner | undefined;
  /** All was given to the driver, which answers once. */
  isWhole: boolean;
}

export class Uploads {
  readonly #uploads = new Map<number, Upload>();
  readonly #out: ServerOutbox;
  readonly #store: StoreIndex;
  readonly #newId: () => number;

  constructor(out: ServerOutbox, store: StoreIndex, newId: () => number) {
    this.#out = out;
    this.#store = store;
    this.#newId = newId;
  }

  get count(): number {
    return this.#uploads.size;
  }

  /** Undefined where the store has no room for it. */
  open(owner: UploadOwner, size: number, digest: string | undefined): Upload | undefined {
    if (!this.#store.promise(size)) return undefined;
    const upload: Upload = { id: this.#newId(), size, digest, owner, isWhole: false };
    this.#uploads.set(upload.id, upload);
    this.#out.push({
      type: "openUpload",
      upload: upload.id,
      size,
      ...(digest === undefined ? undefined : { digest }),
    });
    return upload;
  }

  write(upload: Upload, bytes: Uint8Array): void {
    if (bytes.length > 0) this.#out.push({ type: "writeUpload", upload: upload.id, bytes });
  }

  /** All of it was written. */
  end(upload: Upload): void {
    upload.isWhole = true;
    if (upload.digest !== undefined) this.#store.arriving(upload.digest);
    this.#out.push({ type: "endUpload", upload: upload.id });
  }

  /** Nobody wants it any more. What was given as a whole may stand in the store already: its answer is awaited. */
  drop(upload: Upload): void {
    upload.owner = undefined;
    if (upload.isWhole || !this.#uploads.delete(upload.id)) return;
    this.#store.giveBack(upload.size);
    this.#out.push({ type: "dropUpload", upload: upload.id });
  }

  took(id: number, bytes: number, now: number): void {
    const upload = this.#uploads.get(id);
    upload?.owner?.uploadTook(upload, bytes, now);
  }

  uploaded(id: number, digest: string, now: number): void {
    const upload = this.#uploads.get(id);
    if (upload === undefined || !upload.isWhole) return;
    this.#close(upload);
    const isWanted = upload.digest === undefined || upload.digest === digest;
    if (isWanted) {
      this.#store.add(digest, upload.size);
      this.#out.event({ type: "stored", digest, size: upload.size });
    }
    upload.owner?.uploadEnded(upload, isWanted ? "OK" : "WRONG_DIGEST", digest, now);
  }

  failed(id: number, diskFull: boolean, now: number): void {
    const upload = this.#uploads.get(id);
    if (upload === undefined) return;
    this.#close(upload);
    upload.owner?.uploadEnded(upload, diskFull ? "STORE_FULL" : "FAILED", upload.digest ?? "", now);
  }

  #close(upload: Upload): void {
    this.#uploads.delete(upload.id);
    this.#store.giveBack(upload.size);
    if (upload.isWhole && upload.digest !== undefined) this.#store.arrived(upload.digest);
  }
}
