/** What the flags of `election run` say, as options of an elector. */
import { hostname } from "node:os";
import type { ElectorOptions } from "../node/elector-options.js";
import { fileStorage, storagePath } from "../node/file-storage.js";
import { usageError } from "./exit-codes.js";
import type { RunFlags } from "./run.js";

/** @throws ElectionError `USAGE` for what does not go together */
export function electorOptions(flags: RunFlags, secret: Uint8Array | undefined): Omit<ElectorOptions, "logger"> {
  checkMode(flags);
  const { id, mode, cluster, preset, score, members, listen, address } = flags;
  return {
    mode,
    cluster,
    preset,
    score,
    id,
    secret,
    members,
    listen,
    address,
    hostName: flags.name ?? hostname(),
    seeds: flags.join,
    routes: flags.route,
    rejoin: flags.rejoin,
    // Without an id there is nothing to be found again under.
    ...(id !== undefined && { storage: fileStorage(storagePath(cluster, id, flags.state)) }),
  };
}

function checkMode({ mode, id, members = [], nonVoting, rejoin }: RunFlags): void {
  if (mode === "available") {
    if (members.length > 0) throw usageError("--members goes with --mode quorum; in mode available there is --join");
    if (nonVoting === true) throw usageError("--non-voting goes with --mode quorum: in mode available nobody votes");
    if (rejoin === true) throw usageError("--rejoin goes with --mode quorum: in mode available nobody votes");
    return;
  }
  if (members.length === 0) throw usageError("--mode quorum needs --members ID=HOST:PORT,ID=HOST:PORT,... and --id");
  const ids = members.map((member) => member.id).join(", ");
  if (id === undefined) throw usageError(`--mode quorum needs --id: one of ${ids}, or another one with --non-voting`);
  const isMember = members.some((member) => member.id === id);
  if (!isMember && nonVoting !== true) {
    throw usageError(`--id ${id} is none of the --members (${ids}); --non-voting lets it report without a vote`);
  }
  if (isMember && nonVoting === true) throw usageError(`--non-voting does not go with --id ${id}: it is a member`);
  if (!isMember && rejoin === true) throw usageError("--rejoin is for members: others have no vote to lose");
}
