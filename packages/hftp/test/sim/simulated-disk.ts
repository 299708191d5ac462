/** The client's disk: the files beside which a download is written, and what a power cut leaves of them. */
import type { DownloadInput, DownloadOutput } from "../../src/core/index.js";
import { plainDigest } from "../client/plain-digest.js";

/** What a Download wants done with files. */
export type FileEffect = Extract<DownloadOutput, { readonly id: number; readonly connection?: never }>;

interface Unsynced {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export class SimulatedDisk {
  /** The `.part` file, as who reads it sees it. */
  part: Uint8Array | undefined;
  /** The state file. */
  state: string | undefined;
  /** What stands under the final name. */
  final: Uint8Array | undefined;
  /** The `.part` file as it is on the disk, and what is on its way there: a power cut keeps of that what it likes. */
  #synced: Uint8Array = new Uint8Array(0);
  #unsynced: Unsynced[] = [];

  /** The power comes back: each write that nobody waited for is there, or is not. */
  powerUp(isKept: () => boolean): void {
    if (this.part === undefined) return;
    let part = this.#synced;
    for (const { offset, bytes } of this.#unsynced) if (isKept()) part = overwritten(part, offset, bytes);
    this.part = part;
    this.#sync();
  }

  /** Does one effect, whole. A crash finds it done or not begun. */
  perform(effect: FileEffect): DownloadInput {
    const { id } = effect;
    switch (effect.type) {
      case "inspect":
        return { type: "inspected", id, exists: this.final !== undefined, ...this.#leftover() };
      case "createPart":
        this.state = undefined;
        this.part = new Uint8Array(0);
        this.#sync();
        break;
      case "write": {
        const bytes = Buffer.concat(effect.chunks);
        this.#unsynced.push({ offset: effect.offset, bytes });
        this.part = overwritten(this.part ?? new Uint8Array(0), effect.offset, bytes);
        break;
      }
      case "readPart":
        return {
          type: "read",
          id,
          bytes: (this.part ?? new Uint8Array(0)).slice(effect.offset, effect.offset + effect.length),
        };
      case "saveState":
        this.#sync();
        this.state = effect.text;
        break;
      case "digest": {
        const bytes = this.part ?? new Uint8Array(0);
        return { type: "digested", id, sha256: plainDigest(bytes), bytes: bytes.length };
      }
      case "publish":
        if (this.final !== undefined && !effect.overwrite) return { type: "taken", id };
        this.final = this.part;
        this.part = undefined;
        this.state = undefined;
        break;
      case "closePart":
        if (effect.keep) break;
        this.part = undefined;
        this.state = undefined;
        break;
    }
    return { type: "done", id };
  }

  #leftover(): Pick<Extract<DownloadInput, { readonly type: "inspected" }>, "part"> {
    if (this.part === undefined) return {};
    const state = this.state === undefined ? {} : { state: this.state };
    return { part: { bytes: this.part.length, ...state } };
  }

  #sync(): void {
    this.#synced = this.part ?? new Uint8Array(0);
    this.#unsynced = [];
  }
}

function overwritten(file: Uint8Array, offset: number, bytes: Uint8Array): Uint8Array {
  const grown = new Uint8Array(Math.max(file.length, offset + bytes.length));
  grown.set(file);
  grown.set(bytes, offset);
  return grown;
}
