/** Builds in a folder of their own, at real servers, with what came of them. */
import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { FrameDecoder } from "@lab/framing/core";
import { atTestEnd } from "../../../../test/beside.js";
import { scratchFolder } from "../../../../test/scratch.js";
import { decodeServerMessage, encode } from "../../src/core/codec.js";
import type { ServerMessage } from "../../src/core/messages.js";
import type { HostAddress } from "../../src/core/plan.js";
import type { BuildReport } from "../../src/core/report.js";
import { build } from "../../src/node/build.js";
import type { BuildOptions } from "../../src/node/build-options.js";
import type { ServeOptions } from "../../src/node/serve-options.js";
import { type RakeServer, serve } from "../../src/node/server.js";

/** A server that starts fast, and measures nothing. */
export async function server(options: ServeOptions = {}): Promise<RakeServer> {
  const quick: ServeOptions = { speed: 1_000, toolchain: "test", cores: 2, lingerMs: 50, sandbox: "none" };
  const started = await serve({ ...quick, ...options });
  atTestEnd(() => started.close());
  return started;
}

export const at = (...ports: readonly number[]): readonly HostAddress[] =>
  ports.map((port) => ({ host: "127.0.0.1", port }));

/** For builds that are to find no host: they need not look for long. */
export const LOST = { noHostMs: 300 } as const;

export interface Built {
  readonly report: BuildReport;
  readonly outcome: string;
  readonly message: string;
  /** What was shown of each stream. */
  readonly stdout: string;
  readonly stderr: string;
  readonly troubles: readonly string[];
}

/** Builds, and looks that nothing but what is kept between builds is left in the state folder. */
export async function built(folder: string, rakefile: string, options: BuildOptions = {}): Promise<Built> {
  const shown = { stdout: "", stderr: "" };
  const troubles: string[] = [];
  const report = await build({
    folder,
    rakefile,
    backoffMs: 20,
    show: ({ stream, bytes }) => {
      shown[stream] += Buffer.from(bytes).toString();
    },
    onTrouble: (message) => troubles.push(message),
    ...options,
  });
  const left = readdirSync(join(folder, ".rake", "builds"));
  if (left.length > 0) throw new Error(`builds are left: ${left}`);
  const { outcome = "", message = "" } = report.result ?? {};
  return { report, outcome, message, ...shown, troubles };
}

/** All files below a folder but the state, by their paths. */
export function filesIn(folder: string, below = ""): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(join(folder, below)).sort()) {
    const path = below === "" ? name : `${below}/${name}`;
    if (name === ".rake") continue;
    const stat = lstatSync(join(folder, path));
    if (stat.isDirectory()) Object.assign(found, filesIn(folder, path));
    else found[path] = stat.isFile() ? readFileSync(join(folder, path), "latin1") : "not a file";
  }
  return found;
}

export const modeOf = (...path: readonly string[]): string =>
  (lstatSync(join(...(path as [string]))).mode & 0o777).toString(8);

export { existsSync, scratchFolder };

/** What a server says is said instead: nothing, other messages, or the end of the connection. */
export type Twist = (message: ServerMessage) => readonly ServerMessage[] | "close" | undefined;

/** Stands before a real server, and lies for it. Resolves with its port. */
export async function liar(port: number, twist: Twist): Promise<number> {
  return await listening((client) => {
    const upstream = connect(port, "127.0.0.1");
    const frames = new FrameDecoder({ maxFrameBytes: 2 ** 24, copy: true });
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    client.on("data", (bytes) => upstream.write(bytes)).on("close", end);
    upstream.on("error", end).on("close", end);
    upstream.on("data", (bytes: Buffer) => {
      for (const payload of frames.push(bytes)) {
        const message = decodeServerMessage(payload);
        const said = message === undefined ? [] : (twist(message) ?? [message]);
        if (said === "close") return end();
        for (const one of said) client.write(encode(one));
      }
    });
  });
}

/** Resolves with the port of a server that does this with each connection. */
export async function listening(talk: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const listener: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).setNoDelay(true);
    talk(socket);
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  atTestEnd(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => listener.close(resolve));
  });
  return (listener.address() as AddressInfo).port;
}
