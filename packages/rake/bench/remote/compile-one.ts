/** `gcc -c` of small files, one at a time and each new to whoever compiles it: milliseconds each, the mean of a round. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Contender } from "../../../../bench/row.js";
import type { RunningProcess } from "../../../../test/process.js";
import { buildAll, mean, type Sandbox, startServer, stopServer } from "./building.js";
import { Distccd } from "./distcc.js";
import { newFolder, removeFolder } from "./folders.js";
import { Icecc } from "./icecc.js";
import { runHere } from "./programs.js";

const count = (smoke: boolean): number => (smoke ? 2 : 20);
let rounds = 0;

/** A file of 20 lines that no round has had before, as after a change by its author. */
function source(round: number, number: number): string {
  const functions = Array.from({ length: 8 }, (_, f) => `int f${f}(int x) { return x * ${round} + ${f + number}; }\n`);
  return `#include <stdio.h>\n#include <string.h>\n${functions.join("")}
int show(const char *text) {
  size_t length = strlen(text);
  for (size_t n = 0; n < length; n++) putchar(text[n] + f0((int)n));
  return printf(" %zu\\n", length);
}\n`;
}

/** Writes a round's files, named 0.c, 1.c, ... */
function writeSources(folder: string, howMany: number, round: number): void {
  mkdirSync(folder, { recursive: true });
  for (let n = 0; n < howMany; n++) writeFileSync(join(folder, `${n}.c`), source(round, n));
}

type CompileAll = (folder: string, howMany: number) => Promise<number>;

/** Files of a round compiled by `all`, which answers in milliseconds each; the objects of one set of files are compared. */
export function compiling(all: CompileAll, rest: Pick<Contender, "prepare" | "close"> = {}): Contender {
  const folder = newFolder();
  const round = async (howMany: number, number: number): Promise<number> => {
    rmSync(folder, { recursive: true, force: true });
    writeSources(folder, howMany, number);
    return await all(folder, howMany);
  };
  return {
    ...rest,
    output: async () => {
      await round(2, 0);
      const hash = createHash("sha256");
      for (const name of ["0.o", "1.o"]) hash.update(readFileSync(join(folder, name)));
      return hash.digest("hex");
    },
    measure: (smoke) => round(count(smoke), ++rounds),
    close: async () => {
      await rest.close?.();
      removeFolder(folder);
    },
  };
}

/** One program for each file, started here: gcc itself, or what stands for it. */
export function oneByOne(
  command: string,
  args: readonly string[],
  env: () => Record<string, string> = () => ({}),
): CompileAll {
  return async (cwd, howMany) => {
    const began = performance.now();
    for (let n = 0; n < howMany; n++)
      await runHere(command, [...args, "-c", `${n}.c`, "-o", `${n}.o`], { cwd, env: env() });
    return (performance.now() - began) / howMany;
  };
}

export const compiledHere = (): Contender => compiling(oneByOne("gcc", []));

export function compiledByUs(sandbox: Sandbox): Contender {
  let server: RunningProcess | undefined;
  const all: CompileAll = async (folder, howMany) => {
    const sets = Array.from(
      { length: howMany },
      (_, n) => `actionset${n}:\n\tremote-gcc -c ${n}.c -o ${n}.o\n\t\trequires ${n}.c\n\t\tproduces ${n}.o\n`,
    );
    // The connection is borne by an action of its own, which is not counted.
    const first = "actionset:\n\tremote-true\n";
    return mean((await buildAll(folder, [(await server?.port()) ?? 0], [first, ...sets].join(""))).setMs);
  };
  return compiling(all, {
    prepare: () => {
      server = startServer(sandbox);
    },
    close: () => stopServer(server),
  });
}

export function compiledByDistcc(): Contender {
  const daemon = new Distccd(2);
  return compiling(
    oneByOne("distcc", ["gcc"], () => daemon.env),
    { prepare: () => daemon.prepare(), close: () => daemon.close() },
  );
}

export function compiledByIcecc(): Contender {
  const icecc = new Icecc();
  const [command, ...words] = icecc.enter;
  return compiling(
    oneByOne(command, [...words, "icecc", "gcc"], () => icecc.env),
    { prepare: () => icecc.prepare(), close: () => icecc.close() },
  );
}
