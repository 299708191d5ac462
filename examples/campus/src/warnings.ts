/** What packages say that a person should know of: the same once a minute, however often it is so, and no more than so many. */

const SAME_MS = 60_000;
const MOST_IN_THAT = 30;

type Why = { readonly why?: string; readonly message?: string; readonly error?: Error };
type Log = (fields: Why, text: string) => void;

/** A logger, in the shape that all packages take. */
export function warnings(tell: (line: string) => void): Readonly<Record<"debug" | "info" | "warn" | "error", Log>> {
  const told = new Set<string>();
  const warn: Log = ({ error, why = error?.message, message = why }, text) => {
    const line = message === undefined ? text : `${text}: ${message}`;
    if (told.has(line) || told.size === MOST_IN_THAT) return;
    tell(line);
    setTimeout(() => told.delete(line), SAME_MS).unref();
    told.add(line);
  };
  return { debug: () => {}, info: () => {}, warn, error: warn };
}
