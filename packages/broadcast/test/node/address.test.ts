/** Addresses as text, and which of them other machines can reach (docs/broadcast.md B7). */
import { expect, it } from "vitest";
import { formatAddress, isLoopback, parseAddress } from "../../src/node/address.js";

it("reads names, IPv4 and IPv6, and writes them as they were", () => {
  for (const text of ["127.0.0.1:8081", "example.org:1", "[::1]:65535"]) {
    expect(formatAddress(parseAddress("address", text))).toBe(text);
  }
});

it("says what is wrong, and what the option is called", () => {
  for (const text of ["", "host", "host:0", "host:65536", "host:x", "::1:80", "1.2.3:80", "a b:80", "[zz]:80", ":80"]) {
    expect(() => parseAddress("address", text), text).toThrow(/^address is ".*", but must be HOST:PORT/);
  }
  expect(() => parseAddress("address", 7 as unknown as string)).toThrow(TypeError);
});

it("B7: knows the addresses that this machine alone can reach", () => {
  for (const own of ["127.0.0.1", "127.9.9.9", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"])
    expect(isLoopback(own), own).toBe(true);
  for (const other of ["0.0.0.0", "::", "192.168.0.1", "fe80::1", "::ffff:10.0.0.1", "::2"])
    expect(isLoopback(other), other).toBe(false);
});
