/** Makes a plan that fails smaller: without what it fails without. */
import type { Act, Plan, PlannedClient } from "./plan.js";

/** Runs that a shrinking may take. */
const MOST_RUNS = 400;

/**
 * @param fails whether a plan still fails in the same way
 * @param withinMs what is the least by then is taken
 */
export function shrinkPlan(
  plan: Plan,
  fails: (plan: Plan) => boolean,
  withinMs: number = Number.POSITIVE_INFINITY,
): Plan {
  const until = performance.now() + withinMs;
  let least = plan;
  let left = MOST_RUNS;
  for (let isSmaller = true; isSmaller && left > 0; ) {
    isSmaller = false;
    for (const smaller of candidates(least)) {
      if (left-- <= 0 || performance.now() > until) return least;
      if (!fails(smaller)) continue;
      least = smaller;
      isSmaller = true;
      break;
    }
  }
  return least;
}

function* candidates(plan: Plan): Iterable<Plan> {
  for (const field of ["faults", "acts"] as const) {
    const all = plan[field] as readonly unknown[];
    if (all.length > 2) {
      const middle = all.length >> 1;
      yield { ...plan, [field]: all.slice(0, middle) };
      yield { ...plan, [field]: all.slice(middle) };
    }
    for (let index = 0; index < all.length; index++) yield { ...plan, [field]: all.filter((_, at) => at !== index) };
  }
  yield* withoutClients(plan);
  const { drop, latencyMs = 0 } = plan.impairments;
  if (drop !== undefined) yield { ...plan, impairments: { latencyMs } };
  const { highWaterBytes, timeoutMs, connectTimeoutMs, minRetransmitMs, maxRetransmitMs } = plan.streams;
  const streams = { highWaterBytes, timeoutMs, connectTimeoutMs, minRetransmitMs, maxRetransmitMs };
  if (Object.keys(plan.streams).length > Object.keys(streams).length)
    yield { ...plan, streams: streams as Plan["streams"] };
  if (Object.keys(plan.disk).length > 0) yield { ...plan, disk: {} };
  if (plan.effectMs > 0) yield { ...plan, effectMs: 0 };
  const { log, durability, heartbeatMs, maxMessageBytes, maxFrameBytes } = plan.server;
  for (const option of Object.keys(plan.server) as (keyof Plan["server"])[]) {
    if (option in { log, durability, heartbeatMs, maxMessageBytes, maxFrameBytes }) continue;
    const { [option]: _, ...server } = plan.server;
    yield { ...plan, server };
  }
  yield* smallerActs(plan);
  for (const [index, client] of plan.clients.entries()) {
    const plain = plainClient(client);
    if (JSON.stringify(plain) !== JSON.stringify(client)) yield { ...plan, clients: plan.clients.with(index, plain) };
  }
}

function* withoutClients(plan: Plan): Iterable<Plan> {
  if (plan.clients.length < 2) return;
  for (const { node } of plan.clients) {
    const names = (one: object): boolean => Object.values(one).includes(node);
    const clients = plan.clients.filter((one) => one.node !== node && one.copies !== node);
    if (clients.length === 0) continue;
    const kept = new Set([...plan.servers, ...clients.map((one) => one.node)]);
    const isKept = (one: object): boolean =>
      !names(one) &&
      Object.entries(one).every(([key, value]) => !["node", "from", "to"].includes(key) || kept.has(value as string));
    yield { ...plan, clients, acts: plan.acts.filter(isKept), faults: plan.faults.filter(isKept) };
  }
}

function* smallerActs(plan: Plan): Iterable<Plan> {
  for (const [index, act] of plan.acts.entries()) {
    if (act.type !== "publish" || (act.count === 1 && act.bytes === 0)) continue;
    const smaller: Act = { ...act, count: act.count >> 1 || 1, bytes: act.count > 1 ? act.bytes : 0 };
    yield { ...plan, acts: plan.acts.with(index, smaller) };
  }
}

function plainClient(client: PlannedClient): PlannedClient {
  const { node, room, startAtMs, observer, copies, savesPosition, onUnknown } = client;
  return {
    node,
    room,
    startAtMs,
    observer,
    copies,
    savesPosition,
    onUnknown,
    stable: false,
    start: "live",
    from: 0,
    window: 16_384,
    echo: true,
    maxQueuedBytes: 16_777_216,
    maxUnsentMessages: 10_000,
    handleMs: 0,
    rate: 1,
  };
}

/** What is left, on a few lines. */
export function describePlan(plan: Plan): string {
  const { seed, log, clients, acts, faults, impairments, streams, server, disk, calmAtMs } = plan;
  const named = clients.map(({ node, observer, copies, start, savesPosition, room }) =>
    [
      node,
      room === "main" ? "" : `in ${room}`,
      observer ? "observes" : "",
      copies ? `copies ${copies}` : "",
      start,
      savesPosition ? "saves" : "",
    ]
      .filter((word) => word !== "")
      .join(" "),
  );
  const secretly = { ...server, ...(server.secret !== undefined && { secret: "16 bytes" }) };
  return [
    `seed ${seed}, log ${log}, clients: ${named.join("; ")}; calm at ${calmAtMs}`,
    `  server ${JSON.stringify(secretly)}`,
    `  links ${JSON.stringify(impairments)}, streams ${JSON.stringify(streams)}, disk ${JSON.stringify(disk)}`,
    ...acts.map((act) => `  ${JSON.stringify(act)}`),
    ...faults.map((fault) => `  fault ${JSON.stringify(fault)}`),
  ].join("\n");
}
