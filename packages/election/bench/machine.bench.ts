/**
 * A leader's machine from the bytes of a Report to the bytes of its Ack, without sockets: 10,000 hosts in turn, each every R
 * of the machine's own time, its rankings included. The bar is what the bar of CPU leaves: 6,667 reports a second may take
 * a quarter of a core, of which a bare server that answers bytes with bytes takes about half.
 */
import { built } from "../../../bench/built.js";
import { digestOfBytes } from "../../../bench/digest.js";
import { type Contender, perCpuSecond, type Row } from "../../../bench/row.js";
import { PlainLeader } from "./floors/report-to-ack.js";
import { leaderOfHosts, type ManyReports, reportFrames } from "./many-reports.js";

const core = await built<typeof import("../src/core/index.js")>("election", "core");

/** Reports of each host in one measurement. */
const PASSES = 20;
/** Of these, everybody is a fallback from its first report on: the Ack of each later report is the same for all. */
const FEW = 3;

function contender(
  start: (reports: ManyReports) => (frame: Buffer, host: number, mono: number) => Uint8Array,
): Contender {
  return {
    output: () => {
      const reports = reportFrames(core, FEW);
      const answer = start(reports);
      const acks: Uint8Array[] = [];
      for (let pass = 0; pass < 3; pass++) {
        reports.frames.forEach((frame, host) => {
          const ack = answer(frame, host, reports.monoOf(pass, host));
          if (pass > 0) acks.push(Uint8Array.from(ack));
        });
      }
      return digestOfBytes(acks);
    },
    measure: async (smoke) => {
      const reports = reportFrames(core, smoke ? 100 : 10_000);
      const answer = start(reports);
      const count = reports.frames.length;
      const pass = (number: number): void => {
        for (const [host, frame] of reports.frames.entries()) answer(frame, host, reports.monoOf(number, host));
      };
      pass(0);
      const passes = smoke ? 1 : PASSES;
      return await perCpuSecond(count * passes, () => {
        for (let number = 1; number <= passes; number++) pass(number);
      });
    },
  };
}

const ours = contender((reports) => {
  const leader = leaderOfHosts(core, reports);
  return (frame, host, mono) => leader.answer(frame, host, mono);
});

const floor = contender((reports) => {
  // Any Ack of that leader, once all of a few hosts are its fallbacks.
  const few = reportFrames(core, FEW);
  const teacher = leaderOfHosts(core, few);
  let ack: Uint8Array = new Uint8Array();
  few.frames.forEach((frame, host) => {
    ack = teacher.answer(frame, host, few.monoOf(0, host));
  });
  const plain = new PlainLeader(ack);
  return (frame, _, mono) => plain.answer(frame, mono, reports.wallOf(mono));
});

export const rows: readonly Row[] = [
  {
    what: "election: a leader's machine, from a Report to its Ack, 10,000 hosts",
    floor,
    ours,
    unit: "reports/s CPU",
    barOn: "value",
    bar: 100_000,
    direction: "at least",
  },
];
