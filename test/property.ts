/**
 * Properties as tests, in the form of `@fast-check/vitest`: `it.prop([arbitraries], parameters)(title, check)`. That library
 * builds every chain of vitest's modifiers when it is imported, two seconds of a processor for each file that does.
 */
import * as fc from "fast-check";
import { it as plain, type TestAPI } from "vitest";

type Verdict = boolean | void | Promise<boolean> | Promise<void>;

/**
 * The seed stands in the title too, for a property that takes too long prints nothing else. What a check returns is awaited;
 * `false` fails.
 *
 * @param parameters fast-check's own, for this property alone; the others come from setup.ts
 */
function prop<Values extends [unknown, ...unknown[]]>(
  arbitraries: { [Index in keyof Values]: fc.Arbitrary<Values[Index]> },
  parameters: fc.Parameters<Values> = {},
): (title: string, check: (...values: Values) => Verdict, timeoutMs?: number) => void {
  return (title, check, timeoutMs) => {
    const seed = parameters.seed ?? Date.now() ^ (Math.random() * 4_294_967_296);
    const property = fc.asyncProperty<Values>(...arbitraries, async (...values) => check(...values));
    plain(`${title} (with seed=${seed})`, () => fc.assert(property, { ...parameters, seed }), timeoutMs);
  };
}

export const it: TestAPI & { readonly prop: typeof prop } = Object.assign(plain.extend({}), { prop });
export { fc };
