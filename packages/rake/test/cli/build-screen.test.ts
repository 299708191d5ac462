/** What a terminal and a pipe are written. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BuildScreen, type BuildScreenOptions, type Out } from "../../src/cli/build-screen.js";
import type { BuildEvent } from "../../src/core/index.js";
import { LOST_AND_AGAIN, planOf, TWO_HOSTS, timed } from "./reports.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Both streams in the order in which they are written, each piece with its name. */
class Written {
  readonly pieces: string[] = [];
  readonly waiting = new Set<() => void>();
  isFull = false;

  out(name: string, isTTY: boolean): Out {
    return {
      isTTY,
      columns: 60,
      write: (piece) => {
        this.pieces.push(
          `${name} ${JSON.stringify(typeof piece === "string" ? piece : new TextDecoder().decode(piece))}`,
        );
        return !this.isFull;
      },
      once: (event, listener) => void (event === "drain" && this.waiting.add(listener)),
      off: () => {},
    };
  }

  take(): string[] {
    return this.pieces.splice(0);
  }
}

function screenOn(
  isTTY: boolean,
  change: Partial<BuildScreenOptions> = {},
): { screen: BuildScreen; written: Written; at: (now: number) => void } {
  const written = new Written();
  let now = 0;
  const outs = { stdout: written.out("out", isTTY), stderr: written.out("err", isTTY) };
  const options = { ...outs, now: () => now, isJson: false, isQuiet: false, hasPrefix: true, ...change };
  const at = (time: number): void => {
    now = time;
  };
  return { screen: new BuildScreen(planOf(TWO_HOSTS), options), written, at };
}

const events: readonly BuildEvent[] = timed(LOST_AND_AGAIN);

describe("a terminal", () => {
  it("R40, R36: one line is rewritten, taken away before anything else is written, and gone at the end", () => {
    const { screen, written, at } = screenOn(true);
    for (const event of events.filter((one) => one.at <= 1_060)) screen.event(event);
    expect(written.take()).toEqual([]);
    at(1_260);
    vi.advanceTimersByTime(100);
    const line = "[0/3] cc -c a.c (alpha:6238, 210 ms), cc -c b.c (beta:63...";
    expect(written.take()).toEqual([`err ${JSON.stringify(`\r\x1b[K${line}`)}`]);
    expect(line.length).toBeLessThan(60);
    void screen.show({ stream: "stdout", bytes: bytes("a.c: fine\n"), action: 0 });
    void screen.show({ stream: "stderr", bytes: bytes("b.c: odd\n"), action: 1 });
    expect(written.take()).toEqual(['err "\\r\\u001b[K"', 'out "3| a.c: fine\\n"', 'err "5| b.c: odd\\n"']);
    vi.advanceTimersByTime(100);
    written.take();
    for (const event of events.filter((one) => one.at > 1_060 && one.at < 1_870)) screen.event(event);
    // What is done shows in the line alone; what went wrong stays.
    expect(written.take().map((piece) => piece.slice(0, 40))).toEqual([
      'err "\\r\\u001b[K"',
      'err "rake: beta:6333 is lost: read ECONN',
      'err "rake: line 5 (cc -c b.c) came to no',
    ]);
    vi.advanceTimersByTime(100);
    written.take();
    screen.close();
    expect(written.take()).toEqual(['err "\\r\\u001b[K"']);
    vi.advanceTimersByTime(1_000);
    expect(written.take()).toEqual([]);
  });
});

describe("a pipe", () => {
  it("R40, R36: gets a line for each action that is done, and the end of a line that has none", () => {
    const { screen, written } = screenOn(false);
    void screen.show({ stream: "stdout", bytes: bytes("no end"), action: 0 });
    for (const event of events) screen.event(event);
    vi.advanceTimersByTime(1_000);
    screen.close();
    expect(written.take()).toEqual([
      'err "rake: beta:6333 is lost: read ECONNRESET; it is asked again in 500 ms\\n"',
      'err "rake: line 5 (cc -c b.c) came to nothing on beta:6333: the host is lost; it is placed again\\n"',
      'out "3| no end\\n"',
      'err "rake: [1/3] cc -c a.c (alpha:6238, 810 ms)\\n"',
      'err "rake: [2/3] cc -c b.c (alpha:6238, 520 ms)\\n"',
      'err "rake: [3/3] cc a.o b.o (this machine, 88 ms)\\n"',
    ]);
  });

  it("with --quiet, what went wrong alone", () => {
    const { screen, written } = screenOn(false, { isQuiet: true });
    for (const event of events) screen.event(event);
    screen.close();
    expect(written.take()).toHaveLength(2);
  });

  it("R18: whoever reads slowly is waited for", async () => {
    const { screen, written } = screenOn(false, { hasPrefix: false });
    written.isFull = true;
    let isTaken = false;
    const taking = screen.show({ stream: "stdout", bytes: bytes("much\n"), action: 0 })?.then(() => {
      isTaken = true;
    });
    await Promise.resolve();
    expect(isTaken).toBe(false);
    for (const drain of written.waiting) drain();
    await taking;
    expect(isTaken).toBe(true);
  });

  it("R40: with --json each event and each piece of output is a line of JSON on standard output", () => {
    const { screen, written } = screenOn(false, { isJson: true });
    screen.event(events[0] as BuildEvent);
    void screen.show({ stream: "stderr", bytes: bytes("é"), action: 1 });
    screen.close();
    const lines = written.take().map((piece) => JSON.parse(JSON.parse(piece.slice(4)) as string) as unknown);
    expect(lines).toEqual([
      { at: 1_000, type: "setStarted", set: 0 },
      { type: "printed", action: 1, stream: "stderr", text: "é" },
    ]);
  });
});
