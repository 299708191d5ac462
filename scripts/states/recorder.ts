/** Watches the machines of a class while something runs them, and writes down from which state what leads to which. */
import { Session } from "node:inspector";

/** How to see the state of a machine, and how what happened to it is called. */
export interface Watched {
  readonly machine: { readonly prototype: object };
  /** The methods by which things happen to it. */
  readonly methods: readonly string[];
  /** The state after a call with these arguments. `fields` reads its private ones that hold text, numbers or truth values. */
  readonly state: (machine: never, fields: () => Fields, args: readonly never[]) => string;
  readonly label: (method: string, args: readonly never[]) => string;
  /** Which machines of the class are meant. Default: all. */
  readonly only?: (machine: object) => boolean;
}

export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

type Method = (this: object, ...args: readonly never[]) => unknown;

/** What leads from one state to another, by name: `transitions.get("open").get("closed")`. */
export type Transitions = Map<string, Map<string, Set<string>>>;

/** Runs `work`, and gives the changes of state that happened in it. */
export function record({ machine, methods, state, label, only = () => true }: Watched, work: () => void): Transitions {
  const transitions: Transitions = new Map();
  const states = new WeakMap<object, string>();
  const prototype = machine.prototype as Record<string, Method>;
  using fields = new PrivateFields();
  const originals = methods.map((method) => [method, prototype[method]] as const);
  let depth = 0;
  for (const [method, original] of originals) {
    if (original === undefined) throw new Error(`the machine has no ${method}`);
    prototype[method] = function (this: object, ...args: readonly never[]) {
      if (depth > 0 || !only(this)) return original.call(this, ...args);
      const before = states.get(this) ?? state(this as never, () => fields.of(this), args);
      depth++;
      try {
        return original.call(this, ...args);
      } finally {
        depth--;
        const after = state(this as never, () => fields.of(this), args);
        states.set(this, after);
        if (after !== before) add(transitions, before, after, label(method, args));
      }
    };
  }
  try {
    work();
  } finally {
    for (const [method, original] of originals) if (original !== undefined) prototype[method] = original;
  }
  return transitions;
}

function add(transitions: Transitions, before: string, after: string, what: string): void {
  const from = transitions.get(before) ?? new Map<string, Set<string>>();
  transitions.set(before, from.set(after, (from.get(after) ?? new Set()).add(what)));
}

/** What the debugger says besides, for which there are no types. */
interface Private {
  readonly privateProperties?: readonly { readonly name: string; readonly value?: { readonly value?: string } }[];
}

/** Private fields cannot be read by a program, but by a debugger of it: this is one. */
class PrivateFields implements Disposable {
  readonly #session = new Session();

  constructor() {
    this.#session.connect();
  }

  of(object: object): Fields {
    const holder = globalThis as { observed?: object };
    holder.observed = object;
    const found: Record<string, string | number | boolean | undefined> = {};
    this.#session.post(
      "Runtime.evaluate",
      { expression: "observed", objectGroup: "observed" },
      (_error, { result }) => {
        const { objectId } = result;
        if (objectId === undefined) return;
        this.#session.post("Runtime.getProperties", { objectId, ownProperties: true }, (_failed, properties) => {
          const { privateProperties = [] } = properties as typeof properties & Private;
          for (const { name, value } of privateProperties) found[name] = value?.value;
        });
      },
    );
    this.#session.post("Runtime.releaseObjectGroup", { objectGroup: "observed" });
    delete holder.observed;
    return found;
  }

  [Symbol.dispose](): void {
    this.#session.disconnect();
  }
}
