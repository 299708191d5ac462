/** When a checkpoint of a room is stored, and the stream purged of what nobody needs behind it (docs/broadcast.md B17). */
import type { LogRecord } from "./record.js";
import type { Replica } from "./replica.js";
import type { RoomStream } from "./stream.js";

/** So many records, or bytes of entries, a gateway reads at most when it opens a room, beside the checkpoint. */
const MOST_RECORDS = 1_000;
const MOST_BYTES = 8 * 2 ** 20;

export class CheckpointKeeper {
  readonly #stream: RoomStream;
  #place = 0;
  #records = 0;
  #bytes = 0;
  #isSaving = false;

  constructor(stream: RoomStream) {
    this.#stream = stream;
  }

  /** @param place of the newest checkpoint; 0: there is none */
  found(place: number): void {
    this.#place = place;
  }

  applied({ entriesBytes }: LogRecord): void {
    this.#records++;
    this.#bytes += entriesBytes;
  }

  /** To be called when this gateway has appended. */
  check(replica: Replica): void {
    if (this.#isSaving || (this.#records < MOST_RECORDS && this.#bytes < MOST_BYTES)) return;
    this.#isSaving = true;
    this.#records = 0;
    this.#bytes = 0;
    const asOf = replica.seq;
    const keep = replica.markOf(replica.state.firstRetained)?.seq ?? asOf;
    this.#save(replica.save(), Math.min(asOf, keep))
      .catch(() => {}) // the next one is stored instead
      .finally(() => {
        this.#isSaving = false;
      });
  }

  async #save(saved: string, keep: number): Promise<void> {
    const stored = await this.#stream.saveCheckpoint(saved, this.#place);
    if (stored === undefined) {
      // Another gateway's is newer.
      this.#place = (await this.#stream.checkpoint())?.place ?? 0;
      return;
    }
    this.#place = stored.place;
    await this.#stream.purge(Math.min(keep, stored.needs));
  }
}
