/** Rounds of the trial: a build that is over before the leader dies is no proof, and one whose builder is the leader goes on. */
import { expect, it } from "vitest";
import { beside } from "../../../test/beside.js";
import type { Heard } from "../src/output.js";
import { Campus } from "../trial/campus.js";
import { isInMiddle, isProof, playRound } from "../trial/play.js";

/** Its leader is killed when it is too late, and misses an entry when it is started again. */
class Late extends Campus {
  #killed = "";

  override async transcript(id: string, upTo: number): Promise<readonly Heard[]> {
    const whole = await super.transcript(id, upTo);
    return id === this.#killed ? whole.slice(0, -1) : whole;
  }

  override async kill(id: string): Promise<readonly Heard[]> {
    this.#killed = id;
    await this.said("built", 0);
    return await super.kill(id);
  }
}

async function round(Kind: typeof Campus, edition: number) {
  await using campus = new Kind(3, new AbortController().signal, () => {});
  await campus.start();
  const played = await playRound(campus, edition, () => {});
  if (typeof played === "string") throw new Error(played);
  return played;
}

it.concurrent(
  "a round whose build was over when the leader died is none; an entry that it lacks when it was started again is missed",
  beside(async () => {
    const late = await round(Late, 1);
    expect(late).toMatchObject({ wasOver: true, begunLater: 0, isRight: true, doAgree: false });
    expect([isInMiddle(late), isProof(late)]).toEqual([false, false]);
  }),
  90_000,
);

it.concurrent(
  "a leader that is killed in its own build goes on with it when it is started again",
  beside(async () => {
    const own = await round(Campus, 3);
    expect(own).toMatchObject({ builder: own.killed, wasOver: false, isRight: true, doAgree: true });
    expect(own.next).not.toBe(own.killed);
    expect([isInMiddle(own), isProof(own)]).toEqual([true, true]);
  }),
  90_000,
);
