import { fc, it as property } from "@fast-check/vitest";
import { expect, it } from "vitest";
import { compareToken, FencedResource, StaleTokenError } from "../src/core/index.js";

const token = fc.record({ epoch: fc.integer({ min: 1, max: 5 }), id: fc.constantFrom("a", "b", "c") });

it("E14: the higher epoch is the higher token, then the smaller id", () => {
  expect(compareToken({ epoch: 2, id: "a" }, { epoch: 1, id: "a" })).toBeGreaterThan(0);
  expect(compareToken({ epoch: 1, id: "a" }, { epoch: 1, id: "b" })).toBeGreaterThan(0);
  expect(compareToken({ epoch: 1, id: "b" }, { epoch: 1, id: "b" })).toBe(0);
});

property.prop([token, token, token])("E14: tokens are in one order", (a, b, c) => {
  expect(Math.sign(compareToken(a, b))).toBe(-Math.sign(compareToken(b, a)) + 0);
  expect(compareToken(a, b) === 0).toBe(a.epoch === b.epoch && a.id === b.id);
  if (compareToken(a, b) <= 0 && compareToken(b, c) <= 0) expect(compareToken(a, c)).toBeLessThanOrEqual(0);
});

property.prop([fc.array(token)])("E49: the tokens that a resource accepts never fall", (tokens) => {
  const resource = new FencedResource();
  const accepted = tokens.filter((one) => resource.tryAccept(one));
  for (const [index, one] of accepted.entries()) {
    if (index > 0) expect(compareToken(one, accepted[index - 1] as typeof one)).toBeGreaterThanOrEqual(0);
  }
  expect(resource.highest).toEqual(accepted.at(-1));
});

it.each([
  [undefined, "a token is wanted, not undefined"],
  [null, "a token is wanted, not null"],
  [7, "a token is wanted, not 7"],
  [{ id: "a" }, "token.epoch is undefined, but must be a whole number from 1 on"],
  [{ epoch: Number.NaN, id: "a" }, "token.epoch is NaN,"],
  [{ epoch: 0, id: "a" }, "token.epoch is 0,"],
  [{ epoch: 1.5, id: "a" }, "token.epoch is 1.5,"],
  [{ epoch: "10", id: "a" }, 'token.epoch is "10",'],
  [{ epoch: 8 }, "token.id is undefined, but must be a text"],
])("E14: what is no token is refused, and changes nothing: %j", (token, message) => {
  const resource = new FencedResource({ epoch: 7, id: "a" });
  expect(() => resource.accept(token as never)).toThrow(message);
  expect(() => resource.tryAccept(token as never)).toThrow(TypeError);
  expect(() => compareToken(token as never, { epoch: 7, id: "a" })).toThrow(TypeError);
  expect(() => compareToken({ epoch: 7, id: "a" }, token as never)).toThrow(TypeError);
  if (token !== undefined) expect(() => new FencedResource(token as never)).toThrow(TypeError);
  expect(resource.highest).toEqual({ epoch: 7, id: "a" });
});

it("E14: a lower token is refused with an error that names both, across restarts too", () => {
  const resource = new FencedResource({ epoch: 3, id: "b" });
  resource.accept({ epoch: 3, id: "b" });
  expect(() => resource.accept({ epoch: 2, id: "a" })).toThrow(StaleTokenError);
  expect(() => resource.accept({ epoch: 2, id: "a" })).toThrow("token 2 of a is below 3 of b");
  expect(() => resource.accept({ epoch: 3, id: "c" })).toThrow(expect.objectContaining({ code: "STALE_TOKEN" }));
});
