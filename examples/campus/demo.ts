/** The demo's chapter on the campus: all packages at once, and the leader killed in the middle of a build. */
import { play } from "./trial/play.js";

export async function run(): Promise<string> {
  const { signal } = new AbortController();
  const { rounds, packetsLost, isProven } = await play({
    nodes: 4,
    kills: 1,
    signal,
    say: (line) => console.log(line),
  });
  const [round] = rounds;
  if (!isProven || round === undefined) throw new Error("the build is wrong, or the transcripts do not agree");
  const { killed, next, entries, sha256 } = round;
  return `${killed} led, and was killed in a build: ${next} led then, sha256 ${sha256.slice(0, 16)}... is right, ${entries} entries agree; ${packetsLost} packets lost on the way of a copy`;
}
