import { expect, it } from "vitest";

it("placeholder until the layering test lands", () => expect(1).toBe(1));
