/** Writes down, while something runs machines, from which state what leads to which. */
import { type Call, type Fields, fieldsOf, listening } from "./telling.js";

/** How to see the state of a machine, and how what happened to it is called. */
export interface Watched {
  /** Which of all objects that tell. */
  readonly is: (object: object) => boolean;
  /**
   * `assigned`: each value of its field is a state. `settled`: only what it is when whatever happened is over, since its
   * state is put together from several fields.
   */
  readonly sees: "assigned" | "settled";
  readonly state: (fields: Fields, machine: never) => string;
  /** What is happening, from the calls that are under way, the outermost first. Those of other objects are among them. */
  readonly label: (calls: readonly Call[], machine: object) => string;
}

/** What leads from one state to another, by name: `transitions.get("open").get("closed")`. */
export type Transitions = Map<string, Map<string, Set<string>>>;

/** Runs `work`, and gives the changes of state that happened in it. */
export function record({ is, sees, state, label }: Watched, work: () => void): Transitions {
  const transitions: Transitions = new Map();
  const states = new WeakMap<object, string>();
  const calls: Call[] = [];
  /** Objects that are in another state than before, and by what. */
  const touched = new Map<object, { readonly after: string; readonly what: string }>();
  const now = (object: object): string => state(fieldsOf(object), object as never);
  const look = (object: object, what: string): void => {
    const before = states.get(object);
    const after = now(object);
    states.set(object, after);
    if (before !== undefined && before !== after) addTransition(transitions, before, after, what);
  };
  const touch = (object: object): void => {
    const after = now(object);
    // What put it into the state that it is in, not what happened behind that.
    if (after !== (touched.get(object)?.after ?? states.get(object))) {
      touched.set(object, { after, what: label(calls, object) });
    }
    if (calls.length === 0) settle();
  };
  const settle = (): void => {
    for (const [object, { what }] of touched) look(object, what);
    touched.clear();
  };
  const known = (object: object): void => {
    if (!states.has(object)) states.set(object, now(object));
  };
  const listener = {
    during(call: Call, go: () => unknown): unknown {
      const isWatched = is(call.object);
      if (isWatched) known(call.object);
      calls.push(call);
      try {
        return go();
      } finally {
        if (isWatched) touch(call.object);
        if (calls.length === 1) settle();
        calls.pop();
      }
    },
    changes(object: object, isFirst: boolean): void {
      if (!isFirst && is(object)) known(object);
    },
    changed(object: object): void {
      if (!is(object) || !states.has(object)) return;
      if (sees === "assigned") look(object, label(calls, object));
      else touch(object);
    },
  };
  listening(listener, work);
  return transitions;
}

function addTransition(transitions: Transitions, before: string, after: string, what: string): void {
  const from = transitions.get(before) ?? new Map<string, Set<string>>();
  transitions.set(before, from.set(after, (from.get(after) ?? new Set()).add(what)));
}

/** Puts what was recorded in one run to what was in others. */
export function merge(into: Transitions, more: Transitions): void {
  for (const [from, targets] of more) {
    for (const [to, labels] of targets) for (const label of labels) addTransition(into, from, to, label);
  }
}

/** Every change of state with its name, one by one. */
export function singly(transitions: Transitions): string[] {
  return [...transitions].flatMap(([from, targets]) =>
    [...targets].flatMap(([to, labels]) => [...labels].map((label) => `${from} -> ${to}: ${label}`)),
  );
}
