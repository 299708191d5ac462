#!/usr/bin/env python3
"""Writes messages.json: one payload of every type, put together from the tables of docs/broadcast.md.

Shares nothing with the TypeScript codec. With --check it writes nothing and fails where the file differs; with --table
it prints the rows of B3.
"""
import hashlib
import hmac
import json
import struct
import sys
from pathlib import Path

OUT = Path(__file__).parent / "messages.json"
CLIENT_ID = bytes(range(16))
TOKEN = bytes(range(240, 256))
NONCE = bytes(range(32))
SECRET = bytes(range(16))
NAME = "J\u00fcrgen"


def u64(n):
    return struct.pack(">Q", n)


def text(s):
    raw = s.encode("utf-8")
    return struct.pack(">H", len(raw)) + raw


def data(raw):
    return struct.pack(">I", len(raw)) + raw


def entry(kind, member, client_seq, raw):
    return struct.pack(">BI", kind, member) + u64(client_seq) + data(raw)


HELLO = (
    struct.pack(">HB", 1, 2)
    + CLIENT_ID
    + TOKEN
    + text("main")
    + text(NAME)
    + u64(7)
    + u64(41)
    + bytes([2])
    + u64(3)
    + struct.pack(">I", 1_000)
)

BODIES = [
    ("HELLO", HELLO),
    (
        "WELCOME",
        bytes([2])
        + u64(7)
        + TOKEN
        + struct.pack(">I", 5)
        + u64(2**32 + 9)
        + u64(40)
        + u64(42)
        + u64(12)
        + u64(39)
        + struct.pack(">HHIII", 64, 20, 5_000, 262_144, 256)
        + struct.pack(">I", 2)
        + struct.pack(">I", 1)
        + text("a")
        + struct.pack(">I", 5)
        + text(NAME),
    ),
    ("PUBLISH", u64(13) + struct.pack(">H", 2) + data(b"hello") + data(b"")),
    ("PUBACK", u64(14) + u64(44) + bytes([1])),
    (
        "BATCH",
        u64(42)
        + struct.pack(">I", 4)
        + entry(1, 5, 0, NAME.encode("utf-8"))
        + entry(0, 5, 13, b"hello")
        + entry(3, 5, 14, bytes([1]))
        + entry(2, 1, 0, bytes([1])),
    ),
    ("ACK", u64(45) + struct.pack(">I", 16_384)),
    ("GAP", u64(10) + u64(39) + bytes([1])),
    ("SNAPSHOT", u64(41) + struct.pack(">IB", 1, 1) + data(b"state")),
    ("PING", u64(2**53 - 1)),
    ("PONG", u64(2**53 - 1)),
    ("CLOSE", struct.pack(">H", 10) + text("no log")),
    ("CHALLENGE", NONCE),
    ("AUTH", hmac.new(SECRET, b"lab-broadcast/1" + NONCE + b"\1" + HELLO, hashlib.sha256).digest()),
    ("STABLE", u64(40)),
]


def main():
    vectors = {name: (bytes([number]) + body).hex() for number, (name, body) in enumerate(BODIES, 1)}
    made = json.dumps(vectors, indent=2) + "\n"
    if "--table" in sys.argv:
        for number, (name, payload) in enumerate(vectors.items(), 1):
            spaced = " ".join(payload[at : at + 16] for at in range(0, len(payload), 16))
            print(f"| {number} {name} | `{spaced}` |")
    elif "--check" in sys.argv:
        if OUT.read_text() != made:
            sys.exit("messages.json differs")
    else:
        OUT.write_text(made)


main()
