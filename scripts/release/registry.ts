/** The throwaway registry, and an account there. */
import { randomBytes } from "node:crypto";
import { appendFileSync } from "node:fs";
import { type RunningProcess, startTypeScript } from "../../test/process.js";
import { loopbackRegistry } from "./loopback.js";

export interface RegistryOptions {
  /** Where it keeps everything. */
  readonly folder: string;
  /** The registry that it asks for packages of others. */
  readonly uplink: string;
  /** A file of certificates for that. */
  readonly ca?: string | undefined;
}

export interface Registry {
  readonly url: string;
  readonly program: RunningProcess;
}

export async function startRegistry(options: RegistryOptions): Promise<Registry> {
  const program = startTypeScript(new URL("registry-program.ts", import.meta.url), [], {
    cwd: options.folder,
    input: JSON.stringify(options),
  });
  return { url: loopbackRegistry(`http://127.0.0.1:${await program.port()}/`, "the registry"), program };
}

/** Makes an account of this run alone, and writes its token where npm and pnpm look for it. */
export async function logIn(registry: string, npmrc: string): Promise<void> {
  const url = loopbackRegistry(registry, "the registry");
  const account = { name: "release-check", password: randomBytes(24).toString("base64url") };
  const answer = await fetch(new URL(`-/user/org.couchdb.user:${account.name}`, url), {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(account),
  });
  const { token } = (await answer.json()) as { token?: string };
  if (token === undefined) throw new Error(`the registry gave no token: ${answer.status}`);
  appendFileSync(npmrc, `${url.slice("http:".length)}:_authToken=${token}\n`, { mode: 0o600 });
}
