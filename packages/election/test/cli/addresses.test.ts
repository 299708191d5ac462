import { InvalidArgumentError } from "commander";
import { describe, expect, it } from "vitest";
import {
  listenAddress,
  memberList,
  moreAddresses,
  moreRoutes,
  peerAddress,
  uiAddress,
} from "../../src/cli/addresses.js";

describe("addresses on the command line", () => {
  it.each([
    ["8080", "127.0.0.1:8080"],
    ["0", "127.0.0.1:0"],
    ["0.0.0.0:80", "0.0.0.0:80"],
    ["[::1]:80", "[::1]:80"],
  ])("--ui %s is %s", (text, address) => {
    expect(uiAddress(text)).toBe(address);
  });

  it("lists grow, by commas and by repetition", () => {
    expect(moreAddresses("h:2,[::1]:3", ["h:1"])).toEqual(["h:1", "h:2", "[::1]:3"]);
    expect(memberList("b=h:2,c=[::1]:3", [{ id: "a", address: "h:1" }])).toEqual([
      { id: "a", address: "h:1" },
      { id: "b", address: "h:2" },
      { id: "c", address: "[::1]:3" },
    ]);
    expect(moreRoutes("h:2=[::1]:3", { "h:1": "h:4" })).toEqual({ "h:1": "h:4", "h:2": "[::1]:3" });
  });

  it.each([
    ["a port too many", () => peerAddress("h:1:2")],
    ["port 0 of a peer", () => peerAddress("h:0")],
    ["a port out of range", () => listenAddress("h:65536")],
    ["no port", () => listenAddress("h")],
    ["a port of letters", () => uiAddress("x")],
    ["a member without an id", () => memberList("=h:1")],
    ["a member without an address", () => memberList("a=h:1,b")],
    ["an end behind the last comma", () => moreAddresses("h:1,", [])],
    ["a route to nowhere", () => moreRoutes("h:1", {})],
    ["a route that is none", () => moreRoutes("h:1=h", {})],
  ])("%s is refused", (_name, act) => {
    expect(act).toThrow(InvalidArgumentError);
  });
});
