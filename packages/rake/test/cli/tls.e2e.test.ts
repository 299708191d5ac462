/** TLS and secrets that do not fit together: what a person reads at both ends. */
import { join } from "node:path";
import { expect } from "vitest";
import { itWith } from "../../../../test/components.js";
import { run } from "../../../../test/process.js";
import { scratchFolder } from "../../../../test/scratch.js";
import { bundleCommand } from "./bundled-command.js";

const command = bundleCommand();
async function certificate(folder: string, name: string): Promise<{ readonly key: string; readonly cert: string }> {
  const [key, cert] = [join(folder, `${name}-key.pem`), join(folder, `${name}.pem`)];
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const names = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1"];
  expect((await run("openssl", ["req", ...kind, ...names, "-keyout", key, "-out", cert])).code).toBe(0);
  return { key, cert };
}

itWith("openssl", "R16, R17: hosts and clients that do not fit together say what to do", async () => {
  const folder = scratchFolder({ Rakefile: "actionset1:\n\tremote-echo hello\n" });
  const [own, other] = await Promise.all([certificate(folder, "own"), certificate(folder, "other")]);
  const tls = ["--tls-cert", own.cert, "--tls-key", own.key];
  const [plain, secure, strict] = await Promise.all([
    command.serve(),
    command.serve(...tls),
    command.serve(...tls, "--tls-ca", other.cert),
  ]);
  const asked = async (address: string, ...args: readonly string[]): Promise<string> =>
    (await command.run(folder, "hosts", address, ...args)).stdout;
  const show = ["--tls-cert", other.cert, "--tls-key", other.key];

  // Each against its own expectation, and none waits for another.
  await Promise.all([
    expect(asked(plain.address, "--tls")).resolves.toMatch(
      /ended the connection \(if it speaks no TLS: without --tls /,
    ),
    expect(asked(secure.address)).resolves.toMatch(
      /ended the connection \(if it speaks TLS: --tls, or --tls-ca FILE\)$/m,
    ),
    expect(asked(secure.address, "--tls")).resolves.toMatch(
      /self-signed certificate \(--tls-ca FILE says whom to trust\)$/m,
    ),
    expect(asked(strict.address, "--tls-ca", own.cert)).resolves.toMatch(
      /not there: tlsv13 alert certificate required \(--tls-cert and --tls-key show one\)$/m,
    ),
    expect(asked(secure.address, "--tls-ca", own.cert)).resolves.toMatch(/^host +name/),
    expect(asked(strict.address, "--tls-ca", own.cert, ...show)).resolves.toMatch(/^host +name/),
  ]);

  const built = await command.run(folder, "--hosts", secure.address, "--host-wait-ms", "100");
  expect(built).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/\(if it speaks TLS: --tls, or --tls-ca FILE\)/),
  });
  const v1 = await command.run(folder, "--hosts", plain.address, "--host-wait-ms", "100", "--v1", "4");
  expect(v1).toMatchObject({ code: 3, stderr: expect.stringMatching(/\(was it started with --allow-v1\?\)/) });

  secure.process.signal("SIGTERM");
  expect((await secure.process.exited).stderr).toMatch(
    /^rake: warning: a TLS handshake failed: wrong version number: what came is not TLS$/m,
  );

  for (const words of [[], ["serve", "--port", "0"]]) {
    const wrong = await command.run(folder, ...words, "--tls-cert", own.cert, "--tls-key", other.key);
    expect([wrong.code, wrong.stderr]).toEqual([
      2,
      "rake: --tls-cert and --tls-key cannot be used together: key values mismatch\n",
    ]);
  }
});
