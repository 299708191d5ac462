/**
 * Who may write a `.part` file: the lines of its lock file (docs/hftp.md, H32). Whoever wants it appends a line of its
 * own and reads the file: it belongs to the first line whose process lives and that was not given up. Nobody but the
 * owner removes the file, so a dead owner is succeeded without a moment in which two can take it.
 */

/** A line of a lock file: who wants to write the `.part` file. */
export interface LockOwner {
  /** Tells this attempt from every other one: 1 to 64 letters and digits. */
  readonly id: string;
  readonly pid: number;
  /** When the process began, in whatever words the system has; `-` where it has none. Process numbers are used again. */
  readonly started: string;
  /** Name of the machine: whether a process of another one lives cannot be told. */
  readonly host: string;
}

/** The line that asks. It begins with a line feed too: what a full disk cut off stays a line of its own. */
export function lockLine({ id, pid, started, host }: LockOwner): string {
  return `\nhold ${id} ${pid} ${encodeURIComponent(started)} ${encodeURIComponent(host)}\n`;
}

/** The line of someone who did not get it. */
export function unlockLine(id: string): string {
  return `\ndrop ${id}\n`;
}

/** Whether a text can be a lock file: one that is something else is nobody's to append to or to remove. */
export function isLockText(text: string): boolean {
  return text
    .split("\n")
    .every((line) => ["hold ", "drop "].some((word) => line.startsWith(word) || word.startsWith(line)));
}

/**
 * Whose the `.part` file is.
 * @param lives whether the process of an owner is still there
 */
export function lockHolder(text: string, lives: (owner: LockOwner) => boolean): LockOwner | undefined {
  const lines = text.split("\n");
  const dropped = new Set(lines.flatMap((line) => /^drop (\w{1,64})$/.exec(line)?.[1] ?? []));
  for (const line of lines) {
    const owner = parseOwner(line);
    if (owner !== undefined && !dropped.has(owner.id) && lives(owner)) return owner;
  }
  return undefined;
}

function parseOwner(line: string): LockOwner | undefined {
  const [, id, pid, started, host] = /^hold (\w{1,64}) ([1-9]\d{0,9}) (\S{1,200}) (\S{1,800})$/.exec(line) ?? [];
  if (id === undefined || pid === undefined || started === undefined || host === undefined) return undefined;
  try {
    return { id, pid: Number(pid), started: decodeURIComponent(started), host: decodeURIComponent(host) };
  } catch {
    return undefined;
  }
}
