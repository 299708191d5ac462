/** Addresses as text, and what is said of wrong ones. */
import { expect, it } from "vitest";
import { dialable, formatAddress, isLoopback, isWildcard, parseAddress } from "../../src/node/address.js";

it.each([
  ["127.0.0.1:0", { host: "127.0.0.1", port: 0 }],
  ["[::1]:65535", { host: "::1", port: 65_535 }],
  ["node-1.lab.example:7000", { host: "node-1.lab.example", port: 7_000 }],
])("reads %s", (text, expected) => {
  expect(parseAddress("listen", text, 0)).toEqual(expected);
  expect(formatAddress(expected)).toBe(text);
});

it.each([
  ["", /there is no port/],
  ["7000", /there is no port/],
  [":7000", /there is no host/],
  ["a:", /the port is ""/],
  ["a:b", /the port is "b"/],
  ["a:65536", /the port is "65536", but must be a number from 0 to 65535/],
  ["::1:7000", /an IPv6 address stands in brackets/],
  ["[::1:7000", /a bracket too few/],
  ["[a]:1", /"a" is no IPv6 address/],
  ["a b:1", /"a b" is no host name/],
  ["http://a:1", /too many colons/],
  ["127.0.0:1", /127.0.0 is no IPv4 address/],
])("refuses %j and says why", (text, why) => {
  expect(() => parseAddress("listen", text, 0)).toThrow(why);
  expect(() => parseAddress("listen", text, 0)).toThrow(/^listen is .*HOST:PORT or \[IPv6\]:PORT/);
  expect(dialable(text)).toBeUndefined();
});

it("knows what only this machine reaches, and what nobody can dial", () => {
  for (const host of [
    "127.0.0.1",
    "127.9.9.9",
    "localhost",
    "LOCALHOST",
    "::1",
    "0:0:0:0:0:0:0:1",
    "::ffff:127.0.0.1",
  ]) {
    expect(isLoopback(host), host).toBe(true);
  }
  for (const host of ["0.0.0.0", "10.0.0.1", "::", "fe80::1", "127.example", "localhost.example"]) {
    expect(isLoopback(host), host).toBe(false);
  }
  for (const host of ["0.0.0.0", "::", "0:0:0:0:0:0:0:0", "::0.0.0.0"]) expect(isWildcard(host), host).toBe(true);
  for (const host of ["127.0.0.1", "::1", "a"]) expect(isWildcard(host), host).toBe(false);
  expect(() => parseAddress("address", "a:0", 1)).toThrow(/from 1 to 65535/);
  expect(() => parseAddress("address", 7 as unknown as string, 1)).toThrow(TypeError);
});
