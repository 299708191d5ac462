/** What must be so when a run is over and everybody has the rest of the log. */
import type { ClientProgram } from "./client-program.js";
import type { ClientRecord } from "./client-record.js";
import { auditorOf, type Plan } from "./plan.js";
import type { RoomModel } from "./room-model.js";
import { Violation } from "./violation.js";

type ProgramOf = (node: string) => ClientProgram | undefined;

export interface EndedRun {
  readonly plan: Plan;
  readonly records: ReadonlyMap<string, ClientRecord>;
  readonly models: ReadonlyMap<string, RoomModel>;
  readonly program: ProgramOf;
}

/** @throws Violation */
export function checkEnd({ plan, records, models, program }: EndedRun): void {
  const resends = new Set(plan.clients.filter(({ onUnknown }) => onUnknown === "resend").map(({ node }) => node));
  for (const model of models.values()) {
    model.checkAll((sender) => resends.has(sender));
    checkAcknowledged(model, records.get(auditorOf(model.room)));
  }
  for (const record of records.values()) {
    checkEnded(record, plan);
    checkMembers(record, program);
  }
}

/** Two processes that both have a session, in words: B11 and B39 leave one. */
export function sharedBy(
  { clients }: Plan,
  records: ReadonlyMap<string, ClientRecord>,
  program: ProgramOf,
): string | undefined {
  const open = new Map<string, string>();
  for (const { node } of clients) {
    const there = records.get(node)?.ended === undefined ? program(node)?.machine.view() : undefined;
    if (there?.phase !== "open" || there.member === 0) continue;
    const other = open.get(there.clientId);
    if (other !== undefined) return `${other} and ${node} both have the session of member ${there.member}`;
    open.set(there.clientId, node);
  }
  return undefined;
}

/** D: what was acknowledged in this epoch and is held has been read by the auditor. */
function checkAcknowledged(model: RoomModel, auditor: ClientRecord | undefined): void {
  const held = auditor?.welcomes.at(-1)?.firstRetained ?? Number.POSITIVE_INFINITY;
  const first = Math.max(held, (auditor?.gapTo ?? 0) + 1);
  for (const [number, payload] of model.current?.acknowledged ?? []) {
    if (number >= first) throw new Violation("D", `"${payload}" was acknowledged as ${number}, and nobody has read it`);
  }
}

/**
 * B10: the members are those of the welcome, changed by the joins and leaves that came, also behind a gap, which tells of none; and
 * where none was passed over they are those of the log.
 */
function checkMembers(record: ClientRecord, program: ProgramOf): void {
  const { node, ended, knowsMembers, model, members } = record;
  const view = ended === undefined ? program(node)?.machine.view() : undefined;
  if (view?.phase !== "open" || view.epoch !== model.current?.epoch) return;
  const told = view.members.map(({ member, name }) => `${member} ${name}`).sort();
  const given = [...(members ?? [])].map(([member, name]) => `${member} ${name}`).sort();
  if (told.join() !== given.join()) {
    throw new Violation("B10", `${node} has the members ${told.join(", ")}, and was told of ${given.join(", ")}`);
  }
  const expected = knowsMembers ? model.membersAtHead() : undefined;
  if (expected === undefined || told.join() === expected.join()) return;
  throw new Violation("B10", `${node} has the members ${told.join(", ")}, and the log ${expected.join(", ")}`);
}

/** Who ended for good had a reason. */
function checkEnded({ node, ended, loaded, expired, isOvertaken }: ClientRecord, { clients, acts, kinds }: Plan): void {
  if (ended === undefined) return;
  const isCopied = clients.some(({ copies }) => copies !== undefined && (copies === node || node === "copy"));
  const reasons: Record<string, boolean> = {
    left: acts.some((act) => act.type === "leave" && act.node === node),
    TAKEN_OVER: isCopied || isOvertaken || loaded !== undefined,
    // An older position has an older token, where the session had expired since it was saved.
    UNAUTHORIZED: loaded !== undefined && (expired > 0 || isCopied),
    FULL: kinds.includes("evictions"),
  };
  if (reasons[ended] !== true) throw new Violation("G", `${node} ended with ${ended}`);
}
