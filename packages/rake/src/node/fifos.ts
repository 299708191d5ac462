/**
 * Named pipes for what actions print. The pipes that Node makes are sockets, and a socket cannot be opened by its name: `echo >/dev/stderr`
 * would fail. A pair is used again once no process of its action is left; they stand in a folder that actions cannot enter.
 */
import { execFile } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

export interface Fifo {
  readonly name: string;
  /** The server's end. */
  readonly reader: Socket;
  /** The action's end: to be closed here once the action has it. */
  readonly writer: number;
}

/** The other way: the server writes. */
export interface OrderFifo {
  readonly name: string;
  readonly writer: Socket;
  /** To be closed here once another has it open. */
  readonly reader: number;
}

export class Fifos {
  readonly #folder: string;
  #free: string[] = [];
  #made = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes so many beforehand. @throws where there is no `mkfifo`, or no room */
  async prepare(count: number): Promise<void> {
    const names = Array.from({ length: count }, () => join(this.#folder, String(++this.#made)));
    // Open to all, so that an action of another user can open its own by /dev/stdout: none can come near it by its name.
    await execute("mkfifo", ["-m", "0666", "--", ...names]);
    this.#free.push(...names);
  }

  async take(): Promise<Fifo> {
    return await this.#opened((name, reading, writer) => {
      return { name, reader: new Socket({ fd: reading, readable: true, writable: false }), writer };
    });
  }

  async takeForOrders(): Promise<OrderFifo> {
    return await this.#opened((name, reader, writing) => {
      return { name, writer: new Socket({ fd: writing, readable: false, writable: true }), reader };
    });
  }

  /** No process has it open any more: what was not read is gone with the last of them. */
  giveBack(fifo: Fifo | OrderFifo): void {
    this.abandon(fifo);
    this.#free.push(fifo.name);
  }

  /** As `giveBack`, but somebody may have it open: it is not used again. */
  abandon(fifo: Fifo | OrderFifo): void {
    (typeof fifo.writer === "number" ? (fifo as Fifo).reader : fifo.writer).destroy();
  }

  async #opened<Opened>(opened: (name: string, reading: number, writing: number) => Opened): Promise<Opened> {
    if (this.#free.length === 0) await this.prepare(2);
    const name = this.#free.pop() as string;
    let reading: number | undefined;
    try {
      // A writer waits for a reader: so that comes first.
      reading = openSync(name, constants.O_RDONLY | constants.O_NONBLOCK);
      return opened(name, reading, openSync(name, constants.O_WRONLY));
    } catch (error) {
      if (reading !== undefined) closeSync(reading);
      this.#free.push(name);
      throw error;
    }
  }
}
