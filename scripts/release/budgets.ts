/** What a package may weigh once it is installed, with all that it depends on: a change that needs more says so here. */

import type { Size } from "../built/sizes.js";

export interface Budget {
  readonly installedKiB: number;
  readonly dependencies: number;
}

/** About an eighth above what the first release takes, and no package more than it brings. */
export const BUDGETS: Readonly<Record<string, Budget>> = {
  "@lab/broadcast": { installedKiB: 5_200, dependencies: 6 },
  "@lab/election": { installedKiB: 2_700, dependencies: 3 },
  "@lab/framing": { installedKiB: 250, dependencies: 0 },
  "@lab/hftp": { installedKiB: 5_800, dependencies: 24 },
  "@lab/rake": { installedKiB: 5_400, dependencies: 6 },
  "@lab/simnet": { installedKiB: 1_100, dependencies: 1 },
  "@lab/stopwait-udp": { installedKiB: 1_100, dependencies: 7 },
};

/** Lines of a table, its heading first; and a line for everything that is over its budget or has none. */
export function judge(
  sizes: readonly Size[],
  budgets: Readonly<Record<string, Budget>>,
): { readonly table: string[]; readonly over: string[] } {
  const over: string[] = [];
  const rows = sizes.map((size) => {
    const budget = budgets[size.name];
    const installedKiB = Math.ceil(size.installedBytes / 1024);
    if (budget === undefined) over.push(`${size.name} has no budget in scripts/release/budgets.ts`);
    else {
      if (installedKiB > budget.installedKiB) {
        over.push(`${size.name} takes ${installedKiB} KiB installed, ${budget.installedKiB} are allowed`);
      }
      if (size.dependencies > budget.dependencies) {
        over.push(`${size.name} brings ${size.dependencies} packages, ${budget.dependencies} are allowed`);
      }
    }
    const allowed = [budget?.installedKiB, budget?.dependencies].map((number) => String(number ?? "none"));
    const [mostKiB = "", mostPackages = ""] = allowed;
    const own = String(Math.ceil(size.ownBytes / 1024));
    return [size.name, own, String(installedKiB), mostKiB, String(size.dependencies), mostPackages] as const;
  });
  const heading = ["package", "own KiB", "installed KiB", "budget", "dependencies", "budget"] as const;
  return { table: aligned([heading, ...rows]), over };
}

/** Columns under each other: the first to the left, the others to the right. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}
