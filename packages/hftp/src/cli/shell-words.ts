/** The words of a line of the shell: a command, its options, its names. */
import { usageError } from "./exit-codes.js";

/** What the commands of the shell are written like. */
export const SHELL_USAGE = {
  ls: "ls [-l]",
  stat: "stat NAME...",
  get: "get NAME [PATH]",
  cat: "cat NAME",
  help: "help",
  "!": "! LINE",
  quit: "quit",
} as const;

interface Accepted {
  /** The fewest and the most names. */
  readonly names: readonly [number, number];
  readonly options?: readonly string[];
}

/**
 * Options and names out of the words behind a command. A word that begins with `-` is an option, unless `--` came before.
 * @throws HftpError (`USAGE`) for an option that the command does not have, and for too few or too many names
 */
export function shellWords(
  command: keyof typeof SHELL_USAGE,
  words: readonly string[],
  { names: [fewest, most], options: accepted = [] }: Accepted,
): { readonly options: readonly string[]; readonly names: readonly string[] } {
  const end = words.includes("--") ? words.indexOf("--") : words.length;
  const options = words.slice(0, end).filter((word) => word.startsWith("-"));
  const names = [...words.slice(0, end).filter((word) => !word.startsWith("-")), ...words.slice(end + 1)];
  const usage = `${SHELL_USAGE[command]} is accepted`;
  const unknown = options.find((option) => !accepted.includes(option));
  if (unknown !== undefined) {
    throw usageError(`${command} has no option ${unknown}: ${usage}; a name that begins with - goes behind --`);
  }
  if (names.length < fewest) throw usageError(`a name is missing: ${usage}`);
  if (names.length > most) throw usageError(`${names[most]} is too much: ${usage}`);
  return { options, names };
}
