/** A command on a terminal, and a person who types what is next once something was shown. */
import { type RunningProcess, start } from "../../../../test/process.js";

/** Ctrl-C, as a terminal in raw mode hands it on. */
export const CTRL_C = "\x03";

const script = `
import json, os, pty, sys
steps = json.loads(sys.argv[1])
seen = b""
def read(terminal):
    global seen
    shown = os.read(terminal, 65536)
    seen += shown
    while steps and steps[0][0].encode() in seen:
        wanted, typed = steps.pop(0)
        seen = seen.split(wanted.encode(), 1)[1]
        os.write(terminal, typed.encode())
    return shown
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[2:], read)))
`;

/** Starts a command on a terminal; each step is what is waited for, and what is typed then. Needs python3. */
export function onTerminal(
  command: readonly string[],
  cwd: string,
  steps: readonly (readonly [shown: string, typed: string])[],
): RunningProcess {
  return start("python3", ["-c", script, JSON.stringify(steps), ...command], { cwd });
}
