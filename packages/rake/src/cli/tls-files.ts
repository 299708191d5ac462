/** Certificates and keys that are named on the command line, looked at before anything is done with them. */
import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { HostTls } from "../node/host-socket.js";
import type { ServerTlsOptions } from "../node/serve-options.js";
import { tlsWords } from "../node/tls-words.js";
import { usageError } from "./exit-codes.js";
import { readNamed } from "./files.js";

export interface TlsFiles {
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

export interface TlsFlags extends TlsFiles {
  readonly tls?: true;
}

/** What a client needs of TLS; undefined for plain TCP. @throws RakeError `USAGE` */
export function clientTls(flags: TlsFlags): HostTls | undefined {
  const read = readTls(flags);
  return flags.tls === true || read.ca !== undefined || read.cert !== undefined ? read : undefined;
}

/** What a server needs of TLS; undefined for plain TCP. @throws RakeError `USAGE` */
export function serverTls(flags: TlsFiles): ServerTlsOptions | undefined {
  const { tlsCa, tlsCert, tlsKey } = flags;
  if (tlsCa !== undefined && tlsCert === undefined && tlsKey === undefined) {
    throw usageError("--tls-ca needs --tls-cert and --tls-key");
  }
  const { cert, key, ca } = readTls(flags);
  return cert === undefined || key === undefined ? undefined : { cert, key, ...(ca !== undefined && { ca }) };
}

interface Read {
  readonly ca?: Uint8Array;
  readonly cert?: Uint8Array;
  readonly key?: Uint8Array;
}

function readTls({ tlsCa, tlsCert, tlsKey }: TlsFiles): Read {
  const ca = tlsCa === undefined ? undefined : readCertificate("--tls-ca", tlsCa);
  if (tlsCert === undefined && tlsKey === undefined) return ca === undefined ? {} : { ca };
  if (tlsCert === undefined || tlsKey === undefined) {
    const missing = tlsCert === undefined ? "--tls-cert" : "--tls-key";
    throw usageError(`--tls-cert and --tls-key belong together: ${missing} is missing`);
  }
  const cert = readCertificate("--tls-cert", tlsCert);
  const key = readNamed("--tls-key", tlsKey);
  try {
    createSecureContext({ cert: Buffer.from(cert), key: Buffer.from(key) });
  } catch (error) {
    throw usageError(`--tls-cert and --tls-key cannot be used together: ${tlsWords(error as Error)}`, error);
  }
  return { cert, key, ...(ca !== undefined && { ca }) };
}

function readCertificate(option: string, file: string): Uint8Array {
  const pem = readNamed(option, file);
  try {
    new X509Certificate(pem);
  } catch (error) {
    throw usageError(`${option}: ${file} holds no certificate in PEM: ${tlsWords(error as Error)}`, error);
  }
  return pem;
}
