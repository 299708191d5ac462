/** A wait of a random part of `ms`: what is measured next then begins anywhere in an interval of what repeats. */
import { setTimeout as sleep } from "node:timers/promises";

export async function randomWait(ms: number): Promise<void> {
  await sleep(Math.random() * ms);
}
