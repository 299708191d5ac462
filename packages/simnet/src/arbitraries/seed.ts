import fc from "fast-check";

/**
 * A seed for a world. It does not shrink: another seed is another run, not a simpler one, and trying them would only
 * disturb the shrinking of everything else.
 */
export function seed(): fc.Arbitrary<number> {
  return fc.noShrink(fc.integer({ min: 0, max: 0xffff_ffff }));
}
