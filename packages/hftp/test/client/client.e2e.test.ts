import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { HftpClient } from "../../src/node/client.js";
import { HftpServer } from "../../src/node/server.js";
import { temporaryDirectory } from "../temporary.js";
import { HostileServer, soundReply } from "./hostile-server.js";

const pattern = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8)) & 0xff);

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

describe("against our server", () => {
  it.each([false, true])(
    "H36, H38: lists, tells sizes and reads, as base64 and raw (base64Lines %s)",
    async (base64Lines) => {
      const directory = temporaryDirectory();
      const content = pattern(1_000_003);
      writeFileSync(join(directory, "a.bin"), content);
      writeFileSync(join(directory, "empty"), "");
      await using server = new HftpServer({ directory, base64Lines });
      const { port } = await server.listen({ port: 0 });
      await using client = await HftpClient.connect({ port });
      expect((await client.names()).sort()).toEqual(["a.bin", "empty"]);
      expect(await client.stat("a.bin")).toEqual({ size: content.length });
      expect(await client.help()).toContain("get_slice");
      for (const raw of [false, true]) {
        expect((await collect(client.read("a.bin", { raw, sliceBytes: 300_000 }))).equals(content)).toBe(true);
        const middle = await collect(client.slice("a.bin", { offset: 1000, size: 5, raw }));
        expect(middle.equals(content.subarray(1000, 1005))).toBe(true);
        expect(await collect(client.read("empty", { raw }))).toHaveLength(0);
      }
      await expect(client.stat("nope")).rejects.toMatchObject({
        code: "STATUS_202",
        status: 202,
        text: "FILE NOT FOUND",
      });
      await expect(client.stat("../etc")).rejects.toMatchObject({ code: "INVALID_REQUEST" });
      await expect(collect(client.slice("a.bin", { offset: content.length, size: 1 }))).rejects.toMatchObject({
        status: 203,
      });
      await client.quit();
      expect(client.usable).toBe(false);
      await expect(client.stat("a.bin")).rejects.toMatchObject({ name: "LocalProtocolError", code: "AFTER_QUIT" });
    },
  );

  it("many requests at once are answered, in order, one after another", async () => {
    const directory = temporaryDirectory();
    for (let size = 0; size < 40; size++) writeFileSync(join(directory, `f${size}`), "x".repeat(size));
    await using server = new HftpServer({ directory });
    const { port } = await server.listen({ port: 0 });
    await using client = await HftpClient.connect({ port, maxPipelined: 8 });
    const sizes = await Promise.all(Array.from({ length: 40 }, (_, size) => client.stat(`f${size}`)));
    expect(sizes.map(({ size }) => size)).toEqual(Array.from({ length: 40 }, (_, size) => size));
  });
});

describe("backpressure and ends", () => {
  it("H40: a slow reader holds the server back: what is under way stays small", async () => {
    const size = 48 * 2 ** 20;
    const piece = Buffer.alloc(64 * 1024, 7);
    let sent = 0;
    await using server = await HostileServer.listen(async (_line, socket) => {
      socket.write(`0 OK\r\nContent-Length: ${size}\r\n\r\n`);
      for (; sent < size; sent += piece.length) if (!socket.write(piece)) await once(socket, "drain");
    });
    await using client = await HftpClient.connect({ port: server.port, highWaterBytes: 256 * 1024 });
    let received = 0;
    let most = 0;
    for await (const chunk of client.slice("f", { size, raw: true })) {
      received += chunk.length;
      if (received < 8 * 2 ** 20) await turn();
      most = Math.max(most, sent - received);
    }
    expect(received).toBe(size);
    expect(most).toBeLessThan(16 * 2 ** 20); // the buffers of the two sockets
  });

  it("leaving the loop early closes the connection", async () => {
    await using server = await HostileServer.listen((_line, socket) => {
      socket.write(`0 OK\r\nContent-Length: 1000000\r\n\r\nabc`);
    });
    await using client = await HftpClient.connect({ port: server.port });
    for await (const chunk of client.slice("f", { size: 1_000_000, raw: true })) {
      expect(Buffer.from(chunk).toString()).toBe("abc");
      break;
    }
    await server.until(() => server.open === 0);
    expect(client.usable).toBe(false);
  });

  it("an AbortSignal stops a request with its reason, and the connection with it", async () => {
    await using server = await HostileServer.listen(() => {});
    await using client = await HftpClient.connect({ port: server.port });
    const stop = new AbortController();
    const stat = client.stat("f", { signal: stop.signal });
    await server.until(() => server.lines.length === 1);
    stop.abort(new Error("enough"));
    await expect(stat).rejects.toThrow("enough");
    await server.until(() => server.open === 0);
    await expect(client.stat("f", { signal: stop.signal })).rejects.toThrow("enough");
    await expect(HftpClient.connect({ port: server.port, signal: stop.signal })).rejects.toThrow("enough");
  });

  it("wrong options are errors that name the option", async () => {
    await expect(HftpClient.connect({ port: 70_000 })).rejects.toThrow(/port is 70000, .* from 1 to 65535/);
    await expect(HftpClient.connect({ highWaterBytes: 0 })).rejects.toThrow(/highWaterBytes/);
    await expect(HftpClient.connect({ replyTimeoutMs: -1 })).rejects.toThrow(/replyTimeoutMs/);
  });
});

describe("H39: servers that are wrong", () => {
  const reply =
    (text: string, then: (socket: Socket) => void = () => {}) =>
    (_line: string, socket: Socket): void => {
      socket.write(text, "latin1");
      then(socket);
    };
  const end = (socket: Socket): void => {
    socket.end();
  };

  it.each([
    ["garbage", reply("\x00\xff\xfe garbage \r\n\r\n"), "RemoteProtocolError", "BAD_REPLY"],
    ["HTTP", reply("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", end), "RemoteProtocolError", "BAD_REPLY"],
    ["too few bytes, then the end", reply("0 OK\r\nYWJj\r\n", end), "ConnectionError", "CLOSED"],
    ["too many bytes", reply("0 OK\r\nYWJjYWJjYWJj\r\n"), "RemoteProtocolError", "BAD_REPLY"],
    ["base64 of the wrong alphabet", reply("0 OK\r\nYW!jYWI=\r\n"), "RemoteProtocolError", "BAD_REPLY"],
    ["the end in the middle", reply("0 OK\r\nYWJ", end), "ConnectionError", "CLOSED"],
    ["the end at once", (_line: string, socket: Socket) => end(socket), "ConnectionError", "CLOSED"],
    ["a reset", (_line: string, socket: Socket) => void socket.resetAndDestroy(), "ConnectionError", "CLOSED"],
    ["never an answer", () => {}, "ConnectionError", "TIMEOUT"],
    ["half an answer, and silence", reply("0 OK\r\nYW"), "ConnectionError", "TIMEOUT"],
    ["a fatal reply", reply("199 INTERNAL SERVER ERROR\r\n", end), "ReplyError", "STATUS_199"],
    ["endless text", (_line: string, socket: Socket) => void flood(socket), "RemoteProtocolError", "BAD_REPLY"],
  ])("%s", async (_title, onLine, name, code) => {
    await using server = await HostileServer.listen(onLine);
    await using client = await HftpClient.connect({ port: server.port, connectTimeoutMs: 150, replyTimeoutMs: 100 });
    await expect(collect(client.slice("f", { size: 5 }))).rejects.toMatchObject({ name, code });
    await server.until(() => server.open === 0);
  });

  it("a trickle of one byte at a time is no error", async () => {
    const content = pattern(200);
    await using server = await HostileServer.listen(async (line, socket) => {
      socket.setNoDelay(true);
      for (const byte of soundReply(line, { f: content })) {
        socket.write(byte, "latin1");
        await turn();
      }
    });
    await using client = await HftpClient.connect({ port: server.port });
    expect((await collect(client.read("f"))).equals(content)).toBe(true);
  });

  it("H37: names like paths come through as text", async () => {
    const evil = ["../../etc/passwd", "/abs", "a b", "C:\\x", "..", "\x1b[2J"];
    await using server = await HostileServer.listen(reply(`0 OK\r\n${evil.join("\r\n")}\r\n\r\n`));
    await using client = await HftpClient.connect({ port: server.port });
    expect(await client.names()).toEqual(evil);
  });

  it("H40: more names than asked for are an error", async () => {
    await using server = await HostileServer.listen(reply("0 OK\r\na\r\nb\r\nc\r\n\r\n"));
    await using client = await HftpClient.connect({ port: server.port });
    await expect(client.names({ maxNames: 2 })).rejects.toMatchObject({ code: "TOO_MANY_NAMES" });
  });

  it("nobody there: CONNECT_FAILED at once, with the address", async () => {
    const server = await HostileServer.listen(() => {});
    const { port } = server;
    await server[Symbol.asyncDispose]();
    await expect(HftpClient.connect({ port })).rejects.toMatchObject({
      code: "CONNECT_FAILED",
      message: expect.stringContaining(`127.0.0.1:${port}`),
    });
  });
});

it("the exchange is told to onTranscript and on the channel lab:hftp:client", async () => {
  const told: string[] = [];
  const heard: string[] = [];
  const listener = (event: unknown): void => {
    const { type, entry } = event as { readonly type: string; readonly entry?: { readonly line: string } };
    heard.push(entry?.line ?? type);
  };
  subscribe("lab:hftp:client", listener);
  try {
    await using server = await HostileServer.listen((line, socket) => {
      socket.write(soundReply(line, { f: pattern(3) }));
    });
    await using client = await HftpClient.connect({ port: server.port, onTranscript: ({ line }) => told.push(line) });
    await collect(client.read("f"));
    await client.quit();
  } finally {
    unsubscribe("lab:hftp:client", listener);
  }
  const lines = ["get_metadata f", "0 OK", "3", "get_slice f 0 3", "0 OK", "... 3 bytes as base64", "quit", "0 OK"];
  expect(told).toEqual(lines);
  expect(heard).toEqual(["open", ...lines, "lost"]);
});

/** Sends letters until the client is gone. */
async function flood(socket: Socket): Promise<void> {
  const text = Buffer.alloc(64 * 1024, "x");
  const go = (): Promise<void> => new Promise((resolve) => void socket.once("drain", resolve).once("close", resolve));
  while (!socket.destroyed) if (!socket.write(text)) await go();
}
