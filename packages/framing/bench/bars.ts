/** The bars of docs/framing.md, which a test compares with its text. */
export const bars = {
  F21: { bar: 0.9, says: "at least 0.9" },
  F22: { bar: 0.9, says: "at least 0.9" },
  F23: { bar: 0.75, says: "at least 0.75" },
  F24: { bar: 0.65, says: "at least 0.65" },
  F25: { bar: 0.9, says: "at least 0.9 of a slab loop" },
  F26: { bar: 2e6, says: "at least 2 million frames a second" },
  F27: { bar: 10, says: "at most 10 times" },
} as const;
