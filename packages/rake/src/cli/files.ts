/** Files that are named on the command line: a Rakefile, a secret, certificates, and what is written. */
import { readFileSync, writeFileSync } from "node:fs";
import type { HostTls } from "../node/host-socket.js";
import { readSecretFile } from "../node/secret.js";
import { usageError } from "./exit-codes.js";

/** A secret out of a file: never on the command line, where every user of the machine could read it. @throws RakeError `USAGE` */
export function readSecret(file: string | undefined): Uint8Array | undefined {
  if (file === undefined) return undefined;
  try {
    return readSecretFile(file);
  } catch (error) {
    throw usageError(`--secret-file: ${(error as Error).message}`, error);
  }
}

/** @throws RakeError `USAGE` that names the option */
export function readNamed(option: string, file: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(file));
  } catch (error) {
    throw usageError(`${option}: cannot read ${file}: ${(error as Error).message}`, error);
  }
}

/** @throws RakeError `USAGE` that names the option */
export function writeNamed(option: string, file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw usageError(`${option}: cannot write ${file}: ${(error as Error).message}`, error);
  }
}

export interface TlsFlags {
  readonly tls?: true;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

/** What a client needs of TLS; undefined for plain TCP. @throws RakeError `USAGE` */
export function clientTls({ tls, tlsCa, tlsCert, tlsKey }: TlsFlags): HostTls | undefined {
  checkPair(tlsCert, tlsKey);
  if (tls !== true && tlsCa === undefined && tlsCert === undefined) return undefined;
  return {
    ...(tlsCa !== undefined && { ca: readNamed("--tls-ca", tlsCa) }),
    ...(tlsCert !== undefined && { cert: readNamed("--tls-cert", tlsCert) }),
    ...(tlsKey !== undefined && { key: readNamed("--tls-key", tlsKey) }),
  };
}

/** @throws RakeError `USAGE` where one of them is missing */
export function checkPair(cert: string | undefined, key: string | undefined): void {
  if ((cert === undefined) === (key === undefined)) return;
  const missing = cert === undefined ? "--tls-cert" : "--tls-key";
  throw usageError(`--tls-cert and --tls-key belong together: ${missing} is missing`);
}
