/**
 * The commands of the simulation: `PROGRAM WORK a/INDEX WORD ...`, where a word is `i:PATH` (reads it), `u:PATH` (changes it),
 * `o:PATH:SIZE:MODE` (writes it), `p:BYTES:BYTES` (prints so much to stdout and stderr), `x:CODE`, `s:SIGNAL`, `stubborn` (does
 * not end by SIGTERM) or `toolchain` (all that it makes depends on the host's). What it makes depends on its words and
 * on what it reads, and on nothing else. WORK is milliseconds on a host of speed 1.
 */
import { bytesOf, type Folder, fileOf, type SimFile } from "./files.js";

export interface Effect {
  readonly workMs: number;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly code: number;
  /** 0: none. */
  readonly signal: number;
  /** New and changed files; none where it failed. */
  readonly outputs: Folder;
  readonly isStubborn: boolean;
}

/** The action's index in the plan. */
export function indexOf(command: string): number {
  return Number(/ a\/(\d+)/.exec(command)?.[1] ?? -1);
}

export function perform(command: string, folder: Folder, toolchain: string): Effect {
  const words = command.split(" ");
  const of = (key: string): string[] => words.filter((word) => word.startsWith(`${key}:`)).map((word) => word.slice(2));
  const read = [...of("i"), ...of("u")];
  const missing = read.find((path) => !folder.has(path));
  const digests = read.map((path) => folder.get(path)?.digest ?? "").join(" ");
  const by = `${command} ${digests} ${words.includes("toolchain") ? toolchain : ""}`;
  const [out = 0, err = 0] = (of("p")[0] ?? "").split(":").map(Number);
  const code = missing === undefined ? Number(of("x")[0] ?? 0) : 2;
  const signal = Number(of("s")[0] ?? 0);
  const outputs = new Map<string, SimFile>();
  if (code === 0 && signal === 0) {
    for (const word of of("o")) {
      const [path = "", size, mode] = word.split(":");
      outputs.set(path, fileOf(bytesOf(`${by} ${path}`, Number(size)), Number(mode)));
    }
    for (const path of of("u")) {
      const { bytes, mode } = folder.get(path) as SimFile;
      outputs.set(path, fileOf(bytesOf(`${by} changes ${path}`, bytes.length + 1), mode));
    }
  }
  return {
    workMs: Number(words[1]),
    stdout: bytesOf(`${by} stdout`, out),
    stderr: missing === undefined ? bytesOf(`${by} stderr`, err) : new TextEncoder().encode(`no ${missing}\n`),
    code,
    signal,
    outputs,
    isStubborn: words.includes("stubborn"),
  };
}
