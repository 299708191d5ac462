/** A server under measurement: a process of its own, what it has used, and plain clients that load it. */
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { builtFile } from "../../../bench/built.js";
import { type RunningProcess, start, startTypeScript } from "../../../test/process.js";

export function startOurs(directory: string): RunningProcess {
  const cli = builtFile("hftp", "cli/main").pathname;
  return start(process.execPath, [cli, "serve", "-d", directory, "-p", "0", "--quiet"]);
}

export function startFloor(name: string, argument: string): RunningProcess {
  return startTypeScript(new URL(`./floors/${name}.ts`, import.meta.url), [argument]);
}

/** CPU seconds that a process has used in all, from /proc: in ticks of 10 ms. */
export function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** The most memory that a process has had resident so far, in MiB. */
export function peakMiB(pid: number): number {
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]) / 1024;
}

/** Sends a request and counts the reply, read into one buffer; resolves when so many bytes have come. */
export async function fetchBytes(
  port: number,
  request: string,
  bytes: number,
  take?: (part: Buffer) => void,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let received = 0;
    const socket = connect({
      port,
      host: "127.0.0.1",
      onread: {
        buffer: Buffer.allocUnsafeSlow(256 * 1024),
        callback: (count, buffer) => {
          received += count;
          take?.(Buffer.from(buffer.subarray(0, count)));
          if (received >= bytes) {
            socket.destroy();
            resolve();
          }
          return true;
        },
      },
    });
    socket.once("error", reject);
    socket.once("close", () => reject(new Error(`the connection ended after ${received} of ${bytes} bytes`)));
    socket.write(request);
  });
}

/** Asks the same thing over and over on one connection, one request at a time; each reply has `replyBytes`. */
export async function askRepeatedly(port: number, request: string, replyBytes: number, times: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let left = times;
    let received = 0;
    const bytes = Buffer.from(request, "latin1");
    const socket = connect({
      port,
      host: "127.0.0.1",
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafeSlow(64 * 1024),
        callback: (count) => {
          received += count;
          if (received < replyBytes) return true;
          received = 0;
          left--;
          if (left > 0) socket.write(bytes);
          else {
            socket.destroy();
            resolve();
          }
          return true;
        },
      },
    });
    socket.once("error", reject);
    socket.once("close", () => reject(new Error(`the connection ended with ${left} replies missing`)));
    socket.write(bytes);
  });
}
