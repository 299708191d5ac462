/** `election status`: what a node is, and the cluster as the leader sees it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { ElectionError } from "../core/index.js";
import type { QueryOptions } from "../node/query.js";
import { peerAddress } from "./addresses.js";
import { askCluster, type ClusterAnswer } from "./ask-cluster.js";
import { describeFailure } from "./exit-codes.js";
import { wholeNumber } from "./numbers.js";
import { printableJson } from "./printable.js";
import { addQueryOptions, type QueryFlags, queryOptions } from "./query-flags.js";
import { stopSignal } from "./signals.js";
import { statusLines } from "./status-table.js";

interface StatusFlags extends QueryFlags {
  readonly watch?: true;
  readonly timeoutMs: number;
}

const WATCH_EVERY_MS = 1_000;
/** Addresses that --watch remembers, to go on with another node where one is gone. */
const MOST_REMEMBERED = 16;

const EXAMPLES = `
  election status 127.0.0.1:4001
  election status 127.0.0.1:4001 --watch
  election status 127.0.0.1:4001 --json | jq .leader.id

--json prints {"node": ..., "leader": ...}: what the node says of itself, and what the leader says, or null. A lease without
an end is null.`;

export function addStatusCommand(program: Command): void {
  const command = program
    .command("status")
    .summary("show the cluster as its leader sees it")
    .description("Ask a node, and the leader that it follows, and show the leader's table of hosts.")
    .argument("<node>", "HOST:PORT of any node", peerAddress)
    .option("--watch", "show it anew every second until Ctrl-C, from another node where this one is gone")
    .option("--timeout-ms <ms>", "how long to wait for each answer", wholeNumber(1, 2 ** 31 - 1), 3_000)
    .option("--json", "print one line of JSON");
  addQueryOptions(command)
    .addHelpText("after", EXAMPLES)
    .action(async (address: string, flags: StatusFlags) => {
      if (flags.watch === true) await watch(address, flags);
      else {
        const answer = await askCluster(address, { ...queryOptions(flags), timeoutMs: flags.timeoutMs });
        process.stdout.write(render(answer, flags));
        if (answer.leader === undefined) throw new ElectionError("NO_LEADER", answer.noLeader ?? "no leader");
      }
    });
}

function render(answer: ClusterAnswer, { json }: QueryFlags): string {
  if (json === true) return `${printableJson({ node: answer.node, leader: answer.leader ?? null })}\n`;
  const inColour = process.stdout.isTTY === true && process.env["NO_COLOR"] === undefined;
  return `${statusLines(answer, inColour).join("\n")}\n`;
}

async function watch(address: string, flags: StatusFlags): Promise<void> {
  const { signal } = stopSignal();
  const options = { ...queryOptions(flags), timeoutMs: flags.timeoutMs, signal };
  const isScreen = process.stdout.isTTY === true && flags.json !== true;
  let known: readonly string[] = [address];
  while (!signal.aborted) {
    let text = "";
    try {
      const { asked, answer } = await askAny(known, options);
      text = render(answer, flags);
      known = [...new Set([asked, ...addressesIn(answer), ...known])].slice(0, MOST_REMEMBERED);
    } catch (error) {
      if (signal.aborted) return;
      if (flags.json !== true) text = describeFailure(error);
    }
    process.stdout.write(isScreen ? `\x1b[H\x1b[J${text}` : text);
    await sleep(WATCH_EVERY_MS, undefined, { signal }).catch(() => {}); // the signal ends the loop
  }
}

/** The answer of the first that gives one. @throws what the first one's failure was */
async function askAny(
  addresses: readonly string[],
  options: QueryOptions,
): Promise<{ readonly asked: string; readonly answer: ClusterAnswer }> {
  let failure: unknown;
  for (const address of addresses) {
    try {
      return { asked: address, answer: await askCluster(address, options) };
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

function addressesIn({ node, leader }: ClusterAnswer): string[] {
  const live = (leader?.hosts ?? []).filter(({ status }) => status === "connected");
  return [...node.fallbacks, ...live].map((one) => one.address);
}
