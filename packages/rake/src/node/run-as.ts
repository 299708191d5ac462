/** The user that actions run as where the server is root: limits on processes do not bind root (R43). */
import { spawnSync } from "node:child_process";

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

function idOf(name: string, what: "-u" | "-g"): number | undefined {
  const { status, stdout } = spawnSync("id", [what, "--", name], { encoding: "utf8" });
  const text = (stdout ?? "").trim();
  return status === 0 && /^\d+$/.test(text) ? Number(text) : undefined;
}
