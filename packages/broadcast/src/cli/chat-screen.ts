/** Where a chat is seen and written: a terminal whose prompt is not torn by what comes in, or a pipe. */
import { createInterface, type Interface } from "node:readline";
import { watchText } from "./input-text.js";

/** What is needed of process.stdin and process.stdout. */
export type ChatInput = NodeJS.ReadableStream;
export type ChatOutput = NodeJS.WritableStream & { readonly columns?: number };

export interface ChatScreen {
  show(line: string): void;
  /** What is typed or piped, until its end. */
  lines(): AsyncIterable<string>;
  close(): void;
}

/** Lines in, lines out. */
export class PipeScreen implements ChatScreen {
  readonly #input: ChatInput;
  readonly #output: ChatOutput;
  #reader: Interface | undefined;

  constructor(input: ChatInput, output: ChatOutput) {
    this.#input = input;
    this.#output = output;
  }

  show(line: string): void {
    this.#output.write(`${line}\n`);
  }

  lines(): AsyncIterable<string> {
    this.#reader = createInterface({ input: this.#input, crlfDelay: Number.POSITIVE_INFINITY });
    watchText(this.#input);
    return this.#reader;
  }

  close(): void {
    this.#reader?.close();
    this.#input.pause();
  }
}

/**
 * A line to type on at the bottom, and above it what is said. What was typed goes when it is sent: it comes back in its place
 * among what the others say.
 */
export class TerminalScreen implements ChatScreen {
  readonly #output: ChatOutput;
  readonly #reader: Interface;

  /** @param interrupt called for Ctrl-C, which a terminal in raw mode makes no signal of */
  constructor(input: ChatInput, output: ChatOutput, prompt: string, interrupt: () => void) {
    this.#output = output;
    this.#reader = createInterface({ input, output, prompt, terminal: true, historySize: 100 });
    this.#reader.on("SIGINT", interrupt);
    this.#reader.prompt();
  }

  show(line: string): void {
    // Up to the first row of the prompt and what is typed, over it, and both again below.
    const { rows } = this.#reader.getCursorPos();
    const up = rows > 0 ? `\x1b[${rows}A` : "";
    this.#output.write(`\r${up}\x1b[J${line}\n`);
    // The reader believes that it stands where it stood: it would go up, and over the line.
    (this.#reader as { prevRows?: number }).prevRows = 0;
    this.#reader.prompt(true);
  }

  async *lines(): AsyncGenerator<string> {
    for await (const line of this.#reader) {
      // A terminal of 0 columns does not know how many it has.
      const typed = this.#reader.getPrompt() + line;
      this.#output.write(`\x1b[${rowsOf(typed, this.#output.columns || 80)}A\r\x1b[J`);
      this.#reader.prompt();
      if (line.trim() !== "") yield line;
    }
  }

  close(): void {
    this.#reader.close();
    this.#output.write("\r\x1b[J");
  }
}

/** What takes two columns. */
const WIDE =
  /[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\uff01-\uff60]/gu;
/** What takes none. */
const NARROW = /[\p{Mn}\p{Me}\p{Cf}]/gu;

function rowsOf(text: string, columns: number): number {
  const width = [...text.replace(NARROW, "")].length + (text.match(WIDE)?.length ?? 0);
  return Math.floor(width / columns) + 1;
}
