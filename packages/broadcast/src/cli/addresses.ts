/** Addresses on the command line, as commander's parsers: a wrong one is an error that says what is wrong and what is accepted. */
import { InvalidArgumentError } from "commander";
import { type HostAndPort, parseAddress } from "../node/address.js";

export const DEFAULT_ADDRESS = "127.0.0.1:8081";

function parsed(text: string, minPort: 0 | 1): HostAndPort {
  try {
    return parseAddress("It", text, minPort);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
}

/** Where a server listens. */
export function serverAddress(text: string): string {
  parsed(text, 1);
  return text;
}

/** Where to listen: port 0 is a free one. */
export function listenAddress(text: string): HostAndPort {
  return parsed(text, 0);
}
