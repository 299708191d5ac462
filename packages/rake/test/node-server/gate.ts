/** A program that stands before another one until the gate is open, and lets all pass from then on. */
import { execFileSync } from "node:child_process";
import { chmodSync, closeSync, constants, openSync, writeFileSync, writeSync } from "node:fs";
import { atTestEnd } from "../../../../test/beside.js";
import { stateFolder } from "./waiting.js";

export class Gate {
  /** It becomes the other one, with its arguments and descriptors. */
  readonly program: string;
  readonly #opened: string;
  readonly #fifo: number;

  /** @param path of the other program */
  constructor(path: string) {
    const folder = stateFolder();
    const fifo = `${folder}/gate`;
    execFileSync("mkfifo", ["-m", "644", fifo]);
    // With both ends: neither side waits for the other to open it, and what is written stays until it is read.
    this.#fifo = openSync(fifo, constants.O_RDWR);
    atTestEnd(() => closeSync(this.#fifo));
    this.#opened = `${folder}/opened`;
    this.program = `${folder}/program`;
    writeFileSync(this.program, `#!/bin/sh\ntest -e ${this.#opened} || read open <${fifo}\nexec ${path} "$@"\n`);
    chmodSync(this.program, 0o755);
  }

  /** For the one that waits, and all that come. */
  open(): void {
    writeFileSync(this.#opened, "");
    writeSync(this.#fifo, "open\n");
  }
}
