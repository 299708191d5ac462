/** What the files are filled with, over and over: a file of 256 MiB is made in a moment, and no two bytes in a row are alike. */
export const PATTERN: Buffer = Buffer.from(Uint8Array.from({ length: 2_048 }, (_, at) => (at * 31) >> 3));
