// Whatever comes is decoded, or is the peer's error: nothing else is thrown.

/** @returns how many of so many random messages were refused */
export function refuses(decode, isRefusal, rounds = 20_000) {
  let state = 1;
  const byte = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 24;
  };
  let refused = 0;
  for (let round = 0; round < rounds; round++) {
    const bytes = Uint8Array.from({ length: byte() % 40 }, byte);
    try {
      decode(bytes);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      refused++;
    }
  }
  return refused;
}
