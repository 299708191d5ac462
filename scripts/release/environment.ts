/** The surroundings of all that `pnpm release:check` starts: no setting and no token of whoever runs it. */
import { join } from "node:path";
import { loopbackRegistry } from "./loopback.js";

/** What package managers read, and what they leave for their scripts. */
const SETTING = /^(npm_|pnpm_|yarn_|node_auth_token$)/i;

/** What is to be unset (undefined) of an environment, for package managers to have none but their files. */
export function withoutSettings(given: Readonly<NodeJS.ProcessEnv>): Record<string, string | undefined> {
  const names = Object.keys(given).filter((name) => SETTING.test(name));
  return Object.fromEntries(names.map((name) => [name, undefined]));
}

/**
 * What is to be set and unset (undefined) of an environment, so that npm, npx and pnpm know one registry alone, and keep
 * what they load in a folder that goes away.
 *
 * @throws {RangeError} for a registry that is not on loopback
 */
export function throwawayEnvironment(
  given: Readonly<NodeJS.ProcessEnv>,
  registry: string,
  folder: string,
): Record<string, string | undefined> {
  const url = loopbackRegistry(registry, "the registry");
  const direct = [given["no_proxy"] ?? given["NO_PROXY"], new URL(url).hostname].filter(Boolean).join(",");
  return {
    ...withoutSettings(given),
    npm_config_registry: url,
    npm_config_userconfig: join(folder, "npmrc"),
    npm_config_cache: join(folder, "npm-cache"),
    npm_config_store_dir: join(folder, "pnpm-store"),
    npm_config_audit: "false",
    npm_config_fund: "false",
    npm_config_update_notifier: "false",
    XDG_CACHE_HOME: join(folder, "cache"),
    XDG_CONFIG_HOME: join(folder, "config"),
    XDG_DATA_HOME: join(folder, "data"),
    XDG_STATE_HOME: join(folder, "state"),
    no_proxy: direct,
    NO_PROXY: direct,
  };
}

/** Makes it the environment of this process, and so of all that it starts from now on. */
export function enter(changes: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}
