/** What the electors of all engines have in common: one start, one stop, and listeners. */
import type { Elector, ElectorEvents } from "../core/contract.js";
import { EventHub } from "./elector-events.js";
import { ElectorError } from "./errors.js";
import type { Logger } from "./logger.js";

/** What `createElector` and `createEtcdElector` give, beside what is of one engine alone. */
export interface DisposableElector extends Elector, AsyncDisposable {
  once<Name extends keyof ElectorEvents>(event: Name, listener: ElectorEvents[Name]): this;
  off<Name extends keyof ElectorEvents>(event: Name, listener: ElectorEvents[Name]): this;
}

/** Started once, stopped once; an engine says what that does, and tells the events. */
export abstract class ElectorBase {
  readonly #events: EventHub;
  /** Known before `begin()` returns: what it calls may call `start()` again. */
  #isStarted = false;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(logger: Logger) {
    this.#events = new EventHub(logger);
  }

  start(): Promise<void> {
    if (this.isStopping) return Promise.reject(new ElectorError("STOPPED", "this elector was stopped"));
    if (this.#isStarted) return Promise.reject(new ElectorError("STARTED", "this elector was started"));
    this.#isStarted = true;
    this.#starting = this.begin();
    return this.#starting;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.end(this.#starting);
    return this.#stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  on<Name extends keyof ElectorEvents>(event: Name, listener: ElectorEvents[Name]): this {
    this.#events.on(event, listener);
    return this;
  }

  once<Name extends keyof ElectorEvents>(event: Name, listener: ElectorEvents[Name]): this {
    this.#events.once(event, listener);
    return this;
  }

  off<Name extends keyof ElectorEvents>(event: Name, listener: ElectorEvents[Name]): this {
    this.#events.off(event, listener);
    return this;
  }

  /** Whether `stop()` was called. */
  protected get isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  protected tell<Name extends keyof ElectorEvents>(event: Name, ...values: Parameters<ElectorEvents[Name]>): void {
    this.#events.emit(event, this.self, ...values);
  }

  /** What `start()` does the one time that it may. */
  protected abstract begin(): Promise<void>;

  /**
   * What `stop()` does the first time; other calls wait for the same.
   * @param starting what `start()` returned, if it was called
   */
  protected abstract end(starting: Promise<void> | undefined): Promise<void>;

  /** Who tells the events. */
  protected abstract get self(): { readonly id: string; readonly address: string };
}
