/** `hftp shell`: one line, one command, on a connection that is made anew whenever the server has closed it. */
import { createInterface } from "node:readline";
import type { Command } from "commander";
import { DownloadError } from "../core/errors.js";
import { printable } from "../core/printable.js";
import { exchangeLine } from "../node/raw-line.js";
import { writeFile } from "./cat.js";
import {
  addConnectionOptions,
  type ConnectionFlags,
  connectionOptions,
  SERVER_HELP,
  serverAddress,
} from "./connection-options.js";
import { DownloadDisplay } from "./download-display.js";
import { describeFailure, usageError } from "./exit-codes.js";
import { type GetAdvice, get } from "./get.js";
import { printListing } from "./ls.js";
import { ReconnectingClient } from "./reconnecting-client.js";
import { SHELL_USAGE, shellWords } from "./shell-words.js";
import { printSize, sizeOf } from "./stat.js";

const HELP = `ls [-l]            names of the served files, with sizes
stat NAME...       sizes in bytes
get NAME [PATH]    fetch a file
cat NAME           print a file
help               the commands that the server knows
! LINE             send a line as it is, on a connection of its own, and print what comes back
quit               leave
Ctrl-C stops a command; at the prompt it leaves. A name that begins with - goes behind --.
`;

/** In the words of the shell, which has no options of `get`. */
const ADVICE: GetAdvice = {
  exists: "get NAME PATH puts the file elsewhere",
  directory: "get NAME PATH names a file",
  resume: "outside of the shell, hftp get --resume",
};

const INTERRUPTED = new DownloadError("ABORTED", "interrupted");

export function addShellCommand(program: Command): void {
  const command = program
    .command("shell")
    .summary("talk to a server line by line")
    .description(`Read commands from standard input:\n${HELP}`)
    .argument("[server]", SERVER_HELP, "127.0.0.1");
  addConnectionOptions(command).action(async (server: string, flags: ConnectionFlags) => {
    await using shell = new Shell(server, flags);
    await shell.run();
  });
}

class Shell implements AsyncDisposable {
  readonly #server: string;
  readonly #flags: ConnectionFlags;
  readonly #client: ReconnectingClient;
  readonly #report = (error: unknown): void => {
    process.stderr.write(describeFailure(error, this.#flags.json === true));
  };

  constructor(server: string, flags: ConnectionFlags) {
    this.#server = server;
    this.#flags = flags;
    this.#client = new ReconnectingClient(connectionOptions(server, flags));
  }

  async run(): Promise<void> {
    await this.#client.connected();
    const terminal = process.stdin.isTTY === true;
    const lines = createInterface({ input: process.stdin, output: process.stderr, terminal, prompt: "hftp> " });
    let stop: AbortController | undefined;
    // On a terminal Ctrl-C is a key that readline tells of: it stops what is being done, and ends the shell at its prompt.
    lines.on("SIGINT", () => (stop === undefined ? lines.close() : stop.abort(INTERRUPTED)));
    if (terminal) {
      process.stderr.write(`connected to ${this.#address()}; help lists the commands\n`);
      lines.prompt();
    }
    for await (const line of lines) {
      stop = new AbortController();
      const { signal } = stop;
      try {
        if (await this.#perform(line, signal)) break;
      } catch (error) {
        this.#report(signal.aborted && !(error instanceof DownloadError) ? INTERRUPTED : error);
      }
      stop = undefined;
      if (terminal) lines.prompt();
    }
    lines.close(); // leaving the loop does not: a terminal would be read on, and the process not end
    await this.#client.quit();
  }

  #address(): string {
    const { host, port } = serverAddress(this.#server);
    return printable(`${host.includes(":") ? `[${host}]` : host}:${port}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }

  /** Answers whether it was the last line. */
  async #perform(line: string, signal: AbortSignal): Promise<boolean> {
    const [command = "", ...words] = line.trim().split(/\s+/);
    switch (command) {
      case "":
        return false;
      case "ls": {
        const { options } = shellWords(command, words, { names: [0, 0], options: ["-l"] });
        const flags = { ...this.#flags, ...(options.length > 0 && { long: true as const }) };
        await printListing(this.#client, flags, this.#report, { signal });
        return false;
      }
      case "stat":
        for (const name of shellWords(command, words, { names: [1, Number.POSITIVE_INFINITY] }).names) {
          const size = await sizeOf(this.#client, name, this.#report, { signal });
          if (size !== undefined) printSize(name, size, this.#flags);
        }
        return false;
      case "get": {
        const [name = "", path] = shellWords(command, words, { names: [1, 2] }).names;
        await this.#get(name, path, signal);
        return false;
      }
      case "cat": {
        const [name = ""] = shellWords(command, words, { names: [1, 1] }).names;
        await writeFile(await this.#client.connected({ signal }), name, { signal });
        return false;
      }
      case "help": {
        process.stdout.write(HELP);
        const known = await (await this.#client.connected({ signal })).help({ signal });
        process.stdout.write(`The server says: ${printable(known.join(", "))}\n`);
        return false;
      }
      case "quit":
      case "exit":
        return true;
      default:
        if (!command.startsWith("!")) {
          throw usageError(`${command}: no such command; there are ${Object.keys(SHELL_USAGE).join(", ")}`);
        }
        await this.#sendLine(line.trim().slice(1).trimStart(), signal);
        return false;
    }
  }

  async #get(name: string, path: string | undefined, signal: AbortSignal): Promise<void> {
    await this.#client.quit({ signal }); // many servers serve one client at a time: another connection would wait for this one
    const display = new DownloadDisplay(name, this.#flags);
    const flags = path === undefined ? this.#flags : { ...this.#flags, output: path };
    const result = await get(this.#server, name, flags, display, { advice: ADVICE, signal });
    process.stdout.write(display.finished(result));
  }

  async #sendLine(line: string, signal: AbortSignal): Promise<void> {
    if (line === "") throw usageError("! LINE is accepted: the line that is to be sent is missing");
    await this.#client.quit({ signal }); // as in #get
    const { text, closed } = await exchangeLine(line, { ...connectionOptions(this.#server, this.#flags), signal });
    const lines = text.split("\r\n");
    if (lines.at(-1) === "") lines.pop(); // the end of the last line; what no CR LF ends is the body of a raw slice
    for (const said of lines) process.stdout.write(`< ${printable(said)}\n`);
    process.stdout.write(closed ? "(the server closed the connection)\n" : "");
  }
}
