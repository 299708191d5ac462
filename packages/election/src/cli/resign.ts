/** `election resign`: the leader hands over, and who leads then is waited for. */
import type { Command } from "commander";
import { type ClusterView, ElectionError, type LeaderInfo } from "../core/index.js";
import { type QueryOptions, queryNode, retireLeader } from "../node/query.js";
import { peerAddress } from "./addresses.js";
import { askCluster } from "./ask-cluster.js";
import { usageError } from "./exit-codes.js";
import { wholeNumber } from "./numbers.js";
import { printable, printableJson } from "./printable.js";
import { addQueryOptions, type QueryFlags, queryOptions } from "./query-flags.js";

interface ResignFlags extends QueryFlags {
  readonly to?: string;
  readonly timeoutMs: number;
}

/** Between two looks at who leads now. */
const LOOK_EVERY_MS = 10;
/** A leader names no more. */
const MAX_FALLBACKS = 3;

const EXAMPLES = `
  election resign 127.0.0.1:4001
  election resign 127.0.0.1:4001 --to c

Any node may be asked: it says who leads. Without --to the next in line takes over. Where nobody can, the same node leads
again, at a new epoch.`;

export function addResignCommand(program: Command): void {
  const command = program
    .command("resign")
    .summary("make the leader hand over")
    .description(
      "Ask the leader to hand over, wait until somebody leads at a higher epoch, and say who and after how long.",
    )
    .argument("<node>", "HOST:PORT of any node", peerAddress)
    .option("--to <id>", "the host that should lead (default: the next in line)")
    .option("--timeout-ms <ms>", "how long to wait for the next leader", wholeNumber(1, 2 ** 31 - 1), 20_000)
    .option("--json", "print one line of JSON");
  addQueryOptions(command).addHelpText("after", EXAMPLES).action(resign);
}

async function resign(address: string, flags: ResignFlags): Promise<void> {
  const options = queryOptions(flags);
  const { leader, noLeader } = await askCluster(address, options);
  if (leader === undefined) throw new ElectionError("NO_LEADER", noLeader ?? "no leader");
  if (flags.to !== undefined) checkTarget(flags.to, leader);
  const began = performance.now();
  await retireLeader(leader.address, { ...options, ...(flags.to !== undefined && { to: flags.to }) });
  const next = await nextLeader(leader, flags, began, options);
  const ms = Math.round(performance.now() - began);
  if (next === undefined)
    throw new ElectionError("TIMEOUT", `${leader.id} was asked to hand over, but nobody leads ${ms} ms later`);
  const { id, epoch } = next;
  if (flags.json === true) {
    const former = { id: leader.id, address: leader.address, epoch: leader.epoch };
    process.stdout.write(`${printableJson({ former, leader: next, ms })}\n`);
  } else {
    const who = id === leader.id ? `${id} leads again` : `${id} leads now`;
    process.stdout.write(`${printable(`${who} (epoch ${epoch}), ${ms} ms after ${leader.id} was asked`)}\n`);
  }
  if (flags.to !== undefined && id !== flags.to) {
    const why = leader.mode === "quorum" ? "; in mode quorum only members lead" : "";
    throw new ElectionError("NOT_TAKEN", `${flags.to} did not take over${why}`);
  }
}

/** @throws ElectionError `USAGE` for a host that cannot take over */
export function checkTarget(to: string, { id, hosts, mode, fallbacks }: ClusterView): void {
  if (to === id) throw usageError(`--to ${to}: it leads already`);
  const row = hosts.find((one) => one.id === to);
  const others = hosts.filter((one) => one.id !== id && one.status === "connected").map((one) => one.id);
  const choice = others.length === 0 ? "no other host is connected" : `connected are ${others.slice(0, 8).join(", ")}`;
  if (row === undefined) throw usageError(`--to ${to}: ${id} knows no such host; ${choice}`);
  if (row.status !== "connected") throw usageError(`--to ${to}: it is disconnected; ${choice}`);
  // Where there is room, every host that may lead is next in line.
  if (mode === "quorum" && fallbacks.length < MAX_FALLBACKS && !fallbacks.some((one) => one.id === to)) {
    const able = fallbacks.length === 0 ? "no other member is connected" : fallbacks.map((one) => one.id).join(", ");
    throw usageError(`--to ${to}: it has no vote, and in mode quorum only members lead: ${able}`);
  }
}

/** Asks the former leader, and its fallbacks, who leads at a higher epoch, until somebody does. */
async function nextLeader(
  former: ClusterView,
  { to, timeoutMs: limitMs }: ResignFlags,
  began: number,
  options: QueryOptions,
): Promise<LeaderInfo | undefined> {
  const deadline = began + limitMs;
  const addresses = [...new Set([former.address, ...former.fallbacks.map((one) => one.address)])];
  for (let turn = 0; performance.now() < deadline; turn++) {
    const address = addresses[turn % addresses.length] ?? former.address;
    const timeoutMs = Math.max(1, Math.min(500, Math.ceil(deadline - performance.now())));
    const view = await queryNode(address, { ...options, timeoutMs }).catch(() => undefined);
    if (view?.leader !== undefined && view.leader.epoch > former.epoch) return view.leader;
    const leadsOn = view?.role === "leader" && view.id === former.id;
    // One that obeys stops within the time for votes, which is less than a lease.
    if (to !== undefined && leadsOn && former.mode === "quorum" && performance.now() - began > former.leaseMs) {
      throw new ElectionError(
        "NOT_TAKEN",
        `${former.id} leads on: ${to} has no vote, and in mode quorum only members lead`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return undefined;
}
