/** What of the machines' sources tells while they run: fields that hold states, and methods by which things happen. */

export interface Told {
  readonly fields?: readonly string[];
  readonly calls?: readonly string[];
}

/** By file, from `packages/`. */
export const toldSources: Readonly<Record<string, Told>> = {
  "framing/src/core/decoder.ts": {
    fields: ["#state", "#want", "#headerHave", "#error"],
    calls: ["push", "end", "rest"],
  },
  "hftp/src/core/server-session.ts": {
    fields: ["#state", "#peerEnded", "#shuttingDown"],
    calls: ["handle", "answer", "#fatal"],
  },
  "stopwait-udp/src/core/v1-client.ts": { fields: ["#isBegun", "#isFinished"], calls: ["handle"] },
  "stopwait-udp/src/core/v1-get-client.ts": { fields: ["#state"] },
  "stopwait-udp/src/core/v1-put-client.ts": { fields: ["#state"] },
  "stopwait-udp/src/core/v1-server.ts": { calls: ["handle"] },
  "stopwait-udp/src/core/v1-session.ts": { fields: ["#lastWord", "#isGone"], calls: ["forget"] },
  "stopwait-udp/src/core/v1-get-session.ts": { fields: ["#state"] },
  "stopwait-udp/src/core/v1-put-session.ts": { fields: ["#state"] },
  "stopwait-udp/src/core/v2-client.ts": { fields: ["#state"], calls: ["handle"] },
  "stopwait-udp/src/core/v2-get-client.ts": { fields: ["#step"] },
  "stopwait-udp/src/core/v2-put-client.ts": { fields: ["#step"] },
  "stopwait-udp/src/core/v2-server.ts": { calls: ["handle"] },
  "stopwait-udp/src/core/v2-session.ts": { fields: ["ended"], calls: ["forget"] },
  "stopwait-udp/src/core/v2-get-session.ts": { fields: ["#step"] },
  "stopwait-udp/src/core/v2-put-session.ts": { fields: ["#step"] },
  "election/src/core/node-state.ts": { fields: ["role"] },
  "election/src/core/election.ts": { calls: ["handle"] },
  "broadcast/src/core/client-machine.ts": {
    fields: ["#state"],
    calls: ["handle", "#end", "#depart"],
  },
  "broadcast/src/core/connection.ts": { fields: ["state"] },
  "broadcast/src/core/incoming.ts": { calls: ["#message"] },
  "broadcast/src/core/server-machine.ts": { calls: ["handle", "#hangUp"] },
  "rake/src/core/build-machine.ts": { calls: ["handle"] },
  "rake/src/core/remote-attempt.ts": {
    fields: ["#phase"],
    calls: ["begin", "message", "lost", "unwritten", "cancel", "commit"],
  },
  "rake/src/core/server-machine.ts": { calls: ["handle"] },
  "rake/src/core/server-session.ts": { fields: ["#state"], calls: ["#take", "hangUp", "gone"] },
  "rake/src/core/run.ts": { fields: ["#state"], calls: ["cancel", "abandon"] },
};
