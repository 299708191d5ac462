/** What follows an error of the command line: how the command is written. */
import type { Command } from "commander";

/** Adds to every error of a client command its usage line, and where a port was given as an option, the way it is given. */
export function addUsageLine(command: Command): void {
  const words = command.registeredArguments.map((argument) => {
    const name = argument.name() === "server" ? "HOST[:PORT]" : argument.name().toUpperCase();
    const all = argument.variadic ? `${name}...` : name;
    return argument.required ? all : `[${all}]`;
  });
  const name = `${command.parent?.name()} ${command.name()}`;
  command.showHelpAfterError(`usage: ${[name, ...words].join(" ")}\n(--help says more)`);
  command.configureOutput({
    outputError: (text, write) =>
      write(/unknown option '(-p|--port)/.test(text) ? `${text.trimEnd()}\nThe port goes into HOST:PORT.\n` : text),
  });
}
