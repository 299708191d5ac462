/** Values on the command line: a wrong one is an error that names what is accepted. */
import { isIPv6 } from "node:net";
import { InvalidArgumentError } from "commander";

/** A parser for commander. */
export type Parser<Value> = (text: string) => Value;

/** Whole decimal numbers in a range. */
export function wholeNumber(min: number, max: number): Parser<number> {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

/** The longest delay that makes sense here: a day. */
const MAX_MS = 86_400_000;

/** Milliseconds, with a fraction or without. */
export const milliseconds: Parser<number> = (text) => {
  const value = decimal(text);
  if (value <= MAX_MS) return value;
  throw new InvalidArgumentError(`It must be milliseconds from 0 to ${MAX_MS}, such as 50 or 0.5.`);
};

/** A part of all packets: 0.1, or 10%. */
export const probability: Parser<number> = (text) => {
  const value = text.endsWith("%") ? decimal(text.slice(0, -1)) / 100 : decimal(text);
  if (value <= 1) return value;
  throw new InvalidArgumentError("It must be a probability from 0 to 1, such as 0.1 or 10%.");
};

/** Bytes per second. */
export const bytesPerSecond: Parser<number> = (text) => {
  const value = decimal(text);
  if (value > 0 && value <= 1e15) return value;
  throw new InvalidArgumentError("It must be bytes per second, above 0, such as 10000.");
};

/** `1460` or `1-100`: the bytes of a segment. */
export const segmentBytes: Parser<number | readonly [number, number]> = (text) => {
  const [, first = "", second] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(text) ?? [];
  const [smallest, largest] = [Number(first), Number(second ?? first)];
  if (smallest >= 1 && smallest <= largest) return second === undefined ? smallest : [smallest, largest];
  throw new InvalidArgumentError("It must be a number of bytes from 1, such as 7, or a range, such as 1-100.");
};

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** `50000`, `127.0.0.1:50000`, `[::1]:50000`, `example.org:50000`; without a host 127.0.0.1. */
export function hostAndPort(lowestPort: 0 | 1): Parser<HostAndPort> {
  return (text) => {
    const [, bracketed, plain, digits = ""] = /^(?:(?:\[([^\]]+)\]|([^:[\]\s]+)):)?(\d{1,5})$/.exec(text) ?? [];
    const port = digits === "" ? Number.NaN : Number(digits);
    const isSound = port >= lowestPort && port <= 65_535 && (bracketed === undefined || isIPv6(bracketed));
    if (isSound) return { host: bracketed ?? plain ?? "127.0.0.1", port };
    throw new InvalidArgumentError(`It must be PORT or HOST:PORT, with a port from ${lowestPort} to 65535.`);
  };
}

/** A number without sign or exponent; NaN for anything else. */
function decimal(text: string): number {
  return /^(\d{1,16}(\.\d{0,16})?|\.\d{1,16})$/.test(text) ? Number(text) : Number.NaN;
}
