/** What `status` and `resign` share: which node to ask, and how. */
import type { Command } from "commander";
import type { QueryOptions } from "../node/query.js";
import { moreRoutes } from "./addresses.js";
import { readSecret } from "./secret-file.js";

export interface QueryFlags {
  readonly cluster: string;
  readonly secretFile?: string;
  readonly route: Readonly<Record<string, string>>;
  readonly json?: true;
}

/** Adds the options that reach a node to a command. */
export function addQueryOptions(command: Command): Command {
  return command
    .option("--cluster <name>", "the name of the cluster", "lab")
    .option("--secret-file <file>", "the secret that its nodes share")
    .option(
      "--route <address=host:port>",
      "connect to HOST:PORT where nodes say ADDRESS; may be given several times",
      moreRoutes,
      {},
    );
}

export function queryOptions(flags: QueryFlags): Required<Pick<QueryOptions, "cluster" | "secret" | "routes">> {
  return { cluster: flags.cluster, secret: readSecret(flags.secretFile), routes: flags.route };
}
