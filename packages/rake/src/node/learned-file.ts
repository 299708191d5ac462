/** What was learned of kinds and hosts, kept in the state folder (R30). */
import { join } from "node:path";
import type { Learned } from "../core/client-contract.js";
import { readState, type Trouble, writeState } from "./state-file.js";

const pathIn = (state: string): string => join(state, "learned.json");

/** Each value in it is looked at by `LearnedTable`; here it has the shape alone. Undefined: nothing was kept, or it was damaged. */
export function readLearned(state: string, trouble: Trouble): Learned | undefined {
  const value = readState(pathIn(state), trouble);
  if (!isRecord(value)) return undefined;
  const hosts = Object.entries(recordOf(value["hosts"])).filter(([, host]) => isRecord(host));
  return { workMs: recordOf(value["workMs"]), hosts: Object.fromEntries(hosts) } as Learned;
}

export function writeLearned(state: string, learned: Learned, trouble: Trouble): void {
  writeState(pathIn(state), learned, trouble);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function recordOf(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}
