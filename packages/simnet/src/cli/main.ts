#!/usr/bin/env node
/** The command `simnet`. */
import { runCommand } from "./command.js";

void runCommand(process.argv.slice(2), process).then((code) => {
  process.exitCode = code;
});
