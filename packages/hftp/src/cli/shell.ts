/** `hftp shell`: one line, one command, on a connection that is made anew whenever the server has closed it. */
import { createInterface } from "node:readline";
import type { Command } from "commander";
import { printable } from "../core/printable.js";
import { exchangeLine } from "../node/raw-line.js";
import { writeFile } from "./cat.js";
import { addConnectionOptions, type ConnectionFlags, connectionOptions, SERVER_HELP } from "./connection-options.js";
import { DownloadDisplay } from "./download-display.js";
import { describeFailure, usageError } from "./exit-codes.js";
import { get } from "./get.js";
import { printListing } from "./ls.js";
import { ReconnectingClient } from "./reconnecting-client.js";
import { printSize, sizeOf } from "./stat.js";

const HELP = `ls [-l]            names of the served files, with sizes
stat NAME...       sizes in bytes
get NAME [PATH]    fetch a file
cat NAME           print a file
help               the commands that the server knows
! LINE             send a line as it is, on a connection of its own, and print what comes back
quit               leave
`;

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
    if (terminal) lines.prompt();
    for await (const line of lines) {
      try {
        if (await this.#perform(line)) break;
      } catch (error) {
        this.#report(error);
      }
      if (terminal) lines.prompt();
    }
    await this.#client.quit();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }

  /** Answers whether it was the last line. */
  async #perform(line: string): Promise<boolean> {
    const [command = "", ...args] = line.trim().split(/\s+/);
    const [name, path] = args;
    switch (command) {
      case "":
        return false;
      case "ls":
        await printListing(this.#client, { ...this.#flags, ...(args.includes("-l") && { long: true }) }, this.#report);
        return false;
      case "stat":
        if (name === undefined) throw usageError("stat NAME...: the names are missing");
        for (const one of args) {
          const size = await sizeOf(this.#client, one, this.#report);
          if (size !== undefined) printSize(one, size, this.#flags);
        }
        return false;
      case "get":
        if (name === undefined || args.length > 2) throw usageError("get NAME [PATH] is accepted");
        await this.#get(name, path);
        return false;
      case "cat":
        if (name === undefined || args.length > 1) throw usageError("cat NAME is accepted");
        await writeFile(await this.#client.connected(), name);
        return false;
      case "help":
        process.stdout.write(HELP);
        process.stdout.write(
          `The server says: ${printable((await (await this.#client.connected()).help()).join(", "))}\n`,
        );
        return false;
      case "quit":
      case "exit":
        return true;
      default:
        if (!command.startsWith("!"))
          throw usageError(`${command}: no such command; ls, stat, get, cat, help, ! and quit are`);
        await this.#sendLine(line.trim().slice(1).trimStart());
        return false;
    }
  }

  async #get(name: string, path: string | undefined): Promise<void> {
    await this.#client.quit(); // many servers serve one client at a time: another connection would wait for this one
    const display = new DownloadDisplay(name, this.#flags);
    const flags = path === undefined ? this.#flags : { ...this.#flags, output: path };
    process.stdout.write(display.finished(await get(this.#server, name, flags, display)));
  }

  async #sendLine(line: string): Promise<void> {
    await this.#client.quit(); // many servers serve one client at a time: another connection would wait for this one
    const { text, closed } = await exchangeLine(line, connectionOptions(this.#server, this.#flags));
    const lines = text.split("\r\n");
    if (lines.at(-1) === "") lines.pop(); // the end of the last line; what no CR LF ends is the body of a raw slice
    for (const said of lines) process.stdout.write(`< ${printable(said)}\n`);
    process.stdout.write(closed ? "(the server closed the connection)\n" : "");
  }
}
