"""Prints, in hexadecimal, the capture that capture-vector.test.ts expects: made from the formats alone
(draft-ietf-opsawg-pcapng, RFC 791, 8200, 768, 9293), with nothing of ours."""
import socket
import struct


def ones_complement(data: bytes) -> int:
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + padded(value)


def block(kind: int, body: bytes, options: bytes = b"") -> bytes:
    if options:
        options += struct.pack("<HH", 0, 0)
    length = 12 + len(body) + len(options)
    return struct.pack("<II", kind, length) + body + options + struct.pack("<I", length)


def packet(at_us: int, data: bytes, comment: str = "") -> bytes:
    body = struct.pack("<IIIII", 0, at_us >> 32, at_us & 0xFFFFFFFF, len(data), len(data)) + padded(data)
    return block(6, body, option(1, comment.encode()) if comment else b"")


def ip(source: str, destination: str, protocol: int, identification: int, checksum_at: int, content: bytes) -> bytes:
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    ends = socket.inet_pton(family, source) + socket.inet_pton(family, destination)
    if family == socket.AF_INET6:
        pseudo = ends + struct.pack("!IxxxB", len(content), protocol)
        header = struct.pack("!IHBB", 6 << 28, len(content), protocol, 64) + ends
    else:
        pseudo = ends + struct.pack("!xBH", protocol, len(content))
        header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(content), identification, 0x4000, 64, protocol, 0) + ends
        header = header[:10] + struct.pack("!H", ones_complement(header)) + header[12:]
    checksum = ones_complement(pseudo + content)
    if protocol == 17 and checksum == 0:
        checksum = 0xFFFF
    return header + content[:checksum_at] + struct.pack("!H", checksum) + content[checksum_at + 2:]


def udp(source, destination, ports, payload, identification) -> bytes:
    content = struct.pack("!HHHH", *ports, 8 + len(payload), 0) + payload
    return ip(source, destination, 17, identification, 6, content)


FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def tcp(source, destination, ports, sequence, acknowledgement, flags, identification, payload=b"", options=b""):
    words = 5 + len(options) // 4
    content = struct.pack("!HHIIBBHHH", *ports, sequence, acknowledgement, words << 4, flags, 0xFFFF, 0, 0)
    return ip(source, destination, 6, identification, 16, content + options + payload)


epoch = 1_700_000_000_000_000  # microseconds
client, server = "10.0.0.1", "10.0.0.2"
names = b"".join(
    struct.pack("<HH", 1, len(value)) + padded(value)
    for value in (socket.inet_aton(client) + b"client\0", socket.inet_aton(server) + b"server\0")
) + struct.pack("<HH", 0, 0)
capture = [
    block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1), option(1, b"seed 7") + option(4, b"simnet")),
    block(1, struct.pack("<HHI", 101, 0, 0), option(2, b"simnet") + option(9, b"\x06")),
    block(4, names),
    packet(epoch + 1_500, udp(client, server, (50000, 7), b"odd", 1), "lost: drop"),
    # The words of pseudo header, header and payload sum to 0xffff here, so that the checksum is 0 and is sent as 0xffff.
    packet(epoch + 2_000, udp(server, client, (7, 50000), bytes.fromhex("cc7d5c"), 2)),
    packet(epoch + 2_001, udp("fe80::1", "::1", (1, 65535), b"six", 3)),
]
x, y = 0x01000193, 0x81000193
mss = struct.pack("!BBHBBBB", 2, 4, 65495, 1, 3, 3, 14)
up, down = (client, server, (50001, 80)), (server, client, (80, 50001))
for number, (at, way, sequence, acknowledgement, flags, payload, options) in enumerate(
    [
        (3_000, up, x, 0, SYN, b"", mss),
        (3_000, down, y, x + 1, SYN | ACK, b"", mss),
        (3_000, up, x + 1, y + 1, ACK, b"", b""),
        (4_000, up, x + 1, y + 1, PSH | ACK, b"GET\r\n", b""),
        (4_000, down, y + 1, x + 6, ACK, b"", b""),
        (5_000, up, x + 6, y + 1, FIN | ACK, b"", b""),
        (5_000, down, y + 1, x + 7, ACK, b"", b""),
        (6_000, down, y + 1, x + 7, PSH | ACK, b"OK", b""),
        (6_000, up, x + 7, y + 3, ACK, b"", b""),
        (7_000, down, y + 3, x + 7, RST | ACK, b"", b""),
    ],
    start=4,
):
    capture.append(packet(epoch + at, tcp(*way, sequence, acknowledgement, flags, number, payload, options)))
for one in capture:
    print(one.hex())
