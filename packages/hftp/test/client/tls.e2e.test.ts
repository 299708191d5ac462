import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { itWith } from "../../../../test/components.js";
import { run } from "../../../../test/process.js";
import { startBundled } from "../../../../test/programs.js";
import { HftpClient } from "../../src/node/client.js";
import { HftpServer } from "../../src/node/server.js";
import { temporaryDirectory } from "../temporary.js";

const cli = new URL("../../src/cli/main.ts", import.meta.url);

itWith("openssl", "H26: over TLS the client verifies the certificate and the name", async () => {
  const directory = temporaryDirectory();
  const secrets = temporaryDirectory();
  writeFileSync(join(directory, "f"), "over TLS");
  const certificate = async (subject: string): Promise<{ cert: string; key: string; file: string }> => {
    const [file, key] = [join(secrets, `${subject.length}.pem`), join(secrets, `${subject.length}.key`)];
    const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    const names = ["-subj", "/CN=test", "-addext", `subjectAltName=${subject}`];
    const made = await run("openssl", ["req", ...kind, ...names, "-keyout", key, "-out", file]);
    expect(made.code, made.stderr).toBe(0);
    return { cert: readFileSync(file, "utf8"), key: readFileSync(key, "utf8"), file };
  };
  const good = await certificate("DNS:localhost,IP:127.0.0.1");
  const other = await certificate("DNS:elsewhere.example");

  await using server = new HftpServer({ directory, tls: good });
  const { port } = await server.listen({ port: 0 });
  await using client = await HftpClient.connect({ port, ca: good.cert });
  expect(await client.stat("f")).toEqual({ size: 8 });
  await client.quit();
  // Not the system's to trust; a certificate of somebody else; no TLS at all.
  await expect(HftpClient.connect({ port, tls: true })).rejects.toMatchObject({ code: "CONNECT_FAILED" });
  await expect(HftpClient.connect({ port, ca: other.cert })).rejects.toMatchObject({ code: "CONNECT_FAILED" });
  await using plain = await HftpClient.connect({ port, connectTimeoutMs: 2000 });
  await expect(plain.stat("f")).rejects.toMatchObject({
    name: expect.stringMatching(/ConnectionError|RemoteProtocolError/),
  });

  await using impostor = new HftpServer({ directory, tls: other });
  const { port: theirs } = await impostor.listen({ port: 0 });
  await expect(HftpClient.connect({ port: theirs, ca: other.cert })).rejects.toThrow(/altnames|IP/);

  const got = await startBundled(cli, ["cat", `localhost:${port}`, "f", "--tls", "--ca", good.file]).exited;
  expect(got).toMatchObject({ code: 0, stdout: "over TLS" });
});
