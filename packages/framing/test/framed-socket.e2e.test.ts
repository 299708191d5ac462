import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { expect, it } from "vitest";
import { itWith } from "../../../test/components.js";
import { start } from "../../../test/process.js";
import { decodeBodies, encodeBody, FramedSocket } from "../src/index.js";
import { announcing, collect, frame, plain, text } from "./bytes.js";

async function listening(serve: (socket: Socket) => void): Promise<{ port: number; server: Server } & AsyncDisposable> {
  const server = createServer({ allowHalfOpen: true }, serve);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return { port, server, [Symbol.asyncDispose]: async () => void server.close() };
}

async function connected(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1" });
  await once(socket, "connect");
  return socket;
}

it("F18: frames of all sizes go to a server over TCP and back", async () => {
  await using echo = await listening(async (socket) => {
    await using framed = new FramedSocket(socket);
    for (let batch = await framed.readBatch(); batch !== undefined; batch = await framed.readBatch()) {
      await framed.writeMany(batch);
    }
  });
  await using framed = new FramedSocket(await connected(echo.port));
  const sizes = [0, 1, 15, 16, 1023, 16_383, 16_384, 65_536, 1_000_000, 0, 5_000_000];
  const payloads = sizes.map((size, index) => new Uint8Array(size).fill(index));
  const writing = framed.writeMany(payloads).then(() => framed.end());
  let index = 0;
  for await (const one of framed) {
    const payload = payloads[index++] as Uint8Array;
    expect(Buffer.compare(one, payload)).toBe(0);
  }
  await writing;
  expect(index).toBe(payloads.length);
});

it("F18: a server that takes over with rest() speaks another protocol on the same connection", async () => {
  await using server = await listening(async (socket) => {
    const framed = new FramedSocket(socket);
    const first = await framed.read();
    await framed.write(first ?? text("nothing"));
    const rest = framed.rest();
    socket.write(rest);
    socket.pipe(socket); // an echo of plain bytes from here on
    socket.resume();
  });
  const socket = await connected(server.port);
  socket.write(Buffer.concat([frame(text("switch")), text("plain ")]));
  socket.end("bytes");
  const answer = Buffer.concat((await collect(socket)) as Buffer[]);
  expect(answer.toString("latin1")).toBe(`${Buffer.from(frame(text("switch"))).toString("latin1")}plain bytes`);
});

it("F18: a reset connection is a CONNECTION_FAILED with the system's error as cause", async () => {
  await using server = await listening((socket) => void socket.once("data", () => socket.resetAndDestroy()));
  const framed = new FramedSocket(await connected(server.port));
  await framed.write(text("x"));
  await expect(framed.read()).rejects.toThrow(
    expect.objectContaining({ code: "CONNECTION_FAILED", cause: expect.objectContaining({ code: "ECONNRESET" }) }),
  );
  await framed.close();
});

it("F4: a peer that ends inside a frame is a truncation, after the frame before it", async () => {
  await using server = await listening((socket) => {
    socket.end(Buffer.concat([frame(text("good")), announcing(100n), text("cut")]));
  });
  await using framed = new FramedSocket(await connected(server.port));
  expect(plain([(await framed.read()) as Uint8Array])).toEqual(plain([text("good")]));
  await expect(framed.read()).rejects.toThrow(
    expect.objectContaining({ code: "TRUNCATED_FRAME", frameIndex: 1, have: 3, want: 100, inHeader: false }),
  );
});

it("F14: a body of 64 MiB goes over TCP chunk by chunk", async () => {
  const size = 64 * 1024 * 1024;
  await using server = await listening(async (socket) => {
    function* source(): Generator<Uint8Array> {
      for (let count = 0; count < size / 65_536; count++) yield new Uint8Array(65_536).fill(count);
    }
    for await (const chunk of encodeBody(size, source())) if (!socket.write(chunk)) await once(socket, "drain");
    socket.end();
  });
  const socket = await connected(server.port);
  let got = 0;
  for await (const { length, body } of decodeBodies(socket)) {
    expect(length).toBe(size);
    for await (const bytes of body) {
      if (bytes[0] !== (Math.floor(got / 65_536) & 0xff)) throw new Error(`wrong byte at ${got}`);
      got += bytes.length;
    }
  }
  expect(got).toBe(size);
});

const peer = `
import socket, struct, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
def read(n):
    data = b""
    while len(data) < n:
        more = s.recv(n - len(data))
        if not more: sys.exit("ended early")
        data += more
    return data
for payload in (b"hi", b"", b"x" * 300000):
    s.sendall(struct.pack(">Q", len(payload)) + payload)
    length, = struct.unpack(">Q", read(8))
    assert read(length) == payload[::-1]
s.shutdown(socket.SHUT_WR)
assert s.recv(1) == b""
print("agreed")
`;

itWith("python3", "F1: a program of ten lines in another language speaks the same format", async () => {
  await using server = await listening(async (socket) => {
    await using framed = new FramedSocket(socket);
    for await (const one of framed) await framed.write(one.slice().reverse());
  });
  await using python = start("python3", ["-c", peer, String(server.port)]);
  expect(await python.exited).toMatchObject({ code: 0, stdout: "agreed\n", stderr: "" });
});
