/** Our side of the rows: servers as processes of their own, and builds in this one, both of the built files. */
import { built } from "../../../../bench/built.js";
import { type RunningProcess, start } from "../../../../test/process.js";
import { rakeCommand } from "./command.js";

export type Sandbox = "none" | "rlimit" | "bwrap";

export function startServer(sandbox: Sandbox, options: readonly string[] = []): RunningProcess {
  return start(process.execPath, [rakeCommand(), "serve", "--port", "0", "--sandbox", sandbox, ...options]);
}

/** Ends it as a person would, so that its folder goes too. */
export async function stopServer(server: RunningProcess | undefined): Promise<void> {
  server?.signal("SIGTERM");
  await server?.exited;
}

export interface Built {
  /** From the beginning of the build to the end of its last set, the connecting included. */
  readonly wallMs: number;
  /** Between the end of one set and that of the next. */
  readonly setMs: readonly number[];
}

/** Builds a Rakefile in a folder. @throws where it does not succeed, with the reason */
export async function buildAll(folder: string, ports: readonly number[], sets: string): Promise<Built> {
  const { build } = await built<typeof import("../../src/index.js")>("rake");
  const hosts = ports.map((port) => `127.0.0.1:${port}`).join(" ");
  const ends: number[] = [];
  const began = performance.now();
  const report = await build({
    folder,
    rakefile: `HOSTS = ${hosts}\n${sets}`,
    onEvent: ({ type }) => {
      if (type === "setEnded") ends.push(performance.now());
    },
  });
  const { result } = report;
  if (result?.outcome !== "succeeded") throw new Error(`the build ${result?.outcome}: ${result?.message}`);
  return {
    wallMs: (ends.at(-1) ?? began) - began,
    setMs: ends.slice(1).map((end, index) => end - (ends[index] as number)),
  };
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
