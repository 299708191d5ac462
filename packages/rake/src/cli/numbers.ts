/** Numbers on the command line: a wrong one is an error that names what is accepted. */
import { InvalidArgumentError } from "commander";

/** A parser for commander that takes whole decimal numbers in a range. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}
