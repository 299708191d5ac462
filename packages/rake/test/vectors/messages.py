#!/usr/bin/env python3
"""Writes messages.json: one payload of every type, put together from the tables of docs/rake.md (R12).

Shares nothing with the TypeScript codec. With --check it writes nothing and fails where the file differs; with --table
it prints the rows of R13.
"""
import hashlib
import hmac
import json
import struct
import sys
from pathlib import Path

OUT = Path(__file__).parent / "messages.json"
SECRET = bytes(range(16))
CLIENT_NONCE = bytes(range(32))
SERVER_NONCE = bytes(range(224, 256))
HELLO_C = hashlib.sha256(b"int main;\n").digest()
EMPTY = hashlib.sha256(b"").digest()
NAME = "J\u00fcrgen"


def u64(*numbers):
    return b"".join(struct.pack(">Q", n) for n in numbers)


def data(raw):
    return u64(len(raw)) + raw


def text(s):
    return data(s.encode("utf-8"))


def many(*items):
    return u64(len(items)) + b"".join(items)


def mac(role):
    said = role + CLIENT_NONCE + SERVER_NONCE + u64(2, 2)
    return hmac.new(SECRET, said, hashlib.sha256).digest()


BODIES = [
    ("HELLO", u64(2, 0) + CLIENT_NONCE),
    ("CHALLENGE", u64(2, 1) + SERVER_NONCE),
    ("AUTH", mac(b"rake client")),
    (
        "WELCOME",
        mac(b"rake server")
        + text(NAME)
        + u64(8, 1_250, 4, 2)
        + text("gcc 12")
        + many(text("gpu"), text("licence"))
        + u64(4_194_304, 10_000, 2**32, 2**34, 3_600_000, 1_000),
    ),
    (
        "QUOTE",
        u64(1) + text("cc -c %") + text("cc -c a.c") + u64(900) + many(HELLO_C + u64(10), EMPTY + u64(0)) + many(text("gpu")),
    ),
    ("BID", u64(1, 7, 5_000, 780, 20, 720, 30, 10) + many(HELLO_C)),
    ("REFUSE", u64(1, 2, 250) + text("not allowed")),
    ("BLOB", u64(1) + HELLO_C + u64(10, 4, 1) + data(b"main;\n")),
    ("ACK", u64(1) + HELLO_C + u64(1)),
    (
        "EXECUTE",
        u64(1, 7)
        + text("cc -c a.c")
        + u64(30_000)
        + many(text("a.c") + HELLO_C + u64(0o644), text("sub/b") + EMPTY + u64(0o755))
        + many(text("*.o")),
    ),
    ("MISSING", u64(1) + many(HELLO_C, EMPTY)),
    ("EXPIRED", u64(1, 7)),
    ("STARTED", u64(1)),
    ("STDOUT", u64(1, 2**32) + data(b"hi\n")),
    ("STDERR", u64(1, 3) + data(b"\xff\x00")),
    ("STATUS", u64(1, 1, 9, 1_500, 2**20, 2_000_000) + text("killed")),
    ("OUTPUT", u64(1) + text("a.o") + u64(0o644, 5) + HELLO_C + u64(2, 1) + data(b"\x7fEL")),
    ("DONE", u64(1, 2**32 + 3, 5, 1)),
    ("CANCEL", u64(1)),
    ("RELEASE", u64(1, 7)),
    ("CREDIT", u64(1, 65_536)),
    ("PING", u64(0, 2**53 - 1)),
    ("PONG", u64(0, 2**53 - 1)),
    ("BYE", u64(0, 5) + text("idle")),
]


def main():
    vectors = {name: (u64(number) + body).hex() for number, (name, body) in enumerate(BODIES, 1)}
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
