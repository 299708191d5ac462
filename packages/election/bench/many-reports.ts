/** Reports of many hosts, and a leader's machine that takes them, in the machine's own time. */
import { randomBytes } from "node:crypto";

type Core = typeof import("../src/core/index.js");

const LEADER = "127.0.0.1:1";
const REPORT_MS = 1_500;
const WALL = 1_700_000_000_000;
/** When the machine leads for certain: it asks its seeds for 3 R first. */
const LEADS_AT_MS = 10_000;
const EPOCH = 1;

export interface ManyReports {
  /** One of each host, with a frame's header. */
  readonly frames: readonly Buffer[];
  /** When a host sends its report of a pass, in milliseconds of the leader's monotonic clock. */
  monoOf(pass: number, host: number): number;
  wallOf(mono: number): number;
}

export function reportFrames(core: Core, hosts: number): ManyReports {
  // Those of the machine below.
  const settings = core.settingsOf({ mode: "available", leaseMs: 6_000, promiseFactor: 1.1, members: [] });
  const frames = Array.from({ length: hosts }, (_, index) => {
    const sender = `host-${String(index).padStart(6, "0")}`;
    const incarnation = (0x1000_0000 + index).toString(16).padStart(16, "a");
    const load = {
      cpuPercent: 60 + (index % 4_000) / 100,
      usedRamBytes: 7.6 * 2 ** 30,
      totalRamBytes: 8 * 2 ** 30,
      freeBandwidthBytes: 100_000_000,
      freeDiskBytes: 50 * 2 ** 30,
      measuredAtMs: WALL,
    };
    const echo = { epoch: EPOCH, stamp: { mono: 1_234.567, wall: WALL } };
    const payload = core.encodeMessage({
      header: { epoch: EPOCH, incarnation, settings, cluster: "lab", sender },
      body: { type: "report", address: `127.0.0.2:${10_000 + index}`, hostName: sender, ui: "", echo, load },
    });
    return Buffer.from(core.framed(payload));
  });
  return {
    frames,
    monoOf: (pass, host) => LEADS_AT_MS + REPORT_MS * (pass + host / hosts),
    wallOf: (mono) => WALL + Math.floor(mono),
  };
}

export interface LeaderOfHosts {
  /** The frame of the Ack. */
  answer(frame: Buffer, host: number, mono: number): Uint8Array;
}

/** A machine that leads, in available mode with the default times. */
export function leaderOfHosts(core: Core, { frames, wallOf }: ManyReports): LeaderOfHosts {
  const incarnation = Buffer.from("0011223344556677", "hex");
  const election = core.createElection({
    id: "leader",
    address: LEADER,
    seeds: [LEADER],
    // The incarnation is drawn first, and the floor must know it.
    platform: { randomBytes: (length) => (length === 8 ? incarnation : randomBytes(length)) },
  });
  const feed = (mono: number, input: Parameters<typeof election.handle>[1]): ReturnType<typeof election.handle> =>
    election.handle({ mono, wall: wallOf(mono) }, input);
  let outputs = feed(0, { type: "start" });
  for (let mono = 0; mono < LEADS_AT_MS; mono = election.nextDeadline() ?? LEADS_AT_MS) {
    outputs = feed(mono, { type: "tick" });
    for (const output of outputs) if (output.type === "store") feed(mono, { type: "stored", id: output.id });
  }
  const streams = frames.map(() => new core.PayloadStream());
  return {
    answer: (frame, host, mono) => {
      const deadline = election.nextDeadline();
      if (deadline !== undefined && deadline <= mono) feed(mono, { type: "tick" });
      const [payload] = streams[host]?.push(frame) ?? [];
      if (payload === undefined) throw new Error("a report did not come whole");
      for (const output of feed(mono, { type: "message", link: host + 1, payload })) {
        if (output.type === "send") return core.framed(output.payload);
      }
      throw new Error("a report was not answered");
    },
  };
}
