#!/usr/bin/env python3
"""Writes v2-packets.json: one packet of every v2 type, put together from the tables of docs/stopwait-udp.md.

Independent of the package: nothing here comes from its sources. CRC-32C is computed bit by bit from its definition
(polynomial 0x1EDC6F41 reflected, all ones at the start, inverted at the end) and checked against the published value of
"123456789". Run it in this folder: python3 v2_packets.py
"""
import hashlib
import hmac
import json
import struct
import zlib

REQ, CHALLENGE, ACCEPT, DATA, ACK, FIN, FINACK, ERR = range(8)
LAST, SACK, RETRY = 1, 2, 4
SESSION = bytes.fromhex("0123456789abcdef")


def crc32c(data):
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ (0x82F63B78 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


assert crc32c(b"123456789") == 0xE3069283

CHECKSUMS = {"crc32c": crc32c, "crc32": zlib.crc32, "none": lambda data: 0}


def packet(kind, flags=0, block=0, counter=0, credit=0, payload=b"", checksum="crc32c", padded_to=0):
    head = struct.pack(">BBH8sIHH", 0xA0 + kind, flags, len(payload), SESSION, block, counter, credit)
    summed = CHECKSUMS[checksum](head + bytes(4) + payload)
    return (head + struct.pack(">I", summed) + payload).ljust(padded_to, b"\0")


def tlv(kind, value):
    return struct.pack(">BH", kind, len(value)) + value


def u8(value):
    return struct.pack(">B", value)


def u16(value):
    return struct.pack(">H", value)


def u64(value):
    return struct.pack(">Q", value)


OPERATION, NAME, BLOCK, WINDOW, SIZE, MODIFIED, ETAG, DIGEST, OFFSET, PREFIX, OVERWRITE, RESUME, CHECKSUM, COOKIE, AUTH = range(1, 16)
DIGEST_OF_ABC = hashlib.sha256(b"abc").digest()
get = tlv(OPERATION, u8(1)) + tlv(NAME, b"a.txt") + tlv(BLOCK, u16(1376)) + tlv(WINDOW, u16(1)) + tlv(CHECKSUM, u8(1))
put = (
    tlv(OPERATION, u8(2)) + tlv(NAME, b"a.txt") + tlv(BLOCK, u16(1376)) + tlv(WINDOW, u16(4)) + tlv(SIZE, u64(3))
    + tlv(MODIFIED, u64(1_600_000_000_000)) + tlv(OVERWRITE, b"") + tlv(CHECKSUM, bytes([1, 2]))
    + tlv(COOKIE, bytes(range(36)))
)
resumed = (
    tlv(OPERATION, u8(1)) + tlv(NAME, b"a.txt") + tlv(BLOCK, u16(76)) + tlv(WINDOW, u16(1)) + tlv(ETAG, b"7-3-9")
    + tlv(OFFSET, u64(2)) + tlv(PREFIX, hashlib.sha256(b"ab").digest()) + tlv(RESUME, bytes.fromhex("fedcba9876543210"))
    + tlv(CHECKSUM, u8(1))
)
SECRET = b"an example of a shared secret"

vectors = {
    "REQ": packet(REQ, counter=1, payload=get, padded_to=64),
    "REQ of a PUT, authenticated": packet(
        REQ, RETRY, counter=3, payload=put + tlv(AUTH, hmac.new(SECRET, SESSION + put, hashlib.sha256).digest())
    ),
    "REQ of a GET, resumed": packet(REQ, counter=1, payload=resumed),
    "CHALLENGE": packet(CHALLENGE, counter=1, payload=bytes(range(36))),
    "ACCEPT": packet(
        ACCEPT, counter=2, credit=1,
        payload=tlv(BLOCK, u16(1376)) + tlv(WINDOW, u16(1)) + tlv(CHECKSUM, u8(1)) + tlv(OFFSET, u64(0))
        + tlv(SIZE, u64(3)) + tlv(MODIFIED, u64(1_600_000_000_000)) + tlv(ETAG, b"7-3-9"),
    ),
    "DATA": packet(DATA, LAST, block=0, counter=3, payload=b"abc"),
    "DATA, crc32": packet(DATA, LAST, block=0, counter=3, payload=b"abc", checksum="crc32"),
    "DATA, none": packet(DATA, LAST, block=0, counter=3, payload=b"abc", checksum="none"),
    "ACK": packet(ACK, block=1, counter=4, credit=1),
    "ACK with sack": packet(ACK, SACK | RETRY, block=5, counter=9, credit=4, payload=struct.pack(">I", 0b101)),
    "FIN": packet(FIN, block=1, counter=4, payload=DIGEST_OF_ABC),
    "FINACK": packet(FINACK, block=1, counter=4, payload=u8(0)),
    "ERR": packet(ERR, counter=1, payload=u16(2) + b"there is no such file"),
    "ERR of an unknown session": packet(ERR, counter=4),
}

with open("v2-packets.json", "w", encoding="utf-8") as file:
    json.dump({name: value.hex() for name, value in vectors.items()}, file, indent=2)
    file.write("\n")

CHECKS = ["", "a", "123456789", "\0" * 32, "\xff" * 32, "".join(map(chr, range(100)))]
with open("crc32c.json", "w", encoding="utf-8") as file:
    inputs = [text.encode("latin-1") for text in CHECKS]
    json.dump([{"input": data.hex(), "crc32c": crc32c(data), "crc32": zlib.crc32(data)} for data in inputs], file, indent=2)
    file.write("\n")
