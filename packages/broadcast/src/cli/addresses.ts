/** Addresses on the command line, as commander's parsers: a wrong one is an error that says what is wrong and what is accepted. */
import { InvalidArgumentError } from "commander";
import { type HostAndPort, parseAddress } from "../node/address.js";

export const DEFAULT_ADDRESS = "127.0.0.1:8081";

function parsed(text: string, readable: string): HostAndPort {
  try {
    return parseAddress("It", readable);
  } catch (error) {
    throw new InvalidArgumentError(
      `${(error as Error).message.replace(JSON.stringify(readable), JSON.stringify(text))}.`,
    );
  }
}

/** Where a server listens. */
export function serverAddress(text: string): string {
  parsed(text, text);
  return text;
}

/** Where to listen: port 0 is a free one. */
export function listenAddress(text: string): HostAndPort {
  const isAnyPort = /:0$/.test(text);
  const { host, port } = parsed(text, isAnyPort ? `${text.slice(0, -1)}1` : text);
  return { host, port: isAnyPort ? 0 : port };
}
