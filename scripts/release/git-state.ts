/** That a command leaves a git repository as it was: no bump, no tag, no branch, no worktree. */
import { must } from "../must.js";

/** What would tell of a change; without a lock, for somebody may be at work there. */
const LOOKS: Readonly<Record<string, readonly string[]>> = {
  "git status": ["--no-optional-locks", "status", "--porcelain"],
  "git refs": ["for-each-ref", "--format=%(refname) %(objectname)"],
  "git worktrees": ["worktree", "list", "--porcelain"],
};

export async function gitState(root: string): Promise<Record<string, string>> {
  const state: Record<string, string> = {};
  for (const [name, args] of Object.entries(LOOKS)) state[name] = await must(root, "git", args);
  return state;
}

/** The lines that came and went between two states: none where nothing changed. */
export function changes(before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>): string[] {
  return Object.keys(LOOKS).flatMap((name) => {
    const [old, now] = [before[name] ?? "", after[name] ?? ""].map((text) => text.split("\n").filter(Boolean));
    const gone = old?.filter((line) => !now?.includes(line)) ?? [];
    const come = now?.filter((line) => !old?.includes(line)) ?? [];
    return [...gone.map((line) => `${name}: - ${line}`), ...come.map((line) => `${name}: + ${line}`)];
  });
}
