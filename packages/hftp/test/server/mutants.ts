/**
 * One bug per row of the table of disputed inputs, and some for the other rules: each changes one rule of the shipped
 * code by a subclass. The cases must notice every one of them (test/server/mutants.test.ts and `pnpm mutants`).
 */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type DirectoryEntry,
  type FileFacts,
  type ParsedLine,
  RequestParser,
  type ServerOutput,
  ServerSession,
  type SliceRequest,
} from "../../src/core/index.js";
import { byteClasses, type Element, NAME_CHARACTERS } from "../../src/core/request-parser.js";
import { ServedDirectory } from "../../src/node/served-directory.js";
import { type Case, DISPUTED, FILES, FURTHER } from "./cases.js";
import { DiskDirectory, MemoryDirectory, type TestDirectory, type TestSource } from "./memory-directory.js";
import { expected, runCase } from "./run-case.js";

export interface Mutant {
  /** The case whose rule is broken. */
  readonly row: string;
  /** What the mutant does instead. */
  readonly bug: string;
  readonly session?: () => ServerSession;
  readonly directory?: () => TestDirectory;
}

/** A session whose parser has one rule changed. */
function withParser(Parser: new (maxLineBytes: number) => RequestParser): () => ServerSession {
  return () =>
    new (class extends ServerSession {
      protected override createParser(maxLineBytes: number): RequestParser {
        return new Parser(maxLineBytes);
      }
    })();
}

function parserWithCharacters(characters: string): () => ServerSession {
  return withParser(
    class extends RequestParser {
      protected override classes = byteClasses(NAME_CHARACTERS + characters);
    },
  );
}

function interpreting(change: (elements: Element[]) => Element[]): () => ServerSession {
  return withParser(
    class extends RequestParser {
      protected override interpret(elements: readonly Element[], count: number): ParsedLine | undefined {
        const changed = change([...elements]);
        return super.interpret(changed, changed.length + (count - elements.length));
      }
    },
  );
}

function rangeRule(rule: (request: SliceRequest, size: number) => 201 | 203 | undefined): () => ServerSession {
  return () =>
    new (class extends ServerSession {
      protected override outOfRange(request: SliceRequest, size: number): 201 | 203 | undefined {
        return rule(request, size);
      }
    })();
}

/** A served directory on disk with what the cases need, under one rule that is changed; removed at exit. */
function onDisk(Directory: new (path: string) => ServedDirectory): () => TestDirectory {
  let made: TestDirectory | undefined;
  return () => {
    made ??= make();
    return made;
  };

  function make(): TestDirectory {
    const base = mkdtempSync(join(tmpdir(), "hftp-mutant-"));
    process.once("exit", () => rmSync(base, { recursive: true, force: true }));
    const root = join(base, "served");
    mkdirSync(join(root, "sub"), { recursive: true });
    writeFileSync(join(base, "secret"), "secret");
    symlinkSync(join(base, "secret"), join(root, "linked"));
    for (const [name, content] of FILES) if (content instanceof Uint8Array) writeFileSync(join(root, name), content);
    return new DiskDirectory(new Directory(root));
  }
}

const AS_SHIPPED = onDisk(ServedDirectory);

export const MUTANTS: readonly Mutant[] = [
  {
    row: "an empty line",
    bug: "answers 200 as to an unknown command",
    session: withParser(
      class extends RequestParser {
        protected override emptyLine(): ParsedLine {
          return { type: "refused", code: 200, command: "" };
        }
      },
    ),
  },
  {
    row: "an empty line",
    bug: "ignores it",
    session: withParser(
      class extends RequestParser {
        protected override emptyLine(): undefined {
          return undefined;
        }
      },
    ),
  },
  {
    row: "a leading, a double and a trailing space",
    bug: "trims and joins spaces",
    session: interpreting((elements) => elements.filter((element) => element.length > 0)),
  },
  {
    row: "quit with a bare LF",
    bug: "waits for the CR LF for ever",
    session: withParser(
      class extends RequestParser {
        protected override bareLineFeed(): undefined {
          return undefined;
        }
      },
    ),
  },
  {
    row: "an LF inside a command",
    bug: "answers 100 and then runs the repaired command",
    session: () => {
      let repaired = false;
      class Repairing extends RequestParser {
        protected override bareLineFeed(): ParsedLine {
          repaired = true;
          return { type: "refused", code: 200, command: "" };
        }
      }
      return new (class extends ServerSession {
        protected override createParser(maxLineBytes: number): RequestParser {
          return new Repairing(maxLineBytes);
        }
        protected override answer(now: number, out: ServerOutput[], line: ParsedLine): void {
          if (repaired) {
            out.push({ type: "send", bytes: Buffer.from("100 BAD EOL\r\n") });
            repaired = false;
          } else super.answer(now, out, line);
        }
      })();
    },
  },
  {
    row: "a good command and one with a bad end in one segment",
    bug: "looks for a bad end of line in the whole segment first",
    session: withParser(
      class extends RequestParser {
        override feed(chunk: Uint8Array): void {
          const bad = chunk.findIndex((byte, at) => byte === 0x0a && chunk[at - 1] !== 0x0d);
          super.feed(bad < 0 ? chunk : chunk.subarray(bad));
        }
      },
    ),
  },
  {
    row: "NUL in a name",
    bug: "lets the name pass, and 202 tells that it was looked up",
    session: parserWithCharacters("\0"),
  },
  {
    row: "slices of no bytes",
    bug: "requires the offset to be below the size",
    session: rangeRule(({ offset, size }, fileSize) =>
      offset < fileSize && offset + size <= fileSize ? undefined : 203,
    ),
  },
  {
    row: "a slice beyond the end",
    bug: "answers 201",
    session: rangeRule(({ offset, size }, fileSize) => (offset + size <= fileSize ? undefined : 201)),
  },
  {
    row: "a slice beyond the end",
    bug: "sends what there is",
    session: rangeRule(({ offset }, fileSize) => (offset <= fileSize ? undefined : 203)),
  },
  {
    row: "numbers with a sign or an underscore",
    bug: "reads them as a lenient language does",
    session: interpreting((elements) =>
      elements.map((element) =>
        /^[+-]?\d[\d_]*$/.test(element.text)
          ? { ...element, isNumber: true, value: Math.abs(Number(element.text.replaceAll("_", ""))) }
          : element,
      ),
    ),
  },
  { row: "names with other characters", bug: "takes a slash", session: parserWithCharacters("/") },
  { row: "names with other characters", bug: "takes a plus and a star", session: parserWithCharacters("+*") },
  {
    row: "a symbolic link out of the directory",
    bug: "follows it",
    directory: onDisk(
      class extends ServedDirectory {
        protected override contains(): boolean {
          return true;
        }
      },
    ),
  },
  {
    row: "a directory",
    bug: "takes it for a file of 4096 bytes",
    directory: () =>
      new (class extends MemoryDirectory {
        override stat(name: string): FileFacts {
          const facts = super.stat(name);
          return facts.kind === "not-regular" ? { kind: "regular", size: 4096 } : facts;
        }
      })(FILES),
  },
  {
    row: "form before existence",
    bug: "looks the file up first",
    session: withParser(
      class extends RequestParser {
        protected override interpretSlice(elements: readonly Element[], count: number): ParsedLine {
          const line = super.interpretSlice(elements, count);
          const name = elements[1];
          if (line.type !== "refused" || name?.isName !== true) return line;
          return { type: "request", request: { type: "get_metadata", name: name.text } };
        }
      },
    ),
  },
  {
    row: "three commands in one segment",
    bug: "answers the first and forgets the rest of the segment",
    session: withParser(
      class extends RequestParser {
        override next(): ParsedLine | undefined {
          const line = super.next();
          if (line !== undefined) this.discard();
          return line;
        }
      },
    ),
  },
  {
    row: "a half-close after a command",
    bug: "does not notice the end of the stream",
    session: () =>
      new (class extends ServerSession {
        protected override peerEnded(): void {}
      })(),
  },
  {
    row: "a half-close in mid-line",
    bug: "answers the unfinished line",
    session: () =>
      new (class extends ServerSession {
        protected override peerEnded(now: number, out: ServerOutput[]): void {
          this.refuse(now, out, 200, { command: "" });
          super.peerEnded(now, out);
        }
      })(),
  },
  {
    row: "a reset in mid-line",
    bug: "throws",
    session: () =>
      new (class extends ServerSession {
        protected override connectionLost(): void {
          throw new Error("read ECONNRESET");
        }
      })(),
  },
  {
    row: "a file that shrinks during a slice",
    bug: "pads the reply with zeros",
    directory: () =>
      new (class extends MemoryDirectory {
        override open(name: string): { readonly file: FileFacts; readonly source?: TestSource } {
          const { file, source } = super.open(name);
          if (source === undefined) return { file };
          const read = (offset: number, length: number): Uint8Array => {
            const padded = new Uint8Array(length);
            padded.set(source.read(offset, length));
            return padded;
          };
          return { file, source: { ...source, read } };
        }
      })(FILES),
  },
  {
    row: "what follows quit",
    bug: "answers and goes on",
    session: () =>
      new (class extends ServerSession {
        protected override answer(now: number, out: ServerOutput[], line: ParsedLine): void {
          if (line.type === "request" && line.request.type === "quit") {
            out.push({ type: "send", bytes: Buffer.from("0 OK\r\n") });
          } else super.answer(now, out, line);
        }
      })(),
  },
  {
    row: "an empty line",
    bug: "goes on after a fatal code",
    session: () =>
      new (class extends ServerSession {
        protected override afterFatal(): void {}
      })(),
  },
  {
    row: "too many errors",
    bug: "counts no errors",
    session: () => new ServerSession({ maxErrors: Number.POSITIVE_INFINITY }),
  },
  {
    row: "a listing of regular files with servable names",
    bug: "lists everything",
    directory: () =>
      new (class extends MemoryDirectory {
        override entries(): readonly DirectoryEntry[] {
          return super.entries().map(({ name }) => ({ name, regular: true }));
        }
      })(FILES),
  },
];

export interface Verdict {
  readonly mutant: Mutant;
  /** The cases that noticed. */
  readonly killedBy: readonly string[];
}

/** Killed means: by the case of its own row, whatever else noticed. */
export function isKilled({ mutant, killedBy }: Verdict): boolean {
  return killedBy.includes(mutant.row);
}

const CASES: readonly Case[] = [...DISPUTED, ...FURTHER];

function differing(session: () => ServerSession, directory: () => TestDirectory): string[] {
  const differs = (one: Case): boolean =>
    JSON.stringify(runCase(one, session(), directory())) !== JSON.stringify(expected(one));
  return CASES.filter(differs).map((one) => one.name);
}

/** Runs every case against every mutant. */
export function judge(): Verdict[] {
  return MUTANTS.map((mutant) => {
    const session = mutant.session ?? (() => new ServerSession());
    const directory = mutant.directory ?? (() => new MemoryDirectory(FILES));
    return { mutant, killedBy: differing(session, directory) };
  });
}

/** The cases that the shipped code fails, in memory and on disk; the mutants say nothing unless there are none. */
export function shippedFailures(): string[] {
  const inMemory = differing(
    () => new ServerSession(),
    () => new MemoryDirectory(FILES),
  );
  const disputed = ["a symbolic link out of the directory", "a directory", "slices of no bytes"];
  const onADisk = differing(() => new ServerSession(), AS_SHIPPED).filter((name) => disputed.includes(name));
  return [...inMemory, ...onADisk];
}

/** The table: row, mutant, killing test. */
export function table(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ mutant, killedBy }) => {
    const others = killedBy.length > 1 ? ` (and ${killedBy.length - 1} more)` : "";
    return [mutant.row, mutant.bug, isKilled({ mutant, killedBy }) ? `${mutant.row}${others}` : "SURVIVED"];
  });
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
  return [line(["row", "mutant", "killed by"]), ...rows.map(line)].join("\n");
}
