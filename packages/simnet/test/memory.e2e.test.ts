import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import type { RunningProcess } from "../../../test/process.js";
import { startBundled } from "../../../test/programs.js";
import { TcpServer } from "./tcp-peers.js";
import { UdpPeer } from "./udp-peers.js";

const MIB = 1024 * 1024;
const PROXY = new URL("./memory-proxy.ts", import.meta.url);
/** A small young generation, so that what is measured is what is held and not what is not collected yet. */
const ENV = { NODE_OPTIONS: "--max-semi-space-size=2" };

type Kind = "ours" | "control";
/** Sends until there is nothing more to be seen; `isEnough` is asked now and then. */
type Load = (proxy: RunningProcess, isEnough: () => boolean, kind: Kind) => Promise<void>;

function residentBytes(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kibibytes) * 1024;
}

/** By how much the proxy's memory grows under a load, looked at until it is `enough`. */
async function growth(transport: "tcp" | "udp", kind: Kind, load: Load, enough: number): Promise<number> {
  await using server = await TcpServer.open(({ socket }) => socket.pause());
  await using proxy = startBundled(PROXY, [`${transport} ${kind}`, String(server.port)], { env: ENV });
  await proxy.port();
  const before = residentBytes(proxy.pid);
  let most = 0;
  const isEnough = (): boolean => {
    most = Math.max(most, residentBytes(proxy.pid) - before);
    return most >= enough;
  };
  await load(proxy, isEnough, kind);
  isEnough();
  return most;
}

/** Twenty clients that write whatever is taken, in segments of one byte. */
async function flooders(proxy: RunningProcess, isEnough: () => boolean): Promise<void> {
  const port = await proxy.port();
  let isFull = false;
  void proxy.line(/^full$/).then(
    () => {
      isFull = true;
    },
    () => {},
  );
  const bytes = Buffer.alloc(64 * 1024);
  const sockets = Array.from({ length: 20 }, () => {
    const socket = connect(port, "127.0.0.1").on("error", () => {});
    const write = (): void => {
      while (socket.write(bytes));
    };
    socket.on("drain", write);
    write();
    return socket;
  });
  while (!isFull && !isEnough()) await new Promise((resolve) => setImmediate(resolve));
  for (const socket of sockets) socket.destroy();
}

/** Datagrams for a line that carries a byte a second; to the control until it is enough, since a busy system loses many. */
async function datagrams(proxy: RunningProcess, isEnough: () => boolean, kind: Kind): Promise<void> {
  await using client = await UdpPeer.open();
  const port = await proxy.port();
  const burst = Array.from({ length: 10 }, () => Buffer.alloc(8_000));
  const most = kind === "ours" ? 2_000 : 40_000;
  for (let sent = 0; sent < most && !isEnough(); sent++) await client.send(port, ...burst);
}

describe("memory is bounded, and the control shows that it need not be", () => {
  const rows = [
    ["N61", "tcp", "clients that write more than anybody takes", flooders, 96 * MIB],
    ["N53", "udp", "datagrams that nobody takes off the line", datagrams, 40 * MIB],
  ] as const;
  for (const [rule, transport, name, load, bound] of rows) {
    it(`${rule}: ${name}: ours`, async () => {
      expect(await growth(transport, "ours", load, bound)).toBeLessThan(bound);
    });
    it(`${rule}: ${name}: the control`, async () => {
      expect(await growth(transport, "control", load, bound)).toBeGreaterThanOrEqual(bound);
    });
  }
});
