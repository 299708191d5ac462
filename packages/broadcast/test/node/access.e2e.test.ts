/** Who may connect: secrets, TLS, and where a server listens (docs/broadcast.md B6, B7). */
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join as joinPath } from "node:path";
import { expect, it } from "vitest";
import { itWith } from "../../../../test/components.js";
import { run } from "../../../../test/process.js";
import { scratchFolder } from "../../../../test/scratch.js";
import { join, serve } from "../../src/index.js";

const secret = "sixteen bytes or more";

async function certificate(subject: string): Promise<{ cert: string; key: string }> {
  const folder = scratchFolder();
  const [file, key] = [joinPath(folder, "cert.pem"), joinPath(folder, "key.pem")];
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const names = ["-subj", "/CN=test", "-addext", `subjectAltName=${subject}`];
  const made = await run("openssl", ["req", ...kind, ...names, "-keyout", key, "-out", file]);
  expect(made.code, made.stderr).toBe(0);
  return { cert: readFileSync(file, "utf8"), key: readFileSync(key, "utf8") };
}

it("B6: who knows the secret joins; who does not, or knows another, is UNAUTHORIZED and does not try again", async () => {
  await using server = await serve({ secret });
  const { address } = server;
  await using ada = await join({ address, name: "ada", secret: new TextEncoder().encode(secret), handler: () => {} });
  expect(await ada.publish("in")).toBeGreaterThan(0);
  for (const wrong of [{}, { secret: "sixteen bytes of another" }]) {
    await expect(join({ address, name: "eve", ...wrong })).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  }
});

it("B6, B33: a client with a secret takes no server that does not ask for it, and does not try again", async () => {
  await using server = await serve();
  const joining = join({ address: server.address, name: "ada", secret });
  await expect(joining).rejects.toMatchObject({ code: "UNAUTHORIZED", message: expect.stringMatching(/CHALLENGE/) });
});

it("B7: where other machines can connect, a server needs a secret and TLS, or to be told that it is meant", async () => {
  for (const host of ["0.0.0.0", "::"]) {
    await expect(serve({ host })).rejects.toThrow(/other machines can reach/);
    await expect(serve({ host, secret })).rejects.toThrow(TypeError);
    await using server = await serve({ host, insecure: true });
    expect(server.address).toMatch(/:\d+$/);
  }
  await using own = await serve({ host: "localhost" });
  expect(own.address).toMatch(/^(127\.0\.0\.1|\[::1\]):\d+$/);
});

it("wrong options are errors that name them, before anything listens", async () => {
  await expect(serve({ port: 70_000 })).rejects.toThrow(/port/);
  await expect(serve({ secret: "short" })).rejects.toThrow(/secret/);
  await expect(serve({ historyMessages: 0 })).rejects.toThrow(/historyMessages/);
  await expect(serve({ tls: { cert: "no", key: "no" } })).rejects.toThrow(/tls/);
  await expect(join({ address: "nowhere", name: "ada" })).rejects.toThrow(/address/);
  await expect(join({ address: "127.0.0.1:1", name: "" })).rejects.toThrow(/name/);
  await expect(join({ address: "127.0.0.1:1", name: "a", entries: "some" as "all" })).rejects.toThrow(/entries/);
});

it("a port that is taken is LISTEN", async () => {
  await using server = await serve();
  const port = Number(server.address.split(":")[1]);
  await expect(serve({ port })).rejects.toMatchObject({ code: "LISTEN" });
});

itWith(
  "openssl",
  "B7: over TLS the client verifies the certificate and the name, and messages go both ways",
  async () => {
    const good = await certificate("DNS:localhost,IP:127.0.0.1");
    const other = await certificate("DNS:elsewhere.example");
    await using server = await serve({ host: "0.0.0.0", tls: good, secret });
    const address = `127.0.0.1:${server.address.split(":")[1]}`;
    const once = { address, name: "ada", secret, maxAttempts: 1 } as const;
    await using ada = await join({ ...once, tls: { ca: good.cert } });
    const big = "x".repeat(200_000);
    const [number] = await ada.publishAll([big, "small"]);
    for await (const message of ada) {
      expect([message.number, message.bytes.length]).toEqual([number, big.length]);
      break;
    }
    for (const tls of [true, { ca: other.cert }, false]) {
      await expect(join({ ...once, tls })).rejects.toMatchObject({ code: "UNREACHABLE" });
    }
    await using impostor = await serve({ tls: other });
    const there = { ...once, address: impostor.address, tls: { ca: other.cert } };
    await expect(join(there)).rejects.toThrow(/altnames|IP/);
  },
);

itWith(
  "openssl",
  "B7: with `ca`, clients show a certificate; a handshake that never comes does not hold a server up",
  async () => {
    const [own, theirs] = [await certificate("IP:127.0.0.1"), await certificate("DNS:client")];
    const server = await serve({ tls: { ...own, ca: theirs.cert } });
    const once = { address: server.address, name: "ada", maxAttempts: 1 } as const;
    await using ada = await join({ ...once, tls: { ca: own.cert, ...theirs } });
    expect(await ada.publish("shown")).toBeGreaterThan(0);
    await expect(join({ ...once, tls: { ca: own.cert } })).rejects.toMatchObject({ code: "UNREACHABLE" });
    await ada.close();
    const silent = connect({ host: "127.0.0.1", port: Number(server.address.split(":")[1]) });
    await new Promise<void>((resolve) => silent.once("connect", () => resolve()));
    const dropped = new Promise<void>((resolve) => silent.on("error", () => {}).once("close", () => resolve()));
    await Promise.all([server.close(), dropped]);
  },
);
