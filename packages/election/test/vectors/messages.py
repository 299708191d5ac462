#!/usr/bin/env python3
"""Writes messages.json: one payload of every type, put together from the tables of docs/election.md.

Shares nothing with the TypeScript codec. With --check it writes nothing and fails where the file differs.
"""
import hashlib
import hmac
import json
import struct
import sys
from pathlib import Path

OUT = Path(__file__).parent / "messages.json"
INCARNATION = bytes.fromhex("0011223344556677")
OTHER = "8899aabbccddeeff"
SECRET = bytes(range(16))
SETTINGS_TEXT = "mode=quorum;leaseUs=6000000;promisePpm=1100000;members=a=h:1,b=h:2,d=h:4"


def u64(n):
    return struct.pack(">Q", n)


def text(s):
    raw = s.encode("utf-8")
    return struct.pack(">I", len(raw)) + raw


def stamp(mono_us, wall_ms):
    return u64(mono_us) + u64(wall_ms)


def fnv1a(raw):
    value = 0x811C9DC5
    for byte in raw:
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return struct.pack(">I", value)


SETTINGS = fnv1a(SETTINGS_TEXT.encode("utf-8"))
FOR = bytes.fromhex(OTHER)
STAMP = stamp(1_000_500, 1_700_000_000_000)
NAMED = text("b") + text("h:2") + u64(9)
LOAD = struct.pack(">HQQQQQ", 1250, 4 << 30, 8 << 30, 1_000_000, 1 << 40, 1_700_000_000_000)

BODIES = [
    ("hello", text("h:1")),
    ("redirect", FOR + NAMED + text("a.7.1") + b"\1"),
    ("report", text("h:1") + text("höst") + text("u") + b"\1" + u64(7) + STAMP + LOAD),
    ("ack", FOR + text("h:1") + STAMP + struct.pack(">IB", 6000, 2) + text("b") + text("h:2") + text("d") + text("h:4")),
    ("preVote", text("h:1") + STAMP),
    ("preVoteReply", FOR + STAMP + b"\1\0"),
    ("voteReq", text("h:1") + u64(8) + STAMP + b"\1" + text("b") + u64(7)),
    ("vote", FOR + u64(8) + STAMP + b"\1"),
    ("announce", text("h:1")),
    ("prepare", FOR + STAMP),
    ("ready", FOR + STAMP),
    ("offer", FOR),
    ("probe", text("h:1")),
    ("stale", NAMED),
    ("watch", struct.pack(">I", 70_000)),
    (
        "view",
        FOR + b"\1\5" + text("h:1") + NAMED + struct.pack(">II", 6000, 5500)
        + b"\1" + text("b") + text("h:2")
        + u64(3) + struct.pack(">IIB", 300, 1, 2)
        + struct.pack(">I", 2) + text("b") + text("höst") + text("h:2") + text("u") + LOAD
        + struct.pack(">d", 72.5) + b"\1\0"
        + struct.pack(">I", 0) + text("d") + text("d") + text("h:4") + text("") + LOAD
        + struct.pack(">d", -1) + b"\0\1",
    ),
    ("retire", FOR + u64(7) + text("b")),
]


def main():
    vectors = {}
    for number, (name, body) in enumerate(BODIES, 1):
        settings = bytes(4) if name in ("watch", "view", "retire") else SETTINGS
        payload = bytes([1, number]) + u64(7) + INCARNATION + settings + text("c") + text("a") + body
        tag = hmac.new(SECRET, payload, hashlib.sha256).digest()
        vectors[name] = {"payload": payload.hex(), "tag": tag.hex()}
    made = json.dumps(vectors, indent=2) + "\n"
    if "--check" in sys.argv:
        if OUT.read_text() != made:
            sys.exit("messages.json differs")
    else:
        OUT.write_text(made)


main()
