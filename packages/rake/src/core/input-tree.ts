/** Whether files can stand at these paths beside each other (docs/rake.md R22). */

/** Of the inputs of an action: to make them takes a server long. */
const MAX_FOLDERS = 20_000;

/** What is wrong: more folders than may be; two at one path, or one below another; undefined where nothing is. The paths are as R7 says. */
export function treeFault(paths: readonly string[]): string | undefined {
  const files = new Set<string>();
  for (const path of paths) {
    if (files.has(path)) return `two inputs at "${path}"`;
    files.add(path);
  }
  const folders = new Set<string>();
  for (const path of paths) {
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      const folder = path.slice(0, end);
      if (folders.has(folder)) break;
      if (files.has(folder)) return `the input "${path}" is below the input "${folder}"`;
      folders.add(folder);
      if (folders.size > MAX_FOLDERS) return `inputs in more than ${MAX_FOLDERS} folders`;
    }
  }
  return undefined;
}
