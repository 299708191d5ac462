/** Who is at work on a part: told by its file name, so that a killed process holds up nobody (S83). */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { hasCode } from "./file-facts.js";

/** Short, and the same for every process of this machine. */
const HOST: string = createHash("sha256").update(hostname()).digest("hex").slice(0, 8);

/** This process, as it stands in the names of the parts that it writes: process id, start time, machine. */
export const OWNER: string = `${process.pid}-${processFacts(process.pid)?.started ?? "0"}-${HOST}`;

const FORM = /^(\d{1,10})-(\d{1,20})-([0-9a-f]{8})$/;

/** `elsewhere`: of another machine, of whose processes nothing can be told. */
export function ownerState(owner: string): "alive" | "gone" | "elsewhere" {
  const [, pid = "", started = "", host = ""] = FORM.exec(owner) ?? [];
  if (host !== HOST) return "elsewhere";
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    return hasCode(error, "EPERM") ? "alive" : "gone";
  }
  const facts = processFacts(Number(pid));
  return facts === undefined || (!facts.ended && (started === "0" || facts.started === started)) ? "alive" : "gone";
}

/** What Linux tells of a process: a number is given to another one some day, a number and a start time are not. */
function processFacts(pid: number): { readonly ended: boolean; readonly started: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const [state = "", started = ""] = [fields[0], fields[19]];
    return /^\d+$/.test(started) ? { ended: "ZX".includes(state), started } : undefined;
  } catch {
    return undefined;
  }
}
