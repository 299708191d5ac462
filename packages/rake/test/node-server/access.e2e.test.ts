/** Who may come in (R17), and which sandbox a server finds (R43). */
import { chmodSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { afterEach, expect, it } from "vitest";
import { itWith } from "../../../../test/components.js";
import { run } from "../../../../test/process.js";
import { scratchFolder } from "../../../../test/scratch.js";
import { readSecretFile, serve } from "../../src/index.js";
import { countedAddress } from "../../src/node/address.js";
import { processesIn } from "../../src/node/process-scan.js";
import { ActionRig } from "./action-rig.js";

const QUICK = { speed: 1_000, toolchain: "test", lingerMs: 50 } as const;
const path = process.env["PATH"] ?? "";

afterEach(() => {
  process.env["PATH"] = path;
});

async function certificate(): Promise<{ cert: string; key: string }> {
  const folder = scratchFolder();
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const names = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"];
  const made = await run("openssl", ["req", ...kind, ...names, "-keyout", key, "-out", cert]);
  expect(made.code, made.stderr).toBe(0);
  return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
}

itWith("openssl", "R17: with a ca, who shows no certificate that it signed does not come in", async () => {
  const [server, known, stranger] = await Promise.all([certificate(), certificate(), certificate()]);
  await using running = await serve({ ...QUICK, host: "0.0.0.0", tls: { ...server, ca: known.cert } });
  // A client believes itself connected before the server has judged it: a byte, or an end, shows what it said.
  const told = (own: object): Promise<string> =>
    new Promise((resolve) => {
      const socket: TLSSocket = connectTls({ host: "127.0.0.1", port: running.port, ca: server.cert, ...own });
      const hello = Buffer.alloc(64);
      hello.writeBigUInt64BE(56n);
      hello.writeBigUInt64BE(1n, 8);
      hello.writeBigUInt64BE(2n, 16);
      socket.on("secureConnect", () => socket.write(hello));
      socket.on("data", (bytes: Buffer) => {
        resolve(bytes[15] === 2 ? "challenged" : "something else");
        socket.destroy();
      });
      socket.on("error", () => resolve("refused")).on("close", () => resolve("closed"));
    });
  expect(await told({ cert: known.cert, key: known.key })).toBe("challenged");
  expect(await told({})).not.toBe("challenged");
  expect(await told({ cert: stranger.cert, key: stranger.key })).not.toBe("challenged");
});

itWith(
  "openssl",
  "R42: of connections whose TLS handshake does not go on, an address has only so many too",
  async () => {
    await using running = await serve({
      ...QUICK,
      tls: await certificate(),
      maxConnectionsPerAddress: 1,
      helloMs: 60_000,
    });
    const sockets = Array.from({ length: 40 }, () => connect(running.port, "127.0.0.1").on("error", () => {}));
    let ended = 0;
    await new Promise<void>((resolve) => {
      for (const socket of sockets) socket.resume().on("close", () => ++ended === 40 - 18 && resolve());
    });
    for (const socket of sockets) socket.destroy();
  },
);

it("R42: connections are counted by IPv4 address, and by the first 64 bits of one of IPv6", () => {
  const counted = ["10.0.0.7", "::ffff:10.0.0.7", "::1", "2001:db8:0:1::2", "2001:0DB8::1:ffff:0:0:9", "fe80::1%eth0"];
  expect(counted.map(countedAddress)).toEqual([
    ...["10.0.0.7", "10.0.0.7", "0:0:0:0::/64", "2001:db8:0:1::/64", "2001:db8:0:1::/64", "fe80:0:0:0::/64"],
  ]);
});

it("R16: a secret file holds a secret of 16 bytes, for its owner's eyes", () => {
  const file = join(scratchFolder({ secret: "sixteen bytes or more\r\n", short: "short\n" }), "secret");
  chmodSync(file, 0o600);
  expect(new TextDecoder().decode(readSecretFile(file))).toBe("sixteen bytes or more");
  chmodSync(file, 0o640);
  expect(() => readSecretFile(file)).toThrow("can be read by others");
  const short = file.replace(/secret$/, "short");
  chmodSync(short, 0o600);
  expect(() => readSecretFile(short)).toThrow("secret must have 16 bytes or more, not 5");
});

itWith(
  "bubblewrap",
  "R43: under bwrap an action makes no user namespace, so no memory that nobody counts",
  async () => {
    const rig = await ActionRig.make("bwrap");
    expect(rig.launcher.isSealed).toBe(true);
    const run = await rig.start("unshare -Urm true 2>/dev/null && echo made; echo ended");
    expect(await run.outcome()).toMatchObject({ end: { end: "EXITED", code: 0 }, stdout: "ended\n" });
  },
);

itWith("bubblewrap", "R43: an old bwrap is used as far as it goes, and the server warns", async () => {
  const old = [
    "#!/bin/sh",
    "for word; do",
    '  if [ "$word" = --disable-userns ]; then echo no such option >&2; exit 1; fi',
  ];
  const exec = `PATH='${path}' exec bwrap "$@"`;
  useBwrap([...old, "done", exec, ""].join("\n"));
  const { lines, logger } = warnings();
  await using server = await serve({ ...QUICK, logger });
  expect(server.sandbox).toBe("bwrap");
  expect(lines).toEqual(["actions may make user namespaces of their own: no such option"]);
});

it("R43: where bwrap is there and does not work, rlimit is used, and said why; who asks for bwrap is refused", async () => {
  useBwrap("#!/bin/sh\necho bwrap: no namespaces for you >&2; exit 1\n");
  const { lines, logger } = warnings();
  await using server = await serve({ ...QUICK, logger });
  expect(server.sandbox).toBe("rlimit");
  expect(lines).toEqual(["bwrap: bwrap: no namespaces for you"]);
  await expect(serve({ ...QUICK, sandbox: "bwrap" })).rejects.toMatchObject({ code: "SANDBOX" });
});

const isRoot = process.getuid?.() === 0;
it.runIf(isRoot)("R43: a folder that the user of the actions cannot get to is named, with its mode", async () => {
  const closed = scratchFolder();
  chmodSync(closed, 0o700);
  const served = serve({ ...QUICK, folder: join(closed, "a/b"), runAs: "nobody" });
  const why = `actions run as user \\d+, who cannot enter ${closed} \\(mode 700\\): name another folder`;
  await expect(served).rejects.toThrow(new RegExp(`^no sandbox works here; ${why}; `));
});

it("R42, R57, R58: where there is no perl, a plain shell sets limits, ends are exact, and daemons are found by their marks", async () => {
  const rig = await ActionRig.make("rlimit", { plain: true });
  const run = await rig.start(
    "setsid sleep 3171 >/dev/null 2>&1 & ulimit -n; ulimit -c; exit 137",
    {},
    { limits: { openFiles: 77 } },
  );
  const { end, stdout } = await run.outcome();
  expect(end).toMatchObject({ end: "EXITED", code: 137 });
  expect(stdout).toBe("77\n0\n");
  await run.remove();
  expect(processesIn(rig.folder.runs)).toEqual([]);
  const killed = await rig.start("kill -SEGV $$");
  expect((await killed.outcome()).end).toMatchObject({ end: "SIGNALLED", code: 11 });
});

it("R42, R43: with sandbox none there are no limits, and the rest is as ever", async () => {
  const rig = await ActionRig.make("none");
  const limits = { openFiles: 77, fileBytes: 1_000, folderBytes: 1 };
  const run = await rig.start(
    "head -c 5000 /dev/zero >large && ulimit -n; (setsid sleep 3172 >/dev/null 2>&1 &)",
    {},
    { limits },
  );
  const { end, stdout } = await run.outcome();
  expect(end).toMatchObject({ end: "EXITED", code: 0 });
  expect(Number(stdout)).toBeGreaterThan(77);
  expect((await run.outputs()).map(({ path, size }) => [path, size])).toEqual([["large", 5_000]]);
  await run.remove();
  expect(processesIn(rig.folder.runs)).toEqual([]);
});

it("options are checked, and named", async () => {
  const wrong: [object, string][] = [
    [{ host: "" }, "host"],
    [{ port: 70_000 }, "port"],
    [{ sandbox: "docker" }, "sandbox"],
    [{ env: ["A=B"] }, "env"],
    [{ readable: ["relative"] }, "readable"],
    [{ secret: "short" }, "secret"],
    [{ tls: { cert: "c" } }, "tls.key"],
    [{ tls: { cert: "no", key: "pem" } }, "tls"],
    [{ lingerMs: -1 }, "lingerMs"],
    [{ maxProcesses: 0 }, "maxProcesses"],
    [{ logger: {} }, "logger"],
    [{ runAs: 7 }, "runAs"],
  ];
  for (const [options, name] of wrong) {
    await expect(serve({ ...QUICK, ...options } as object), name).rejects.toThrow(name);
  }
});

it("the folder that cannot be used is named", async () => {
  const file = join(scratchFolder({ file: "" }), "file");
  await expect(serve({ ...QUICK, folder: join(file, "below") })).rejects.toMatchObject({ code: "FOLDER" });
});

/** Puts a script in the place of bwrap. */
function useBwrap(script: string): void {
  const bin = scratchFolder({ bwrap: script });
  chmodSync(bin, 0o755);
  chmodSync(join(bin, "bwrap"), 0o755);
  process.env["PATH"] = `${bin}:${path}`;
}

/** A logger, and the warnings that it was given. */
function warnings() {
  const lines: string[] = [];
  const nothing = (): void => {};
  const warn = (_: object, line: string): void => void lines.push(line);
  return { lines, logger: { debug: nothing, info: nothing, error: nothing, warn } };
}
