/** What it costs to run one small action somewhere else, one at a time: `true`, and one small C file. */
import { spawnSync } from "node:child_process";
import type { Contender, Peer, Row } from "../../../bench/row.js";
import { compiledByDistcc, compiledByIcecc, compiledByUs, compiledHere } from "./remote/compile-one.js";
import { whyNoIcecc } from "./remote/icecc.js";
import { whyAbsent } from "./remote/programs.js";
import { trueByFloor, trueByParallel, trueBySpawn, trueByUs } from "./remote/run-true.js";

/** A peer, where it can run here. */
function peer(name: string, absent: string | undefined, contender: () => Contender): Peer {
  return { name, contender: absent === undefined ? contender() : { absent } };
}

const bwrapWorks =
  spawnSync("bwrap", ["--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true"]).status === 0;

const withoutBwrap = bwrapWorks ? undefined : "no bwrap that may make namespaces";

export const rows: readonly Row[] = [
  {
    what: "rake: `true`, one at a time, by quote, run and reply; rlimit",
    floor: trueByFloor(false),
    ours: trueByUs("rlimit"),
    peers: [
      { name: "the floor with a quote", contender: trueByFloor(true) },
      { name: "local spawn", contender: trueBySpawn },
      peer("GNU parallel", whyAbsent("parallel"), () => trueByParallel),
    ],
    unit: "ms",
    barOn: "value",
    bar: 5,
    direction: "at most",
  },
  {
    what: "rake: `true`, one at a time, in a folder under bwrap",
    absent: () => withoutBwrap,
    floor: trueByFloor(true),
    ours: trueByUs("bwrap"),
    unit: "ms",
    barOn: "value",
    bar: 10,
    direction: "at most",
  },
  {
    what: "rake: `gcc -c` of a small new file, over local gcc; rlimit",
    absent: () => whyAbsent("gcc"),
    floor: compiledHere(),
    ours: compiledByUs("rlimit"),
    peers: [
      peer("distcc", whyAbsent("distcc", "distccd", "gcc"), compiledByDistcc),
      peer("icecc", whyNoIcecc(), compiledByIcecc),
    ],
    unit: "ms",
    barOn: "difference",
    bar: 5,
    direction: "at most",
  },
];
