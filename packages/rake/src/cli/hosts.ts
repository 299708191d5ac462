/** `rake hosts`: who is there. */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { RakefileError } from "../core/errors.js";
import type { HostAddress } from "../core/plan.js";
import { parseRakefile } from "../core/rakefile.js";
import type { ProbeOptions } from "../node/probe.js";
import { addressOf, hostList } from "./addresses.js";
import { readRakefile } from "./build.js";
import { EXIT, usageError } from "./exit-codes.js";
import { readSecret } from "./files.js";
import { hostAdvice } from "./host-advice.js";
import { type HostRow, hostsText } from "./hosts-text.js";
import { clientTls, type TlsFlags } from "./tls-files.js";

interface HostsFlags extends TlsFlags {
  readonly file: string;
  readonly secretFile?: string;
  readonly json?: true;
}

export function addHostsCommand(program: Command): void {
  program
    .command("hosts")
    .summary("who is there, how busy and how fast")
    .description(
      "Ask every host what it is: cores, slots, speed (1 is the reference), load, sandbox, resources and toolchain. The exit code is 3 where none is there.",
    )
    .argument("[host...]", "HOST or HOST:PORT (default: those of the Rakefile)", hostList)
    .option("-f, --file <file>", "the Rakefile", "Rakefile")
    .option("--secret-file <file>", "the secret that the servers ask for")
    .option("--tls", "speak TLS, and trust what this machine trusts")
    .option("--tls-ca <file>", "speak TLS, and trust these certificates (PEM)")
    .option("--tls-cert <file>", "show this certificate (PEM); needs --tls-key")
    .option("--tls-key <file>", "the key of the certificate (PEM)")
    .option("--json", "a line of JSON per host")
    .action(runHosts);
}

async function runHosts(named: readonly HostAddress[], flags: HostsFlags): Promise<void> {
  const hosts = named.length > 0 ? named : hostsOf(flags.file);
  if (hosts.length === 0) throw usageError(`${flags.file} names no HOSTS; rake hosts HOST:PORT asks others`);
  const options = probeOptions(flags);
  const { probeHost } = await import("../node/probe.js");
  const rows: readonly HostRow[] = await Promise.all(
    hosts.map(async (host) => ({ address: addressOf(host), host: await probeHost(host, options) })),
  );
  const text =
    flags.json === true
      ? rows.map(({ address, host }) => `${JSON.stringify({ address, ...host })}\n`).join("")
      : hostsText(rows, (why) => hostAdvice(why, { isTls: options.tls !== undefined, isV1: false }));
  process.stdout.write(text);
  if (!rows.some(({ host }) => "facts" in host)) process.exitCode = EXIT.noHost;
}

function hostsOf(file: string): readonly HostAddress[] {
  if (file === "Rakefile" && !existsSync(file)) {
    throw usageError("there is no Rakefile here; -f FILE names one, or name the hosts: rake hosts HOST:PORT");
  }
  const { plan, faults, message } = parseRakefile(readRakefile(file), { file });
  if (faults.length > 0) throw new RakefileError("RAKEFILE", message);
  return plan.hosts;
}

function probeOptions(flags: HostsFlags): ProbeOptions {
  const secret = readSecret(flags.secretFile);
  const tls = clientTls(flags);
  return { ...(secret !== undefined && { secret }), ...(tls !== undefined && { tls }) };
}
