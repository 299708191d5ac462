/** A build of 33 files of C, on one machine of two cores. */
import type { Row } from "../../../bench/row.js";
import { byDistcc, byIcecc, byMake, byRake } from "./remote/build-lua.js";
import { whyNoIcecc } from "./remote/icecc.js";
import { whyNoLua } from "./remote/lua-source.js";
import { whyAbsent } from "./remote/programs.js";

const noIcecc = whyNoIcecc();
const noDistcc = whyAbsent("distcc", "distccd");

export const rows: readonly Row[] = [
  {
    what: "rake: Lua 5.4, 33 files, on 2 servers of one slot, next to make -j2; rlimit",
    absent: (smoke) => whyNoLua(!smoke),
    floor: byMake(),
    ours: byRake("rlimit"),
    peers: [
      { name: "ours under bwrap", contender: byRake("bwrap") },
      { name: "distcc", contender: noDistcc === undefined ? byDistcc() : { absent: noDistcc } },
      { name: "icecc", contender: noIcecc === undefined ? byIcecc() : { absent: noIcecc } },
    ],
    unit: "s",
    bar: 1.1,
    direction: "at most",
  },
];
