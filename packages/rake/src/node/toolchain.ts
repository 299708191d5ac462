/** Names what actions are made with here (R39): system, processor, and the compilers that are found. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { arch, platform } from "node:os";
import { promisify } from "node:util";

const execute = promisify(execFile);
const MAX_BYTES = 256;

/** At most 256 bytes. */
export async function nameToolchain(): Promise<string> {
  const named = await Promise.all(["cc", "python3"].map((program) => firstLine(program)));
  const parts = [`${platform()} ${arch()}`, systemName(), ...named, `node ${process.version}`];
  const text = parts.filter((part) => part !== "").join("; ");
  return new TextDecoder().decode(Buffer.from(text).subarray(0, MAX_BYTES)).replace(/\uFFFD+$/, "");
}

function systemName(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "";
  } catch {
    return "";
  }
}

async function firstLine(program: string): Promise<string> {
  try {
    const { stdout } = await execute(program, ["--version"], { timeout: 5_000 });
    return (stdout.split("\n")[0] ?? "").trim().slice(0, 80);
  } catch {
    return "";
  }
}
