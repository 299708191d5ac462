/** What a machine needs of its platform: plain synchronous functions, made from node:crypto in drivers, from a seed in tests. */
export interface Platform {
  readonly randomBytes: (length: number) => Uint8Array;
  readonly hmacSha256: (key: Uint8Array, data: Uint8Array) => Uint8Array;
  readonly sha256: (data: Uint8Array) => Uint8Array;
  /** In constant time; false where the lengths differ. */
  readonly equal: (a: Uint8Array, b: Uint8Array) => boolean;
}
