/** Who is told the notices of a room: its application, and whoever listens in this process. */
import { channel } from "node:diagnostics_channel";
import { EventEmitter } from "node:events";
import type { Notice } from "../core/client-contract.js";
import type { Logger } from "./logger.js";

/** `{ room, name, notice }` for every notice of a client in this process. */
const notices = channel("lab:broadcast:client");

type Listener = (notice: Notice) => void;

export class NoticeListeners {
  readonly #room: string;
  readonly #name: string;
  readonly #onNotice: Listener | undefined;
  readonly #logger: Logger;
  readonly #emitter = new EventEmitter();

  constructor(room: string, name: string, onNotice: Listener | undefined, logger: Logger) {
    this.#room = room;
    this.#name = name;
    this.#onNotice = onNotice;
    this.#logger = logger;
  }

  on(type: Notice["type"], listener: Listener): void {
    this.#emitter.on(type, listener);
  }

  off(type: Notice["type"], listener: Listener): void {
    this.#emitter.off(type, listener);
  }

  /** What a listener throws is logged. */
  tell(notice: Notice): void {
    if (notices.hasSubscribers) notices.publish({ room: this.#room, name: this.#name, notice });
    if (this.#onNotice !== undefined) this.#call(this.#onNotice, notice);
    if (this.#emitter.listenerCount(notice.type) === 0) return;
    for (const listener of this.#emitter.listeners(notice.type)) this.#call(listener as Listener, notice);
  }

  #call(listener: Listener, notice: Notice): void {
    try {
      listener(notice);
    } catch (error) {
      this.#logger.error({ notice: notice.type, error }, "a listener failed");
    }
  }
}
