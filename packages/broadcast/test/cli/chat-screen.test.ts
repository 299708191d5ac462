/** What a terminal shows: a model of one, which understands the few sequences that are used. */
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { PipeScreen, TerminalScreen } from "../../src/cli/chat-screen.js";

const COLUMNS = 20;
const SEQUENCE = `${"\x1b"}\\[(\\d*)([A-Z])`;
const TOKENS = new RegExp(`${SEQUENCE}|[^]`, "gu");
const ESCAPE = new RegExp(`^${SEQUENCE}$`);

/** Rows of characters and a cursor. Anything that it does not understand is an error. */
class Terminal extends PassThrough {
  readonly isTTY = true;
  readonly columns = COLUMNS;
  #rows: string[] = [""];
  #row = 0;
  #column = 0;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    for (const [token] of chunk.toString().matchAll(TOKENS)) this.#take(token);
    done();
  }

  get shown(): string[] {
    return this.#rows.map((row) => row.trimEnd());
  }

  #take(token: string): void {
    const [, count = "", what = ""] = ESCAPE.exec(token) ?? [];
    if (what === "A") this.#row = Math.max(0, this.#row - Number(count || 1));
    else if (what === "B") this.#row += Number(count || 1);
    else if (what === "G") this.#column = Number(count || 1) - 1;
    else if (what === "J") {
      this.#rows.length = this.#row + 1;
      this.#rows[this.#row] = (this.#rows[this.#row] ?? "").slice(0, this.#column);
    } else if (what === "K") this.#rows[this.#row] = (this.#rows[this.#row] ?? "").slice(0, this.#column);
    else if (what !== "") throw new Error(`what is ${JSON.stringify(token)}?`);
    else if (token === "\r") this.#column = 0;
    else if (token === "\n") this.#newLine();
    else this.#put(token);
  }

  #newLine(): void {
    this.#row++;
    this.#column = 0;
    this.#rows[this.#row] ??= "";
  }

  #put(character: string): void {
    if (this.#column === COLUMNS) this.#newLine();
    const row = (this.#rows[this.#row] ?? "").padEnd(this.#column);
    this.#rows[this.#row] = row.slice(0, this.#column) + character + row.slice(this.#column + 1);
    this.#column++;
  }
}

function opened(): { input: PassThrough; output: Terminal; screen: TerminalScreen; interrupted: () => number } {
  const input = new PassThrough();
  const output = new Terminal();
  let interrupts = 0;
  const screen = new TerminalScreen(input, output, "ana> ", () => interrupts++);
  return { input, output, screen, interrupted: () => interrupts };
}

/** Streams hand on what they have in turns of their own. */
async function turns(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise(setImmediate);
}

describe("a terminal", () => {
  it("what comes in stands above the prompt and what is being typed", async () => {
    const { input, output, screen } = opened();
    screen.show("<ben> hi");
    input.write("half a li");
    await turns();
    screen.show("<ben> are you there");
    screen.show("<cem> yes");
    input.write("ne");
    await turns();
    expect(output.shown).toEqual(["<ben> hi", "<ben> are you there", "<cem> yes", "ana> half a line"]);
    screen.close();
  });

  it("also where what is typed takes several rows", async () => {
    const { input, output, screen } = opened();
    input.write("a line that is longer than a row");
    await turns();
    screen.show("<ben> hi");
    screen.show("<ben> again");
    expect(output.shown).toEqual(
      ["<ben> hi", "<ben> again", "ana> a line that is ", "longer than a row"].map((row) => row.trimEnd()),
    );
    screen.close();
  });

  it("one of 0 columns is told to go up by a number of rows", async () => {
    const input = new PassThrough();
    const output = Object.assign(new PassThrough(), { isTTY: true, columns: 0 });
    const screen = new TerminalScreen(input, output, "ana> ", () => {});
    const line = screen.lines()[Symbol.asyncIterator]().next();
    input.write("hello\r");
    expect(await line).toEqual({ done: false, value: "hello" });
    const written = String(output.read());
    expect(written).toContain("\x1b[1A\r\x1b[J");
    expect(written).not.toMatch(/Infinity|NaN/);
    screen.close();
  });

  it("what was typed goes when it is sent, and is handed over", async () => {
    const { input, output, screen } = opened();
    const lines = screen.lines()[Symbol.asyncIterator]();
    const first = lines.next();
    screen.show("<ben> hi");
    input.write("a line that is longer than a row\r");
    expect(await first).toMatchObject({ value: "a line that is longer than a row" });
    await turns();
    expect(output.shown).toEqual(["<ben> hi", "ana>"]);
    const second = lines.next();
    input.write("  \rnext\r"); // an empty line says nothing
    expect(await second).toMatchObject({ value: "next" });
    screen.show("<ana> next");
    expect(output.shown).toEqual(["<ben> hi", "<ana> next", "ana>"]);
    screen.close();
  });

  it("Ctrl-C is told, and Ctrl-D is the end", async () => {
    const { input, screen, interrupted } = opened();
    const lines = screen.lines()[Symbol.asyncIterator]();
    const next = lines.next();
    input.write("\x03");
    await turns();
    expect(interrupted()).toBe(1);
    input.write("\x04");
    expect(await next).toMatchObject({ done: true });
    screen.close();
  });
});

it("a pipe has lines and nothing else", async () => {
  const input = new PassThrough();
  const output = new PassThrough();
  const screen = new PipeScreen(input, output);
  screen.show("<ben> hi");
  input.end("one\r\n\ntwo");
  const lines: string[] = [];
  for await (const line of screen.lines()) lines.push(line);
  expect([lines, String(output.read())]).toEqual([["one", "", "two"], "<ben> hi\n"]);
  screen.close();
});
