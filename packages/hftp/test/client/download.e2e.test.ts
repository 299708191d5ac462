import { existsSync, linkSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type DownloadOptions, download } from "../../src/node/download.js";
import { HftpServer } from "../../src/node/server.js";
import { temporaryDirectory } from "../temporary.js";
import { HostileServer, soundReply } from "./hostile-server.js";
import { plainDigest } from "./plain-digest.js";

const content = Buffer.from(Uint8Array.from({ length: 3_000_001 }, (_, at) => (at * 31 + (at >> 8)) & 0xff));
const quick = {
  name: "f",
  sliceBytes: 256 * 1024,
  retryDelayMs: 1,
  maxRetryDelayMs: 4,
} satisfies Partial<DownloadOptions>;

async function serving(files: Readonly<Record<string, Uint8Array>>, sequential = false): Promise<HostileServer> {
  return await HostileServer.listen(
    (line, socket) => {
      socket.write(soundReply(line, files));
      if (line === "quit") socket.end();
    },
    { sequential },
  );
}

describe("over real sockets and files", () => {
  it.each([
    { parallel: 1 },
    { parallel: 4 },
    { parallel: 4, pipeline: 4 },
    { parallel: 3, raw: true },
    { parallel: 2, raw: true, pipeline: 3 },
  ])("our server: the file, its digest, no traces: %j", async (how) => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, "f"), content);
    await using server = new HftpServer({ directory, base64Lines: how.parallel === 4 });
    const { port } = await server.listen({ port: 0 });
    const to = join(temporaryDirectory(), "out");
    const seen: number[] = [];
    const onProgress = ({ bytes }: { bytes: number }): void => void seen.push(bytes);
    const result = await download({ ...quick, ...how, port, to, onProgress, expect: plainDigest(content) });
    expect(result).toMatchObject({ bytes: content.length, sha256: plainDigest(content), path: to });
    expect(readFileSync(to).equals(content)).toBe(true);
    expect(readdirSync(join(to, ".."))).toEqual(["out"]);
    expect(seen.at(-1)).toBe(content.length);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });

  it("H31: --parallel against a server that serves one client at a time", async () => {
    await using server = await serving({ f: content }, true);
    const to = join(temporaryDirectory(), "out");
    const { sha256, ms } = await download({ ...quick, port: server.port, to, parallel: 4 });
    expect(sha256).toBe(plainDigest(content));
    expect(server.mostOpen).toBeGreaterThan(1);
    expect(ms).toBeLessThan(5000); // far below connectTimeoutMs: nothing waits for the silent ones
    await server.until(() => server.open === 0);
  });

  it("H31, H40: connections that break off in every slice are made again, and each byte is kept", async () => {
    let slices = 0;
    await using server = await HostileServer.listen((line, socket) => {
      const reply = soundReply(line, { f: content });
      if (!line.startsWith("get_slice") || slices++ % 3 !== 0) socket.write(reply);
      else socket.end(reply.slice(0, reply.length / 2));
    });
    const to = join(temporaryDirectory(), "out");
    const notices: string[] = [];
    const result = await download({
      ...quick,
      port: server.port,
      to,
      parallel: 3,
      onNotice: ({ code }) => notices.push(code),
    });
    expect(result.sha256).toBe(plainDigest(content));
    expect(notices).toContain("RETRY");
  });

  it("H32: a failure in the middle keeps .part and state, closes every descriptor and socket; resume goes on", async () => {
    let broken = true;
    await using server = await HostileServer.listen((line, socket) => {
      if (broken && line.includes(` ${1024 * 1024} `)) socket.destroy();
      else socket.write(soundReply(line, { f: content }));
    });
    const folder = temporaryDirectory();
    const to = join(folder, "out");
    const options: DownloadOptions = { ...quick, port: server.port, to, maxRetries: 1 };
    await expect(download(options)).rejects.toMatchObject({ code: "RETRIES_EXHAUSTED" });
    expect(readdirSync(folder).sort()).toEqual(["out.part", "out.part.json"]);
    expect(openFiles(folder)).toEqual([]);
    await server.until(() => server.open === 0);
    broken = false;
    server.lines.length = 0;
    const result = await download({ ...options, resume: true });
    expect(result.sha256).toBe(plainDigest(content));
    expect(server.lines[1]).toBe(`get_slice f ${1024 * 1024 - 65_536} 65536`); // H33
    expect(server.lines.some((line) => line.startsWith("get_slice f 0 "))).toBe(false);
    expect(readdirSync(folder)).toEqual(["out"]);
  });

  it("H32: an abort keeps what can be resumed; the error carries the reason", async () => {
    const stop = new AbortController();
    await using server = await HostileServer.listen((line, socket) => {
      if (line.includes(` ${1024 * 1024} `)) stop.abort(new Error("enough"));
      else socket.write(soundReply(line, { f: content }));
    });
    const to = join(temporaryDirectory(), "out");
    const going = download({ ...quick, port: server.port, to, signal: stop.signal });
    await expect(going).rejects.toMatchObject({ code: "ABORTED", cause: new Error("enough") });
    expect([existsSync(to), existsSync(`${to}.part`), existsSync(`${to}.part.json`)]).toEqual([false, true, true]);
    await server.until(() => server.open === 0);
  });

  it("H34: a file that shrinks meanwhile leaves nothing", async () => {
    const files = { f: content };
    await using server = await HostileServer.listen((line, socket) => {
      if (line.includes(` ${1024 * 1024} `)) files.f = content.subarray(0, 1000);
      socket.write(soundReply(line, files));
    });
    const folder = temporaryDirectory();
    const going = download({ ...quick, port: server.port, to: join(folder, "out"), parallel: 2 });
    await expect(going).rejects.toMatchObject({ code: "SIZE_CHANGED" });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("H35: another digest leaves nothing", async () => {
    await using server = await serving({ f: content });
    const folder = temporaryDirectory();
    const going = download({ ...quick, port: server.port, to: join(folder, "out"), expect: "0".repeat(64) });
    await expect(going).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("H32: a file that appears under the final name meanwhile is not replaced", async () => {
    const to = join(temporaryDirectory(), "out");
    await using server = await HostileServer.listen((line, socket) => {
      if (line.startsWith("get_slice")) writeFileSync(to, "mine");
      socket.write(soundReply(line, { f: content }));
    });
    await expect(download({ ...quick, port: server.port, to })).rejects.toMatchObject({ code: "EXISTS" });
    expect(readFileSync(to, "utf8")).toBe("mine");
    expect(statSync(`${to}.part`).size).toBe(content.length);
    await download({ ...quick, port: server.port, to, resume: true, overwrite: true });
    expect(readFileSync(to).equals(content)).toBe(true);
  });

  it("H32: a .part file that is a second name of a finished file is never written to", async () => {
    await using server = await serving({ f: content.subarray(5) });
    const to = join(temporaryDirectory(), "out");
    writeFileSync(to, content);
    linkSync(to, `${to}.part`);
    const state = { format: "hftp-part", version: 1, name: "f", size: content.length - 5, done: [[0, 100]] };
    writeFileSync(`${to}.part.json`, JSON.stringify(state));
    const going = download({ ...quick, port: server.port, to, resume: true, overwrite: true, expect: "0".repeat(64) });
    await expect(going).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    expect(readFileSync(to).equals(content)).toBe(true);
  });

  it("a callback that throws ends the download with what it threw", async () => {
    await using server = await serving({ f: content });
    const folder = temporaryDirectory();
    const onProgress = (): void => {
      throw new Error("mine");
    };
    await expect(download({ ...quick, port: server.port, to: join(folder, "out"), onProgress })).rejects.toThrow(
      "mine",
    );
    expect(openFiles(folder)).toEqual([]);
    await server.until(() => server.open === 0);
  });

  it("wrong options are errors that name the option, before anything is done", async () => {
    await expect(download({ ...quick, to: "" })).rejects.toThrow(/to must be/);
    await expect(download({ ...quick, to: "x", parallel: 65 })).rejects.toThrow(/parallel is 65/);
    await expect(download({ ...quick, to: "x", port: 0 })).rejects.toThrow(/port is 0/);
    await expect(download({ ...quick, to: "/nowhere/at/all", port: 1 })).rejects.toMatchObject({ code: "FILE_ERROR" });
    const folder = temporaryDirectory();
    const nobodyThere = download({ ...quick, to: join(folder, "f"), port: 1 });
    await expect(nobodyThere).rejects.toMatchObject({ code: "CONNECT_FAILED" });
    expect(readdirSync(folder)).toEqual([]);
  });
});

/** Paths below a folder that this process holds open (where the platform tells). */
function openFiles(folder: string): string[] {
  if (!existsSync("/proc/self/fd")) return [];
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(folder) ? [path] : [];
    } catch {
      return [];
    }
  });
}
