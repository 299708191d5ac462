/** Follows the records of a room by an ordered consumer, which its library makes anew where it was cut (docs/broadcast.md B38). */
import type { ConsumerMessages, JsMsg } from "@nats-io/jetstream";
import type { NatsLink } from "./connection.js";

/** With more, a consumer whose server was reset stays silent for 30 to 45 s. */
const EXPIRES_MS = 2_000;
const IDLE_HEARTBEAT_MS = 500;
const RETRY_MS = 100;

export class Follower {
  readonly #link: NatsLink;
  readonly #stream: string;
  readonly #subject: string;
  readonly #take: (bytes: Uint8Array, seq: number, timeMs: number) => void;
  #messages: ConsumerMessages | undefined;
  #timer: NodeJS.Timeout | undefined;
  #generation = 0;

  constructor(
    link: NatsLink,
    stream: string,
    subject: string,
    take: (bytes: Uint8Array, seq: number, timeMs: number) => void,
  ) {
    this.#link = link;
    this.#stream = stream;
    this.#subject = subject;
    this.#take = take;
  }

  /** Gives what is at or behind a place of the stream, from now on. May be called again. */
  follow(from: number): void {
    this.close();
    const generation = this.#generation;
    this.#begin(from, generation).catch(() => {
      if (generation === this.#generation) this.#timer = setTimeout(() => this.follow(from), RETRY_MS);
    });
  }

  close(): void {
    this.#generation++;
    clearTimeout(this.#timer);
    this.#messages?.close().catch(() => {});
    this.#messages = undefined;
  }

  async #begin(from: number, generation: number): Promise<void> {
    const consumer = await this.#link.jetstream.consumers.get(this.#stream, {
      filter_subjects: this.#subject,
      opt_start_seq: from,
    });
    const messages = await consumer.consume({
      expires: EXPIRES_MS,
      idle_heartbeat: IDLE_HEARTBEAT_MS,
      callback: (message: JsMsg) => {
        if (generation === this.#generation) {
          this.#take(message.data, message.seq, Number(message.timestampNanos) / 1e6);
        }
      },
    });
    if (generation === this.#generation) this.#messages = messages;
    else await messages.close();
  }
}
