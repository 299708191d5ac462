/** Makes a plan that fails smaller: without what it fails without. */
import type { Plan } from "./plan.js";

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
  const { faults, acts, sets, hosts, client } = plan;
  if (faults.length > 1) yield { ...plan, faults: [] };
  for (let index = 0; index < faults.length; index++) yield { ...plan, faults: faults.filter((_, at) => at !== index) };
  for (let index = 0; index < acts.length; index++) yield { ...plan, acts: acts.filter((_, at) => at !== index) };
  if (plan.again !== "no") yield { ...plan, again: "no" };
  if (sets.length > 1) yield { ...plan, sets: sets.slice(0, -1) };
  for (const [set, actions] of sets.entries()) {
    for (let index = 0; index < actions.length && actions.length > 1; index++) {
      yield {
        ...plan,
        sets: sets.with(
          set,
          actions.filter((_, at) => at !== index),
        ),
      };
    }
  }
  for (const { node } of hosts) {
    const isNamed = (one: object): boolean => Object.values(one).includes(node);
    if (hosts.length > 1 && ![...faults, ...acts].some(isNamed)) {
      yield { ...plan, hosts: hosts.filter((host) => host.node !== node) };
    }
  }
  for (const [index, host] of hosts.entries()) {
    if (host.lie !== undefined) yield { ...plan, hosts: hosts.with(index, { ...host, lie: undefined }) };
    if (host.rate !== 1) yield { ...plan, hosts: hosts.with(index, { ...host, rate: 1 }) };
    if (Object.keys(host.impairments).length > 0) {
      yield { ...plan, hosts: hosts.with(index, { ...host, impairments: {} }) };
    }
  }
  const {
    highWaterBytes = 0,
    timeoutMs = 0,
    connectTimeoutMs = 0,
    minRetransmitMs = 0,
    maxRetransmitMs = 0,
  } = plan.streams;
  const streams = { highWaterBytes, timeoutMs, connectTimeoutMs, minRetransmitMs, maxRetransmitMs };
  if (Object.keys(plan.streams).length > Object.keys(streams).length) yield { ...plan, streams };
  if (plan.effectMs > 0) yield { ...plan, effectMs: 0 };
  for (const option of ["speculate", "failFast", "cache"] as const) {
    if (client[option] === true) yield { ...plan, client: { ...client, [option]: false } };
  }
  if (client.policy !== "first") yield { ...plan, client: { ...client, policy: "first" } };
}

/** What is left, on a few lines. */
export function describePlan(plan: Plan): string {
  const { seed, hosts, inputs, sets, client, server, streams, acts, faults, promised, again, calmAtMs, effectMs } =
    plan;
  const plain = (options: object): string =>
    JSON.stringify(options, (key, value) => (key === "secret" ? "16 bytes" : value));
  return [
    `seed ${seed}, left to run it: ${promised}; built again: ${again}; calm at ${calmAtMs}, effects take ${effectMs} ms`,
    `  client ${plain(client)}`,
    `  server ${plain(server)}, streams ${plain(streams)}`,
    ...hosts.map((host) => `  host ${JSON.stringify(host)}`),
    `  inputs ${inputs.map(({ path, size }) => `${path} (${size})`).join(", ")}`,
    ...sets.flatMap((actions, set) =>
      actions.map(({ remote, command, produces, on, timeoutMs }) => {
        const more = [
          produces.length > 0 ? `produces ${produces.join(" ")}` : "",
          on.length > 0 ? `on ${on.join(" ")}` : "",
          timeoutMs === undefined ? "" : `timeout ${timeoutMs}ms`,
        ].filter((word) => word !== "");
        return `  set ${set + 1}: ${remote ? "remote-" : ""}${command}${more.length > 0 ? `  (${more.join("; ")})` : ""}`;
      }),
    ),
    ...acts.map((act) => `  ${JSON.stringify(act)}`),
    ...faults.map((fault) => `  fault ${JSON.stringify(fault)}`),
  ].join("\n");
}
