/** What the machines tell while they run. `told-sources.ts` says which fields and calls; `rewrite.ts` makes them tell. */

export interface Listener {
  /** Something happens to `object`: `go` does it. */
  during(call: Call, go: () => unknown): unknown;
  /** A field of the object is about to have another value. `isFirst`: it is being made. */
  changes(object: object, isFirst: boolean): void;
  /** It has. */
  changed(object: object): void;
}

export interface Call {
  readonly object: object;
  readonly method: string;
  readonly args: readonly unknown[];
}

export type Fields = Readonly<Record<string, unknown>>;

const fields = new WeakMap<object, Record<string, unknown>>();
let listener: Listener | undefined;

/** The fields of an object that tell, private ones among them; `name()` is true once a method that tells has been called. */
export function fieldsOf(object: object): Fields {
  return fields.get(object) ?? {};
}

/** Has everything told to `one` while `work` runs. */
export function listening(one: Listener, work: () => void): void {
  listener = one;
  try {
    work();
  } finally {
    listener = undefined;
  }
}

/**
 * A rewritten field calls it with each of its values.
 * @public
 */
export function kept<Value>(object: object, name: string, value: Value, isFirst: boolean): Value {
  if (listener === undefined) return value;
  listener.changes(object, isFirst);
  const all = fields.get(object) ?? {};
  all[name] = value;
  fields.set(object, all);
  listener.changed(object);
  return value;
}

/**
 * A rewritten method calls it around what it does.
 * @public
 */
export function during(object: object, method: string, args: readonly unknown[], go: () => unknown): unknown {
  if (listener === undefined) return go();
  return listener.during({ object, method, args }, () => {
    const result = go();
    const all = fields.get(object);
    if (all !== undefined) all[`${method}()`] = true;
    return result;
  });
}
