/** What can happen next in a world of the explorer, as a number that is cheap to store. */

/**
 * `command` to `restart` are free, `drop` to `crash` are faults. `index` is 0 but for the ones that say otherwise.
 *
 * - `command`: the next command is given; `effect`: the earliest `later` completes; `deliver`: the first packet in flight
 *   arrives; `timer`: of the node `index`, when it is its turn;
 * - `release`: the held packet `index` arrives; `restart`: the node `index` comes back;
 * - `drop`, `duplicate`, `hold`: the first packet in flight is lost, arrives and leaves a copy, is held back;
 * - `duplicate-held`: the held packet `index` arrives and leaves a copy;
 * - `early-timer`: of the node `index`; `crash`: number `index` of the scenario's crashes.
 */
export const choiceTypes = [
  "command",
  "effect",
  "deliver",
  "timer",
  "release",
  "restart",
  "drop",
  "duplicate",
  "hold",
  "duplicate-held",
  "early-timer",
  "crash",
] as const;

export type ChoiceType = (typeof choiceTypes)[number];

const firstFault = choiceTypes.indexOf("drop");

export function choice(type: ChoiceType, index = 0): number {
  return choiceTypes.indexOf(type) | (index << 4);
}

export function choiceType(code: number): ChoiceType | undefined {
  return choiceTypes[code & 15];
}

export function choiceIndex(code: number): number {
  return code >> 4;
}

export function isFault(code: number): boolean {
  return (code & 15) >= firstFault;
}
