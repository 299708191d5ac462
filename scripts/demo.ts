/** `pnpm demo`: a list of short chapters, each an example app; exits 1 when one fails or nothing was shown. */
import { performance } from "node:perf_hooks";

/** One chapter: prints what it does and resolves with one line that says what was proven; rejects when it was not. */
export interface Chapter {
  readonly title: string;
  readonly run: () => Promise<string>;
}

const chapters: readonly Chapter[] = [];

const proven: string[] = [];
for (const [index, chapter] of chapters.entries()) {
  console.log(`\n${index + 1}. ${chapter.title}\n`);
  const began = performance.now();
  proven.push(`${chapter.title}: ${await chapter.run()} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
}
console.log(`\n${proven.length} of ${chapters.length} chapters:`);
for (const line of proven) console.log(`  ${line}`);
