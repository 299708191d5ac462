/** The options of `join`, checked and sorted by whom they are for. */
import type { ClientMachineOptions } from "../core/client-options.js";
import { MAX_MS, whole } from "../core/option-checks.js";
import { type HostAndPort, parseAddress } from "./address.js";
import type { ClientTlsOptions, JoinOptions } from "./client.js";
import type { ClientSocketOptions, ClientTls } from "./client-socket.js";
import { type KeysOf, refuseUnknownKeys } from "./known-keys.js";
import { checkFunctions, checkLogger } from "./option-kinds.js";
import { secretBytes } from "./secret.js";

const KNOWN: KeysOf<JoinOptions> = {
  address: true,
  room: true,
  name: true,
  secret: true,
  tls: true,
  handler: true,
  onNotice: true,
  loadPosition: true,
  savePosition: true,
  entries: true,
  signal: true,
  logger: true,
  connectTimeoutMs: true,
  highWaterBytes: true,
  observer: true,
  stable: true,
  start: true,
  from: true,
  window: true,
  echo: true,
  onUnknown: true,
  backoffMs: true,
  maxBackoffMs: true,
  welcomeMs: true,
  maxAttempts: true,
  maxQueuedBytes: true,
  maxSnapshotBytes: true,
  maxListedMembers: true,
  maxUnsentMessages: true,
  maxUnsentBytes: true,
  lagNotice: true,
};

const KNOWN_TLS: KeysOf<ClientTlsOptions> = { ca: true, cert: true, key: true, serverName: true };

/**
 * What is of the machine among the options.
 * @throws TypeError for one that does not exist, or is of a wrong kind; RangeError for a wrong `entries`
 */
export function machineOptionsOf(options: JoinOptions): ClientMachineOptions {
  refuseUnknownKeys(options, KNOWN);
  const { address, tls, handler, onNotice, loadPosition, savePosition, ...rest } = options;
  const { entries = "messages", signal, logger, connectTimeoutMs, highWaterBytes, ...others } = rest;
  if (entries !== "messages" && entries !== "all")
    throw new RangeError(`entries is ${entries}, but must be messages or all`);
  checkFunctions({ handler, onNotice, loadPosition, savePosition });
  checkLogger(logger);
  const { room = "main", name = "", secret, ...machine } = others;
  if (options.name === undefined && options.observer !== true) {
    throw new TypeError("name is missing: it must be 1 to 64 bytes of UTF-8; an observer alone needs none");
  }
  return {
    ...machine,
    room,
    name,
    ...(secret === undefined ? {} : { secret: secretBytes(secret) as Uint8Array }),
  };
}

/** @throws TypeError or RangeError for a wrong option */
export function socketOptionsOf({
  tls,
  connectTimeoutMs,
  highWaterBytes,
}: JoinOptions): Omit<ClientSocketOptions, "target"> {
  return {
    tls: tls === undefined || tls === false ? undefined : clientTls(tls === true ? {} : tls),
    connectTimeoutMs: whole("connectTimeoutMs", connectTimeoutMs, { default: 10_000, min: 1, max: MAX_MS }),
    highWaterBytes: whole("highWaterBytes", highWaterBytes, { default: 2 ** 18, min: 1, max: 2 ** 30 }),
  };
}

/** Where the server is, asked before each attempt. @throws TypeError or RangeError for a wrong option, at once */
export function targetOf({ address }: JoinOptions): () => HostAndPort {
  if (typeof address !== "function") {
    const target = parseAddress("address", address);
    return () => target;
  }
  return () => {
    const now = address();
    if (now === undefined) throw new Error("nobody knows where the server is");
    return parseAddress("address", now);
  };
}

/** Whether nobody may ever take what comes: no handler, and nothing else asks for the entries before a loop does (B35). */
export function mayOnlyPublish(options: JoinOptions): boolean {
  const { handler, loadPosition, savePosition, observer = false, start = "live" } = options;
  const isToBeRead = [handler, loadPosition, savePosition].some((one) => one !== undefined);
  return !isToBeRead && !observer && start === "live";
}

function clientTls(tls: ClientTlsOptions): ClientTls {
  refuseUnknownKeys(tls, KNOWN_TLS);
  const { ca, cert, key, serverName } = tls;
  const pem = (text: string | Uint8Array): Buffer => Buffer.from(text as Uint8Array);
  return {
    ...(ca === undefined ? {} : { ca: pem(ca) }),
    ...(cert === undefined ? {} : { cert: pem(cert) }),
    ...(key === undefined ? {} : { key: pem(key) }),
    ...(serverName === undefined ? {} : { serverName }),
  };
}
