/** Options that do not exist: nobody else would say that one is misspelt. */
import { expect, it } from "vitest";
import { type BuildOptions, build, parseRakefile, type ServeOptions, serve } from "../../src/index.js";

it.each([
  [{ slot: 1 }, "slot", "slots"],
  [{ alow: ["cc *"] }, "alow", "allow"],
  [{ learned: {} }, "learned", undefined],
  [{ tls: { cert: "", keys: "" } }, "keys", "key"],
])("serve refuses %j", async (options, wrong, meant) => {
  const refused = serve(options as ServeOptions);
  await expect(refused).rejects.toThrow(TypeError);
  await expect(refused).rejects.toThrow(`there is no option "${wrong}"; did you mean ${meant ?? ""}`);
});

it.each([
  [{ host: [] }, "host", "hosts"],
  [{ failfast: true }, "failfast", "failFast"],
  [{ tls: { CA: "" } }, "CA", "ca"],
])("build refuses %j", async (options, wrong, meant) => {
  const refused = build({ rakefile: "", ...options } as BuildOptions);
  await expect(refused).rejects.toThrow(new TypeError(`there is no option "${wrong}"; did you mean ${meant}?`));
});

it.each([{ produces: ["a"] }, { on: ["gpu"] }])(
  "R4: a plan with a local action that says %j is refused",
  async (more) => {
    const { plan } = parseRakefile("actionset1:\n\ttrue\n");
    const sets = plan.sets.map((set) => ({ ...set, actions: set.actions.map((action) => ({ ...action, ...more })) }));
    const refused = build({ plan: { ...plan, sets } });
    await expect(refused).rejects.toThrow(new RangeError("line 2: produces and on are for remote actions alone"));
  },
);
