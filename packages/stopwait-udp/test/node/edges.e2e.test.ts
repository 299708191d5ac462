/** What happens at the edges of a transfer: nobody there, stopped in the middle, wrong options, an open door. */
import { createSocket, type Socket } from "node:dgram";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { startTypeScript } from "../../../../test/process.js";
import { scratchFolder } from "../../../../test/scratch.js";
import {
  get,
  put,
  StopwaitUdpServer,
  type StopwaitUdpServerOptions,
  serve,
  type TransferOptions,
} from "../../src/index.js";
import { content } from "./content.js";

let base: string;
let served: string;
let stateFolder: string;

beforeEach(() => {
  base = scratchFolder();
  served = join(base, "served");
  stateFolder = join(base, "state");
  mkdirSync(served);
});

async function serving(options: Partial<StopwaitUdpServerOptions> = {}): Promise<number> {
  const { server, port } = await serve({ directory: served, port: 0, writable: true, ...options });
  onTestFinished(() => server.close());
  return port;
}

/** A socket that takes everything and answers as it is told. */
async function fakeServer(
  answer: (bytes: Uint8Array, reply: (bytes: Uint8Array) => void, socket: Socket) => void,
): Promise<number> {
  const socket = createSocket("udp4");
  socket.on("message", (bytes, { port, address }) =>
    answer(bytes, (reply) => socket.send(reply, port, address), socket),
  );
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => socket.close(() => resolve())).catch(() => {}));
  return socket.address().port;
}

/** A port on which nobody listens: somebody just did. */
async function freePort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address() as AddressInfo;
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}

describe("S89: a server that is not there", () => {
  it.each([1, 2] as const)("is told at once (version %i)", async (version) => {
    const options = { port: await freePort(), version, ...(version === 2 && { stateFolder }) };
    const refused = { name: "SocketError", code: "REFUSED" };
    await expect(get({ ...options, name: "a", to: join(base, "a") })).rejects.toMatchObject(refused);
    writeFileSync(join(base, "b"), "b");
    await expect(put({ ...options, from: join(base, "b") })).rejects.toMatchObject(refused);
    expect(
      readdirSync(base)
        .filter((name) => name !== "state")
        .sort(),
    ).toEqual(["b", "served"]);
  });

  it("is told as a name that cannot be found", async () => {
    const options = { host: "nowhere.invalid", name: "a", to: join(base, "a"), stateFolder };
    await expect(get(options)).rejects.toMatchObject({ name: "SocketError", code: "RESOLVE" });
  });

  it("that is silent is waited for as long as was said", async () => {
    const port = await fakeServer(() => {});
    const options = {
      port,
      name: "a",
      to: join(base, "a"),
      stateFolder,
      initialRtoMs: 20,
      minRtoMs: 20,
      giveUpMs: 200,
    };
    await expect(get(options)).rejects.toMatchObject({ name: "TransferError", code: "timeout" });
  });

  it("that goes away in the middle is a loss like others, and not the end, until the bound", async () => {
    writeFileSync(join(served, "a"), content(200_000));
    const { server, port } = await serve({ directory: served, port: 0 });
    let closing: Promise<void> | undefined;
    const options = { port, name: "a", to: join(base, "a"), stateFolder, blockBytes: 1000, giveUpMs: 300 };
    const fetching = get({
      ...options,
      onProgress: ({ bytes }) => {
        if (bytes >= 100_000) closing ??= server.close();
      },
    });
    await expect(fetching).rejects.toMatchObject({ name: "TransferError", code: "timeout" });
    await closing;
    const again = await serve({ directory: served, port });
    onTestFinished(() => again.server.close());
    const { bytes, statistics } = await get({ ...options, resume: true });
    expect([bytes, statistics.bytesReceived < 150_000]).toEqual([200_000, true]);
    expect(Buffer.from(content(200_000)).equals(readFileSync(join(base, "a")))).toBe(true);
  });
});

describe("S92: a transfer that is stopped", () => {
  it("before it begins does nothing", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(get({ port: 1, name: "a", to: join(base, "a"), stateFolder, signal })).rejects.toThrow("enough");
    expect(existsSync(stateFolder)).toBe(false);
  });

  it.each(["get", "put"] as const)(
    "in the middle of a %s keeps its part, and goes on from there with resume",
    async (operation) => {
      const port = await serving();
      const bytes = content(3_000_000);
      const [near, far] = operation === "get" ? [base, served] : [served, base];
      writeFileSync(join(far, "a"), bytes);
      const controller = new AbortController();
      const options = { port, stateFolder, blockBytes: 1376, name: "a" };
      const transfer = (more: Partial<TransferOptions>): ReturnType<typeof put> =>
        operation === "get"
          ? get({ ...options, to: join(base, "a"), ...more })
          : put({ ...options, from: join(base, "a"), ...more });
      const stopped = transfer({
        signal: controller.signal,
        onProgress: (one) => {
          if (one.bytes > 1_500_000) controller.abort(new Error("enough"));
        },
      });
      await expect(stopped).rejects.toThrow("enough");
      expect(existsSync(join(near, "a"))).toBe(false);
      expect(readdirSync(join(near, ".stopwait-parts"))).toEqual([expect.stringMatching(/^[0-9a-f]{16}\..*part$/)]);
      const { statistics, resumedAt } = await transfer({ resume: true });
      expect([resumedAt > 1_400_000, resumedAt < 3_000_000]).toEqual([true, true]);
      expect(Buffer.from(bytes).equals(readFileSync(join(near, "a")))).toBe(true);
      expect(statistics.packetsSent).toBeLessThan(1300); // all of it would be 2,181 blocks
      expect([existsSync(join(near, ".stopwait-parts")) && operation === "get", readdirSync(stateFolder)]).toEqual([
        false,
        [],
      ]);
    },
  );

  it("by what its onProgress or onDatagram throws rejects with that", async () => {
    const port = await serving();
    writeFileSync(join(served, "a"), content(100_000));
    const fail = (): void => {
      throw new Error("no display");
    };
    const failReceiving = ({ direction }: { readonly direction: string }): void => {
      if (direction === "received") fail();
    };
    for (const watching of [{ onProgress: fail }, { onDatagram: fail }, { onDatagram: failReceiving }]) {
      const options = { port, name: "a", to: join(base, "a"), stateFolder, ...watching };
      await expect(get(options)).rejects.toThrow("no display");
    }
  });

  it("after the last packet of a PUT is unknown; so is one whose end is never answered", async () => {
    const port = await serving();
    const relay = createSocket("udp4");
    onTestFinished(() => new Promise<void>((resolve) => relay.close(() => resolve())));
    let client = 0;
    let ends = 0;
    const controller = new AbortController();
    relay.on("message", (bytes, from) => {
      if (from.port === port) return relay.send(bytes, client, "127.0.0.1");
      client = from.port;
      if (bytes[0] !== 0xa5) return relay.send(bytes, port, "127.0.0.1");
      if (++ends === 1) controller.abort(new Error("enough")); // FIN is lost
    });
    await new Promise<void>((resolve) => relay.bind(0, "127.0.0.1", resolve));
    writeFileSync(join(base, "a"), "content");
    const options = { port: relay.address().port, stateFolder, from: join(base, "a") };
    const unknown = { name: "UnknownOutcomeError", code: "UNKNOWN" };
    const stopped = await put({ ...options, signal: controller.signal }).catch((error: unknown) => error);
    expect(stopped).toMatchObject({ ...unknown, cause: expect.objectContaining({ message: "enough" }) });
    await expect(put({ ...options, giveUpMs: 200, name: "b" })).rejects.toMatchObject(unknown);
    expect(readdirSync(served).filter((name) => !name.startsWith("."))).toEqual([]);
  });
});

describe("S90: wrong options are named, and nothing is sent", () => {
  const wrong: readonly (readonly [Readonly<Record<string, unknown>>, RegExp])[] = [
    [{ port: 65_536 }, /^RangeError: port is 65536/],
    [{ port: "1" }, /^TypeError: port must be/],
    [{ host: "" }, /^TypeError: host must be/],
    [{ name: "" }, /^TypeError: name must be/],
    [{ name: "../x" }, /^RangeError: remoteName/],
    [{ to: 7 }, /^TypeError: to must be/],
    [{ version: 3 }, /^RangeError: version is 3/],
    [{ window: 33 }, /^RangeError: window is 33/],
    [{ blockBytes: 0 }, /^RangeError: blockBytes is 0/],
    [{ version: 1, window: 2 }, /^TypeError: window is an option of version 2 alone/],
    [{ retransmitMs: 100 }, /^TypeError: retransmitMs is an option of version 1 alone/],
    [{ secret: new Uint8Array(15) }, /^RangeError: secret has 15 bytes/],
    [{ secret: "sixteen letters and more" }, /^TypeError: secret must be/],
    [{ stateFolder: 5 }, /^TypeError: stateFolder must be/],
    [{ receiveBufferBytes: 0 }, /^RangeError: receiveBufferBytes is 0/],
    [{ giveUpMs: 0 }, /^RangeError: giveUpMs is 0/],
    [{ checksums: ["md5"] }, /^RangeError: checksums/],
    [{ blockbytes: 100 }, /^TypeError: there is no option "blockbytes"; did you mean blockBytes\?/],
    [{ timeoutMs: 100 }, /^TypeError: there is no option "timeoutMs"/],
  ];
  it.each(wrong)("get %j", async (options, message) => {
    let heard = 0;
    const port = await fakeServer(() => heard++);
    const stored = options["version"] === 1 ? {} : { stateFolder };
    const all = { port, name: "a", to: join(base, "a"), ...stored, ...options };
    const error = await get(all as Parameters<typeof get>[0]).catch((thrown: unknown) => String(thrown));
    expect(error).toMatch(message);
    expect(heard).toBe(0);
  });

  it.each([
    [{ directory: "" }, /^TypeError: directory/],
    [{ partTtlMs: 1 }, /^RangeError: partTtlMs is 1/],
    [{ maxSessions: 0 }, /^RangeError: maxSessions is 0/],
    [{ secret: {} as Uint8Array }, /^TypeError: secret must be/],
    [{ maxWindow: 33 }, /^RangeError: maxWindow is 33/],
    [{ secret: new Uint8Array(3) }, /^RangeError: secret has 3 bytes/],
    [{ writeable: true }, /^TypeError: there is no option "writeable"; did you mean writable\?/],
  ])("a server with %j", (options, message) => {
    const make = (): unknown => new StopwaitUdpServer({ directory: served, ...options });
    expect(String(catching(make))).toMatch(message);
  });
});

it("S90: misspelt options of put, serve and listen are refused, too", async () => {
  const at = { port: 1, from: "a" };
  await expect(put({ ...at, signals: 1 } as typeof at)).rejects.toThrow(/no option "signals"; did you mean signal\?/);
  const here = { directory: served, prot: 0 };
  await expect(serve(here)).rejects.toThrow(/no option "prot"; did you mean port\?/);
  const { directory } = here;
  const listening = new StopwaitUdpServer({ directory }).listen({ hosts: "::1" } as object);
  await expect(listening).rejects.toThrow(/no option "hosts"; did you mean host\?/);
});

describe("S87: a server lets nobody write from other machines by accident", () => {
  it("writable on all addresses needs a secret or a word", async () => {
    const listen = async (options: Partial<StopwaitUdpServerOptions>): Promise<string> => {
      const server = new StopwaitUdpServer({ directory: served, ...options });
      onTestFinished(() => server.close());
      return await server.listen({ host: "0.0.0.0", port: 0 }).then(
        () => "listens",
        (error: { readonly code: string }) => error.code,
      );
    };
    expect(await listen({ writable: true })).toBe("INSECURE");
    expect(await listen({ writable: true, insecureWrite: true })).toBe("listens");
    expect(await listen({ writable: true, secret: new Uint8Array(16) })).toBe("listens");
    expect(await listen({})).toBe("listens");
  });

  it("a port that is taken, and an address that is none of this machine's", async () => {
    const port = await serving();
    await expect(serve({ directory: served, port })).rejects.toMatchObject({ name: "SocketError", code: "LISTEN" });
    await expect(serve({ directory: served, host: "192.0.2.1", port: 0 })).rejects.toMatchObject({ code: "LISTEN" });
  });
});

it("S92: a program that has fetched, failed and served ends by itself", async () => {
  writeFileSync(join(served, "a"), content(10_000));
  const program = `
    import { get, serve } from ${JSON.stringify(new URL("../../src/index.ts", import.meta.url).pathname)};
    const { server, port } = await serve({ directory: "served", port: 0, writable: true });
    const options = { port, stateFolder: "state" };
    await get({ ...options, name: "a", to: "copy" });
    await get({ ...options, name: "no", to: "none" }).catch((error) => console.log(error.code));
    await get({ ...options, port: 1, name: "no", to: "none" }).catch((error) => console.log(error.code));
    await server.close();
    await server.close();
    console.log("done");`;
  const file = join(base, "program.mts");
  writeFileSync(file, program);
  const { code, stdout } = await startTypeScript(file, [], { cwd: base }).exited;
  expect([code, stdout.trim().split("\n")]).toEqual([0, ["not-found", "REFUSED", "done"]]);
});

function catching(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}
