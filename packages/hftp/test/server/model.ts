/**
 * What a client must get for all that it sends, said the plain way: the whole input at once, with regular expressions.
 * It shares nothing with the parser and the session that are tested against it.
 */
export interface ModelResult {
  readonly gets: string;
  readonly ends: boolean;
}

const TEXTS: Readonly<Record<number, string>> = {
  100: "BAD EOL",
  101: "BAD REQUEST",
  200: "NO SUCH COMMAND",
  201: "INVALID ARGUMENTS FOR COMMAND",
  202: "FILE NOT FOUND",
  203: "OFFSET EXCEEDS FILE SIZE",
};
const NAME = /^[A-Za-z0-9._-]+$/;
const NUMBER = /^[0-9]+$/;

export interface ModelOptions {
  readonly maxLineBytes: number;
  readonly maxErrors: number;
  readonly base64Lines: boolean;
}

export function model(
  input: string,
  halfClosed: boolean,
  files: ReadonlyMap<string, Uint8Array>,
  options: ModelOptions,
): ModelResult {
  let gets = "";
  let errors = 0;
  let rest = input;
  for (;;) {
    const end = rest.indexOf("\n");
    const line = end < 0 ? rest : rest.slice(0, end);
    const content = line.endsWith("\r") ? line.slice(0, -1) : line;
    const tooLong = content.length > options.maxLineBytes || (end >= 0 && line.length > options.maxLineBytes + 1);
    if (/[\x80-\xff]/.test(line) || tooLong) return { gets: gets + status(101), ends: true };
    if (end < 0) return { gets, ends: halfClosed };
    if (!line.endsWith("\r")) {
      return { gets: gets + status(line.length > options.maxLineBytes ? 101 : 100), ends: true };
    }
    if (content === "") return { gets: gets + status(101), ends: true };
    const reply = answer(content.split(" "), files, options);
    if (typeof reply === "string") gets += reply;
    else if (++errors > options.maxErrors) return { gets: gets + status(101), ends: true };
    else gets += status(reply);
    if (content === "quit") return { gets, ends: true };
    rest = rest.slice(end + 1);
  }
}

function status(code: number): string {
  return `${code} ${TEXTS[code]}\r\n`;
}

function answer(words: string[], files: ReadonlyMap<string, Uint8Array>, options: ModelOptions): string | number {
  const [command = "", name = "", offset = "", size = "", fifth] = words;
  if (["get_file_listing", "help", "quit"].includes(command) && words.length > 1) return 201;
  switch (command) {
    case "quit":
      return "0 OK\r\n";
    case "help":
      return "0 OK\r\nget_file_listing\r\nget_metadata\r\nget_slice\r\nhelp\r\nquit\r\n\r\n";
    case "get_file_listing":
      return `0 OK\r\n${[...files.keys()].map((one) => `${one}\r\n`).join("")}\r\n`;
    case "get_metadata":
      if (words.length !== 2 || !NAME.test(name)) return 201;
      return files.has(name) ? `0 OK\r\n${files.get(name)?.length}\r\n` : 202;
    case "get_slice": {
      if (words.length < 4 || words.length > 5 || (words.length === 5 && fifth !== "raw")) return 201;
      if (!NAME.test(name) || !NUMBER.test(offset) || !NUMBER.test(size)) return 201;
      const content = files.get(name);
      if (content === undefined) return 202;
      if (BigInt(offset) + BigInt(size) > BigInt(content.length)) return 203;
      const bytes = Buffer.from(content).subarray(Number(offset), Number(offset) + Number(size));
      if (fifth === "raw") return `0 OK\r\nContent-Length: ${bytes.length}\r\n\r\n${bytes.toString("latin1")}`;
      const lines: string[] = [];
      const step = options.base64Lines ? 48 * 1024 : bytes.length;
      for (let at = 0; at < bytes.length; at += step) lines.push(bytes.subarray(at, at + step).toString("base64"));
      return `0 OK\r\n${lines.length === 0 ? "" : lines.join("\r\n")}\r\n`;
    }
    default:
      return 200;
  }
}
