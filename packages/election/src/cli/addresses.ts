/** Addresses on the command line, as commander's parsers: a wrong one is an error that says what is wrong and what is accepted. */
import { InvalidArgumentError } from "commander";
import type { Member } from "../core/index.js";
import { parseAddress } from "../node/address.js";

function checked(text: string, minPort: 0 | 1): string {
  try {
    parseAddress("It", text, minPort);
    return text;
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
}

/** Where another node listens. */
export function peerAddress(text: string): string {
  return checked(text, 1);
}

/** Where to listen: port 0 is a free one. */
export function listenAddress(text: string): string {
  return checked(text, 0);
}

/** Where the dashboard listens; a port alone is one of this machine's loopback. */
export function uiAddress(text: string): string {
  if (!text.includes(":") && !/^\d+$/.test(text)) throw new InvalidArgumentError("It must be a port, or HOST:PORT.");
  return checked(text.includes(":") ? text : `127.0.0.1:${text}`, 0);
}

/** Another of the addresses to ask, or several with commas between them. */
export function moreAddresses(text: string, previous: readonly string[]): readonly string[] {
  return [...previous, ...text.split(",").map(peerAddress)];
}

/** `a=HOST:PORT,b=HOST:PORT`. */
export function memberList(text: string, previous: readonly Member[] = []): readonly Member[] {
  const members = text.split(",").map((one) => {
    const [id, address] = halves(one);
    if (id === "") throw new InvalidArgumentError("It must be ID=HOST:PORT,ID=HOST:PORT, and so on.");
    return { id, address: peerAddress(address) };
  });
  return [...previous, ...members];
}

/** `ADDRESS=HOST:PORT`: connect there instead. */
export function moreRoutes(text: string, previous: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [address, instead] = halves(text);
  if (address === "") {
    throw new InvalidArgumentError("It must be ADDRESS=HOST:PORT: what nodes say, and where to connect instead.");
  }
  return { ...previous, [peerAddress(address)]: peerAddress(instead) };
}

/** What stands before the first `=`, and after it; nothing before it where there is none. */
function halves(text: string): readonly [string, string] {
  const cut = Math.max(text.indexOf("="), 0);
  return [text.slice(0, cut), text.slice(cut + 1)];
}
