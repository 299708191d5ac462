/** The user that actions run as where the server is root: limits on processes do not bind root (R43). */
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { dirname } from "node:path";

export interface User {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Undefined where the server is not root: then actions have its user.
 * @throws TypeError that names the option where there is no such user, where it is root, or where only root could change to it
 */
export function actionUser(runAs: string | undefined): User | undefined {
  if (runAs !== undefined && typeof runAs !== "string") {
    throw new TypeError(`runAs must be the name or number of a user, not ${typeof runAs}`);
  }
  if (process.getuid?.() !== 0) {
    if (runAs === undefined) return undefined;
    throw new TypeError("runAs is for a server that is root: this one cannot change its user");
  }
  const name = runAs ?? "nobody";
  const [uid, gid] = [idOf(name, "-u"), idOf(name, "-g")];
  if (uid === undefined || gid === undefined) {
    throw new TypeError(`runAs must name a user for the actions of a server that is root: there is no user ${name}`);
  }
  if (uid === 0) throw new TypeError("runAs must be a user who is not root: limits on processes do not bind root");
  return { uid, gid };
}

/**
 * The folder on the way to a path that this user cannot enter, the outermost, with its mode; undefined where there is none. Lists of
 * access and further groups are not looked at: it explains why something failed, and forbids nothing.
 */
export function closedFolder(user: User, path: string): { readonly path: string; readonly mode: string } | undefined {
  const above = dirname(path) === path ? undefined : closedFolder(user, dirname(path));
  if (above !== undefined) return above;
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  const enter = stat.uid === user.uid ? 0o100 : stat.gid === user.gid ? 0o010 : 0o001;
  return (stat.mode & enter) === 0 ? { path, mode: (stat.mode & 0o777).toString(8) } : undefined;
}

function idOf(name: string, what: "-u" | "-g"): number | undefined {
  const { status, stdout } = spawnSync("id", [what, "--", name], { encoding: "utf8" });
  const text = (stdout ?? "").trim();
  return status === 0 && /^\d+$/.test(text) ? Number(text) : undefined;
}
