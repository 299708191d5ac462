import fc from "fast-check";

const SURROGATES = 0x800;
const FIRST_SURROGATE = 0xd800;

/**
 * Any code point but surrogates, for `fc.string({ unit: codePoint })`: the strings of `unit: "binary"`, which makes a table of all of
 * them first, and that takes a processor longer than most properties.
 */
export const codePoint: fc.Arbitrary<string> = fc.nat({ max: 0x10_ffff - SURROGATES }).map(
  (index) => String.fromCodePoint(index < FIRST_SURROGATE ? index : index + SURROGATES),
  (value) => {
    const point = typeof value === "string" ? (value.codePointAt(0) ?? -1) : -1;
    if (point < 0 || value !== String.fromCodePoint(point) || /\p{Surrogate}/u.test(value)) {
      throw new TypeError("not one code point");
    }
    return point < FIRST_SURROGATE ? point : point - SURROGATES;
  },
);
