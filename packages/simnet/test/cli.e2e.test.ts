import { readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { itWith } from "../../../test/components.js";
import { type RunningProcess, run, start } from "../../../test/process.js";
import { bundled } from "../../../test/programs.js";
import { scratchFolder } from "../../../test/scratch.js";
import { TcpPeer, TcpServer } from "./tcp-peers.js";
import { UdpPeer } from "./udp-peers.js";

const command = bundled(new URL("../src/cli/main.ts", import.meta.url));

function simnet(...args: readonly (string | number)[]): RunningProcess {
  return start(process.execPath, [command, ...args.map(String)]);
}

/** Ends a proxy with Ctrl-C; answers what it printed. */
async function interrupt(proxy: RunningProcess): Promise<string> {
  proxy.signal("SIGINT");
  const { code, stdout } = await proxy.exited;
  expect(code).toBe(0);
  return stdout;
}

it("N67: a wrong command line is code 2, and says what is wrong on standard error", async () => {
  const { code, stdout, stderr } = await simnet("udp-proxy", "--to", 99_999).exited;
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/'--to <\[host:\]port>' argument '99999' is invalid.*from 1 to 65535/);
});

it("N67: an address that is taken, and a file that cannot be written, are code 1, and no file is touched", async () => {
  const earlier = join(scratchFolder({ capture: "of a proxy that runs" }), "capture");
  await using taken = await UdpPeer.open();
  const busy = simnet("udp-proxy", "--listen", taken.port, "--to", 1, "--pcap", earlier, "--trace", earlier);
  const lost = ["--pcap", "--trace"].map((option) => simnet("tcp-proxy", "--to", 1, option, "/nowhere/file"));
  const full = ["--pcap", "--trace"].map((option) => simnet("udp-proxy", "--to", 1, option, "/dev/full"));
  const expected = [
    /EADDRINUSE.*--listen 0 takes a free port/,
    /ENOENT.*\/nowhere\/file/,
    /ENOENT/,
    /ENOSPC/,
    /ENOSPC/,
  ];
  for (const [at, proxy] of [busy, ...lost, ...full].entries()) {
    const { code, stdout, stderr } = await proxy.exited;
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(expected[at] ?? "");
  }
  expect(readFileSync(earlier, "utf8")).toBe("of a proxy that runs");
});

it("N66, N67: what cannot be written at the end does not take the summary away", async () => {
  const pictures = scratchFolder();
  const proxy = simnet("udp-proxy", "--to", 1, "--trace", join(pictures, "picture.svg"));
  await proxy.port();
  rmSync(pictures, { recursive: true });
  proxy.signal("SIGINT");
  const { code, stdout, stderr } = await proxy.exited;
  expect([code, stdout, stderr]).toEqual([1, expect.stringContaining("0 clients"), expect.stringContaining("ENOENT")]);
});

it("N64: --reset-after and --freeze-after cut in the middle, in the direction that is asked for", async () => {
  await using server = await TcpServer.echo();
  const resetting = simnet("tcp-proxy", "--to", server.port, "--reset-after", 4);
  const freezing = simnet("tcp-proxy", "--to", server.port, "--freeze-after", 5, "--cut-direction", "to-server");
  {
    await using client = await TcpPeer.connect(await resetting.port());
    client.socket.write("a message");
    expect(await client.closed).toMatch(/ECONNRESET/);
    expect(client.text).toBe("a me");
  }
  {
    await using client = await TcpPeer.connect(await freezing.port());
    client.socket.write("a message");
    await client.until((heard) => heard.length === 5);
    expect(client.text).toBe("a mes");
    expect(await interrupt(freezing)).toMatch(/bytes in +9 +5\n *bytes out +5 +5\n/);
    expect(client.text).toBe("a mes");
  }
  expect(await interrupt(resetting)).toMatch(/1 connection, /);
});

it("N66: says where it listens, its seed, and on Ctrl-C what happened and why", async () => {
  await using server = await UdpPeer.echo();
  await using client = await UdpPeer.open();
  const proxy = simnet("udp-proxy", "--to", server.port, "--to-client", "drop=100%");
  const port = await proxy.port();
  await client.send(port, "one", "three");
  await server.hears(2);
  const stdout = await interrupt(proxy);
  expect(stdout).toMatch(/^listening on 127\.0\.0\.1:\d+\nseed (\d+) \(--seed \1 repeats/);
  expect(stdout).toMatch(/packets in +2 +\d\n/);
  expect(stdout).toMatch(/bytes out +8 +0\n/);
  expect(stdout).toMatch(/1 client, seed \d+/);
});

it("N66: SIGTERM ends it in the same way; a given seed is not announced, but named in the end", async () => {
  const proxy = simnet("tcp-proxy", "--to", 1, "--seed", 7);
  await proxy.port();
  proxy.signal("SIGTERM");
  const { code, stdout } = await proxy.exited;
  expect(code).toBe(0);
  expect(stdout).toMatch(/^listening on .*\n\n/);
  expect(stdout).toMatch(/0 connections, seed 7\n$/);
});

it("N51, N66: --seed repeats what happens", async () => {
  const heard = async (seed: number): Promise<string[]> => {
    await using server = await UdpPeer.open();
    await using client = await UdpPeer.open();
    const proxy = simnet("udp-proxy", "--to", server.port, "--seed", seed, "--drop", "0.5", "--corrupt", "0.5");
    const port = await proxy.port();
    await client.send(port, ...Array.from({ length: 50 }, (_, at) => `datagram ${at}`));
    await server.hears(5);
    await interrupt(proxy);
    return server.texts.slice(0, 5);
  };
  const [first, again, other] = await Promise.all([7, 7, 8].map(heard));
  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
});

it("N68: --course has a queue of three, and other options change it", async () => {
  await using server = await UdpPeer.open();
  await using client = await UdpPeer.open();
  const proxy = simnet("udp-proxy", "--course", "--listen", 0, "--to", server.port, "--seed", 1, "--delay", 1);
  const port = await proxy.port();
  await client.send(port, ...Array.from({ length: 10 }, () => Buffer.alloc(5_000)));
  await server.hears(3);
  const stdout = await interrupt(proxy);
  expect(stdout).toMatch(/packets in +10 /);
  expect(stdout).toMatch(/the queue was full +7 /);
});

describe("files", () => {
  /** The lines that tshark prints of a capture; it must not complain. */
  async function tshark(file: string, ...args: readonly string[]): Promise<string[]> {
    const verbose = ["-o", "udp.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"];
    const { code, stdout, stderr } = await run("tshark", ["-r", file, ...verbose, ...args]);
    expect(stderr.replace(/^Running as user.*\n/m, "")).toBe("");
    expect(code).toBe(0);
    return stdout
      .trimEnd()
      .split("\n")
      .filter((line) => line !== "");
  }
  /** A wrong checksum, or a warning (0x600000) or an error; every reset is a warning to Wireshark. */
  const faulty =
    "ip.checksum.status == 0 || udp.checksum.status == 0 || tcp.checksum.status == 0 || _ws.malformed || " +
    "(_ws.expert.severity >= 0x600000 && !(tcp.flags.reset == 1))";

  itWith(
    "tshark",
    "N69: --pcap of UDP: what the client sent, and what reached it, lost and doubled or not",
    async () => {
      const file = join(scratchFolder(), "capture.pcapng");
      await using server = await UdpPeer.echo();
      await using client = await UdpPeer.open();
      const impairments = ["--to-server", "dup=1", "--to-client", "drop=0.5", "--seed", 3];
      const proxy = simnet("udp-proxy", "--to", server.port, ...impairments, "--pcap", file);
      const port = await proxy.port();
      for (let count = 0; count < 20; count++) await client.send(port, Buffer.alloc(100, count));
      await server.hears(40);
      const stdout = await interrupt(proxy);
      const answered = Number(/packets out +\d+ +(\d+)/.exec(stdout)?.[1]);
      const ports = await tshark(file, "-T", "fields", "-e", "udp.srcport", "-e", "udp.dstport", "-e", "udp.length");
      expect(ports.filter((line) => line === `${client.port}\t${port}\t108`)).toHaveLength(20);
      expect(ports.filter((line) => line === `${port}\t${client.port}\t108`)).toHaveLength(answered);
      expect(ports).toHaveLength(20 + answered);
      expect(await tshark(file, "-Y", faulty)).toEqual([]);
    },
  );

  itWith("tshark", "N69: --pcap --pcap-side both of TCP: streams that are ended, reset and refused", async () => {
    const file = join(scratchFolder(), "capture.pcapng");
    await using server = await TcpServer.echo();
    const flags = [
      "--segment",
      "1-50",
      "--drop",
      "0.1",
      "--stall",
      "1",
      "--seed",
      3,
      "--pcap",
      file,
      "--pcap-side",
      "both",
    ];
    const proxy = simnet("tcp-proxy", "--to", server.port, ...flags);
    const port = await proxy.port();
    const bytes = Buffer.alloc(3_000, "0123456789");
    {
      await using client = await TcpPeer.connect(port);
      client.socket.end(bytes);
      expect((await client.ended()).equals(bytes)).toBe(true);
      await client.closed;
    }
    {
      await using client = await TcpPeer.connect(port);
      client.socket.write("half");
      await client.until((heard) => heard.length === 4);
      (await server.peer(1)).socket.resetAndDestroy();
      await client.closed;
    }
    await server[Symbol.asyncDispose]();
    {
      await using client = new TcpPeer(connect(port, "127.0.0.1"));
      client.socket.write("nobody");
      await client.closed;
    }
    await interrupt(proxy);
    expect(await tshark(file, "-Y", faulty)).toEqual([]);
    expect(await tshark(file, "-Y", "tcp.analysis.flags && !tcp.analysis.reused_ports")).toEqual([]);
    const streams = new Set(await tshark(file, "-T", "fields", "-e", "tcp.stream"));
    expect(streams.size).toBe(6); // three connections on each side
    const followed = await tshark(file, "-q", "-z", "follow,tcp,raw,0");
    const payload = followed.filter((line) => /^[0-9a-f]+$/.test(line)).join("");
    expect(Buffer.from(payload, "hex").equals(bytes)).toBe(true);
  });

  it("N69: --trace draws what was lost; --verbose says it", async () => {
    const file = join(scratchFolder(), "picture.svg");
    await using server = await UdpPeer.open();
    await using client = await UdpPeer.open();
    const proxy = simnet("udp-proxy", "--to", server.port, "--queue", 1, "--rate", 10, "--trace", file, "--verbose");
    const port = await proxy.port();
    await client.send(port, "first", "second");
    await server.hears(1);
    proxy.signal("SIGINT");
    const { code, stderr } = await proxy.exited;
    expect(code).toBe(0);
    expect(stderr).toMatch(/client-1 -> server {2}#1 5 bytes\n/);
    expect(stderr).toMatch(/client-1 -> server {2}#2 6 bytes lost: queue\n/);
    expect(stderr).toMatch(/#1 5 bytes arrived after/);
    const svg = readFileSync(file, "utf8");
    expect(svg).toMatch(/^<svg/);
    for (const word of ["client-1", "server", "queue"]) expect(svg).toContain(word);
  });
});

itWith("python3", "N50: a client and a server in Python, through 20 % loss, doubling and reordering", async () => {
  const files = scratchFolder({
    "server.py": `
import socket
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("127.0.0.1", 0))
print("listening on 127.0.0.1:%d" % sock.getsockname()[1], flush=True)
while True:
    data, peer = sock.recvfrom(65536)
    sock.sendto(data.upper(), peer)
`,
    "client.py": `
import socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.settimeout(0.05)
for number in range(50):
    question = b"question %d" % number
    answer = None
    while answer != question.upper():
        sock.sendto(question, ("127.0.0.1", int(sys.argv[1])))
        try:
            answer = sock.recv(65536)
        except socket.timeout:
            pass
print("fifty answers")
`,
  });
  await using server = start("python3", [join(files, "server.py")]);
  const flags = ["--drop", "20%", "--dup", "20%", "--reorder", "20%", "--reorder-delay", 5, "--seed", 7];
  const proxy = simnet("udp-proxy", "--to", await server.port(), ...flags);
  const { code, stdout, stderr } = await run("python3", [join(files, "client.py"), String(await proxy.port())]);
  expect([code, stdout, stderr]).toEqual([0, "fifty answers\n", ""]);
  expect(Number(/dropped +(\d+)/.exec(await interrupt(proxy))?.[1])).toBeGreaterThan(0);
});
