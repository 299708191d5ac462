/** What of the packages is public: every entry point that a package.json names, in the form in which it is imported. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface EntryPoint {
  /** As it is imported: `@lab/framing/web`. */
  readonly name: string;
  /** Its source, from the root of the repository. */
  readonly source: string;
}

/** Every entry point of every package below `root`, the main one of each package first. */
export function entryPoints(root: string): EntryPoint[] {
  return readdirSync(join(root, "packages")).flatMap((folder) => {
    const manifest = join(root, "packages", folder, "package.json");
    if (!existsSync(manifest)) return [];
    const { name, exports } = JSON.parse(readFileSync(manifest, "utf8")) as {
      name: string;
      exports: Readonly<Record<string, string>>;
    };
    return Object.entries(exports)
      .filter(([, file]) => file.endsWith(".ts"))
      .map(([path, file]) => ({ name: join(name, path), source: join("packages", folder, file) }));
  });
}
