/** The server's bars, on loopback, next to plain loops that send the same bytes. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOfBytes } from "../../../bench/digest.js";
import type { Contender, Row } from "../../../bench/row.js";
import type { RunningProcess } from "../../../test/process.js";
import { PATTERN } from "./pattern.js";
import { askRepeatedly, cpuSecondsOf, fetchBytes, peakMiB, startFloor, startOurs } from "./server-process.js";

const MIB = 1024 * 1024;
const WHOLE = 256 * MIB;
const CONNECTIONS = 16;

/** A directory with one large file, made once and removed at exit. */
let made: string | undefined;
function servedDirectory(): string {
  if (made !== undefined) return made;
  const directory = mkdtempSync(join(tmpdir(), "hftp-bench-"));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, "large"), Buffer.alloc(WHOLE, PATTERN));
  made = directory;
  return directory;
}

const replyBytes = (size: number): number => 6 + 4 * Math.ceil(size / 3) + 2;
const request = (size: number): string => `get_slice large 0 ${size}\r\n`;

/** A server of ours or the floor's, measured in one way. */
function serving(
  startServer: () => RunningProcess,
  measure: (server: RunningProcess, port: number, smoke: boolean) => Promise<number>,
  checked: number,
): Contender {
  let server: RunningProcess | undefined;
  let port = 0;
  const started = (): RunningProcess => {
    if (server === undefined) throw new Error("prepare() comes first");
    return server;
  };
  return {
    prepare: async () => {
      server = startServer();
      port = await server.port();
    },
    output: async () => {
      const parts: Buffer[] = [];
      await fetchBytes(port, request(checked), replyBytes(checked), (part) => parts.push(part));
      return digestOfBytes(parts);
    },
    measure: (smoke) => measure(started(), port, smoke),
    close: async () => {
      await server?.[Symbol.asyncDispose]();
    },
  };
}

const ours = (): RunningProcess => startOurs(servedDirectory());
const sliceLoop = (): RunningProcess => startFloor("slice-loop", join(servedDirectory(), "large"));
const smallSliceLoop = (): RunningProcess => startFloor("small-slice-loop", servedDirectory());

/** One slice after another, so often that ticks of 10 ms and a process that is not warm yet do not matter. */
const FETCHES = 4;

async function throughput(_server: RunningProcess, port: number, smoke: boolean): Promise<number> {
  const [size, fetches] = smoke ? [3 * MIB, 1] : [WHOLE, FETCHES];
  const began = performance.now();
  for (let fetch = 0; fetch < fetches; fetch++) await fetchBytes(port, request(size), replyBytes(size));
  return (fetches * size) / MIB / ((performance.now() - began) / 1000);
}

async function cpuPerGigabyte(server: RunningProcess, port: number, smoke: boolean): Promise<number> {
  const [size, fetches] = smoke ? [3 * MIB, 1] : [WHOLE, FETCHES];
  const before = cpuSecondsOf(server.pid);
  for (let fetch = 0; fetch < fetches; fetch++) await fetchBytes(port, request(size), replyBytes(size));
  return Math.max(0.01, cpuSecondsOf(server.pid) - before) / ((fetches * size) / 1e9);
}

async function peakMemory(server: RunningProcess, port: number, smoke: boolean): Promise<number> {
  for (const size of smoke ? [1, MIB] : [1, 1000, MIB, 16 * MIB, WHOLE]) {
    await fetchBytes(port, request(size), replyBytes(size));
  }
  return peakMiB(server.pid);
}

async function smallSlices(_server: RunningProcess, port: number, smoke: boolean): Promise<number> {
  const each = smoke ? 20 : 2000;
  const began = performance.now();
  const asking = Array.from({ length: CONNECTIONS }, () => askRepeatedly(port, request(1024), replyBytes(1024), each));
  await Promise.all(asking);
  return (CONNECTIONS * each) / ((performance.now() - began) / 1000);
}

export const rows: readonly Row[] = [
  {
    what: "hftp: 256 MiB in one base64 slice, throughput",
    floor: serving(sliceLoop, throughput, 3 * MIB),
    ours: serving(ours, throughput, 3 * MIB),
    unit: "MiB/s",
    bar: 0.8,
    direction: "at least",
  },
  {
    what: "hftp: 256 MiB in one base64 slice, CPU of the server",
    floor: serving(sliceLoop, cpuPerGigabyte, 3 * MIB),
    ours: serving(ours, cpuPerGigabyte, 3 * MIB),
    unit: "CPU s/GB",
    bar: 1.3,
    direction: "at most",
  },
  {
    what: "hftp: peak memory of the server for slices of 1 byte to 256 MiB",
    floor: serving(sliceLoop, peakMemory, 3 * MIB),
    ours: serving(ours, peakMemory, 3 * MIB),
    unit: "MiB",
    barOn: "value",
    bar: 120,
    direction: "at most",
  },
  {
    what: "hftp: slices of 1 KiB on 16 connections",
    floor: serving(smallSliceLoop, smallSlices, 1024),
    ours: serving(ours, smallSlices, 1024),
    unit: "replies/s",
    bar: 0.7,
    direction: "at least",
  },
];
