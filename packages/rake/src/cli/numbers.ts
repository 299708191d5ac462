/** Numbers on the command line: a wrong one is an error that names what is accepted. */
import { InvalidArgumentError } from "commander";

/** A parser for commander that takes whole decimal numbers in a range. @param unit such as "milliseconds", for the error alone */
export function wholeNumber(min: number, max: number, unit?: string): (text: string) => number {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    const what = unit === undefined ? "a whole number" : `a whole number of ${unit}`;
    throw new InvalidArgumentError(`It must be ${what} from ${min} to ${max}.`);
  };
}

const LETTERS = "kmgt";

/** A parser for commander that takes a size: `1048576`, `1024k`, `1m`. */
export function size(min: number): (text: string) => number {
  return (text) => {
    const [, digits = "", letter = ""] = /^(\d{1,16})(?:([kmgt])(?:i?b)?)?$/i.exec(text) ?? [];
    const bytes = Number(digits) * 1_024 ** (letter === "" ? 0 : LETTERS.indexOf(letter.toLowerCase()) + 1);
    if (digits !== "" && bytes >= min && bytes <= Number.MAX_SAFE_INTEGER) return bytes;
    throw new InvalidArgumentError(
      `It must be a whole number of bytes, ${min} or more, or of k, m, g or t: 512m is 512 MiB.`,
    );
  };
}
