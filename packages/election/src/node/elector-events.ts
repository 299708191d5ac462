/** The events of an elector: a listener that fails breaks neither the machine nor the other listeners. */
import { channel } from "node:diagnostics_channel";
import { EventEmitter } from "node:events";
import type { ElectorEvents } from "../core/contract.js";
import type { Logger } from "./logger.js";

type Name = keyof ElectorEvents;

/**
 * On `node:diagnostics_channel`, as `lab:election:elected` and so on: `{ id, address, arguments }`, where `arguments` are
 * what a listener of that event is given.
 */
const channels = {
  elected: channel("lab:election:elected"),
  stepDown: channel("lab:election:stepDown"),
  leader: channel("lab:election:leader"),
  hosts: channel("lab:election:hosts"),
} satisfies Record<Name, unknown>;

export class EventHub {
  readonly #emitter = new EventEmitter();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
    this.#emitter.setMaxListeners(0);
  }

  on<Event extends Name>(event: Event, listener: ElectorEvents[Event]): void {
    this.#emitter.on(known(event), listener);
  }

  once<Event extends Name>(event: Event, listener: ElectorEvents[Event]): void {
    this.#emitter.once(known(event), listener);
  }

  off<Event extends Name>(event: Event, listener: ElectorEvents[Event]): void {
    this.#emitter.off(known(event), listener);
  }

  emit<Event extends Name>(
    event: Event,
    from: { readonly id: string; readonly address: string },
    ...values: Parameters<ElectorEvents[Event]>
  ): void {
    if (channels[event].hasSubscribers) channels[event].publish({ ...from, arguments: values });
    for (const listener of this.#emitter.rawListeners(event)) {
      try {
        const result: unknown = Reflect.apply(listener, undefined, values);
        if (result instanceof Promise) result.catch((error: unknown) => this.#failed(event, error));
      } catch (error) {
        this.#failed(event, error);
      }
    }
  }

  #failed(event: Name, error: unknown): void {
    this.#logger.error({ event, error }, `a listener of ${event} failed`);
  }
}

function known(event: Name): Name {
  if (Object.hasOwn(channels, event)) return event;
  throw new TypeError(`there is no event ${String(event)}; there are ${Object.keys(channels).join(", ")}`);
}
