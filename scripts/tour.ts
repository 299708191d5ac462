/** Chapters one after another, and a table of what they proved of each package. */
import { performance } from "node:perf_hooks";
import { styleText } from "node:util";

/** It prints what it does and resolves with what was proven, in a sentence; it rejects when that was not so. */
export interface Chapter {
  readonly title: string;
  /** Packages, or examples, of which it proves something. */
  readonly proves: readonly string[];
  readonly run: () => Promise<string>;
}

/** What is not over by then hangs: a quiet machine takes less than a tenth of it. */
const CHAPTER_MS = 120_000;

interface Outcome {
  readonly chapter: Chapter;
  /** Undefined: it failed. */
  readonly proven: string | undefined;
  readonly seconds: number;
}

export interface TourOptions {
  /** Default: to standard output. */
  readonly print?: (line: string) => void;
  /** Whether the table is colored; default: where standard output is a terminal. */
  readonly isColored?: boolean;
  /** A chapter that takes longer has failed, and the next one begins; default: two minutes. */
  readonly chapterMs?: number;
}

/**
 * Runs the chapters and prints the table. A package that no chapter proved anything of is red.
 * @param wanted packages of which something is to be proven
 * @returns whether each of them is green, and each chapter
 */
export async function tour(
  chapters: readonly Chapter[],
  wanted: readonly string[],
  { print = console.log, isColored = process.stdout.isTTY, chapterMs = CHAPTER_MS }: TourOptions = {},
): Promise<boolean> {
  const outcomes: Outcome[] = [];
  for (const [index, chapter] of chapters.entries()) {
    print(`\n=== ${index + 1} of ${chapters.length}. ${chapter.title}\n`);
    const began = performance.now();
    const proven = await told(chapter, print, chapterMs);
    outcomes.push({ chapter, proven, seconds: (performance.now() - began) / 1_000 });
  }
  const rows = wanted.map((name) => row(name, outcomes));
  const width = Math.max(2, ...wanted.map((name) => name.length));
  print("\n=== What was shown\n");
  for (const [index, { chapter, proven, seconds }] of outcomes.entries())
    print(`${String(index + 1).padStart(2)}  ${proven ?? `FAILED: ${chapter.title}`} (${seconds.toFixed(1)} s)`);
  print(`\n${"of".padEnd(width)}  state    in chapter`);
  for (const { name, state, where } of rows) {
    const text = state.padEnd(7);
    const color = state === "proven" ? "green" : "red";
    print(`${name.padEnd(width)}  ${isColored ? styleText(color, text, { validateStream: false }) : text}  ${where}`);
  }
  const total = outcomes.reduce((sum, { seconds }) => sum + seconds, 0);
  const green = rows.filter(({ state }) => state === "proven").length;
  print(`\n${green} of ${rows.length} proven, in ${total.toFixed(0)} s`);
  return green === rows.length && outcomes.every(({ proven }) => proven !== undefined);
}

/** What a chapter proved; a sentence of nothing proves nothing. */
async function told({ run }: Chapter, print: (line: string) => void, limitMs: number): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the chapter was not over after ${limitMs} ms`)), limitMs);
  });
  try {
    const proven = (await Promise.race([run(), late])).trim();
    if (proven !== "") return proven;
    print("the chapter ended without saying what it proved");
  } catch (error) {
    print(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    clearTimeout(timer);
  }
  return undefined;
}

function row(name: string, outcomes: readonly Outcome[]): { name: string; state: string; where: string } {
  const about = outcomes.map((outcome, index) => ({ ...outcome, number: index + 1 }));
  const mine = about.filter(({ chapter }) => chapter.proves.includes(name));
  const failed = mine.filter(({ proven }) => proven === undefined);
  const where = (failed.length > 0 ? failed : mine).map(({ number }) => number).join(", ");
  if (mine.length === 0) return { name, state: "MISSING", where: "none" };
  return { name, state: failed.length > 0 ? "FAILED" : "proven", where };
}
