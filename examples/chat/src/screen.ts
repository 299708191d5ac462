/** A line to type on, which what comes in does not tear; without a terminal just lines. */
import { createInterface, type Interface } from "node:readline";

export class Screen {
  readonly isTerminal: boolean = process.stdin.isTTY === true && process.stdout.isTTY === true;
  readonly lines: AsyncIterable<string>;
  readonly #reader: Interface;
  #isClosed = false;

  /** @param interrupt called for Ctrl-C */
  constructor(interrupt: () => void) {
    const { stdin: input, stdout: output } = process;
    this.#reader = this.isTerminal ? createInterface({ input, output, prompt: "> " }) : createInterface({ input });
    this.#reader.on("SIGINT", interrupt);
    // From now on: what is typed or piped before somebody asks for it waits.
    this.lines = this.#read(this.#reader[Symbol.asyncIterator]());
  }

  prompt(text: string): void {
    if (!this.isTerminal) return;
    this.#reader.setPrompt(text);
    this.#reader.prompt(true);
  }

  show(line: string): void {
    if (!this.isTerminal || this.#isClosed) {
      process.stdout.write(`${line}\n`);
      return;
    }
    const { rows } = this.#reader.getCursorPos();
    process.stdout.write(`\r${rows > 0 ? `\x1b[${rows}A` : ""}\x1b[J${line}\n`);
    // Else the reader would go up over the line, to where it was before.
    (this.#reader as { prevRows?: number }).prevRows = 0;
    this.#reader.prompt(true);
  }

  close(): void {
    this.#isClosed = true;
    this.#reader.close();
    process.stdin.destroy();
  }

  async *#read(typed: AsyncIterable<string>): AsyncGenerator<string> {
    for await (const line of typed) {
      // What was typed comes back in its place among what the others say.
      if (this.isTerminal) {
        const rows = Math.floor((this.#reader.getPrompt().length + line.length) / process.stdout.columns) + 1;
        process.stdout.write(`\x1b[${rows}A\r\x1b[J`);
        this.#reader.prompt();
      }
      yield line;
    }
  }
}
