"""Every packet of three v1 exchanges on a perfect channel, made from the packet table alone.

Shares nothing with the TypeScript codec. Writes text.txt, of which the GET is made, and v1-packets.json beside itself;
with --check it writes nothing and fails where a file differs.

    off  len   field   values
    0    1     type    G P A D F E
    1    1     bit     0 or 1; F in an F packet and in the ack of one
    2    5     number  ASCII decimal, zero-padded
    7    0..n  body    D: file bytes; G, P: the name; A: ack; F: I'm Done; E: a text
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
CLIENT, SERVER = "client", "server"


def packet(kind, bit, number, body):
    assert len(kind) == 1 and len(bit) == 1 and 0 <= number <= 99999
    return (kind + bit + str(number).zfill(5)).encode("ascii") + body


def data(number, body):
    return packet("D", "01"[number % 2], number, body)


def ack(number):
    return packet("A", "01"[number % 2], number, b"ack")


def blocks(content):
    return [content[at : at + 100] for at in range(0, len(content), 100)]


def get(name, content):
    yield CLIENT, packet("G", "0", 0, name)
    for number, body in enumerate(blocks(content), start=1):
        yield SERVER, data(number, body)
        yield CLIENT, ack(number)
    yield SERVER, packet("F", "F", 0, b"I'm Done")


def put(name, content):
    yield CLIENT, packet("P", "0", 0, name)
    yield SERVER, ack(0)
    number = 0
    for number, body in enumerate(blocks(content), start=1):
        yield CLIENT, data(number, body)
        yield SERVER, ack(number)
    yield CLIENT, packet("F", "F", number, b"I'm Done")
    yield SERVER, packet("A", "F", number, b"ack")


def missing(name):
    yield CLIENT, packet("G", "0", 0, name)
    yield SERVER, packet("E", "0", 0, b"incorrect file name my dear child")


def text():
    """Our own text, 8,080 bytes: numbered lines, the last of them cut."""
    words = "a late packet that looks like the one you wait for is how a file is lost without a word".split()
    lines = []
    for number in range(1, 200):
        turn = number % len(words)
        lines.append("%3d  %s.\n" % (number, " ".join(words[turn:] + words[:turn])))
    return "".join(lines).encode("ascii")[:8079] + b"\n"


def written(packets):
    return [{"from": sender, "hex": octets.hex()} for sender, octets in packets]


def main():
    content = text()
    assert len(content) == 8080 and len(blocks(content)) == 81
    vectors = {
        "get": {"name": "text.txt", "packets": written(get(b"text.txt", content))},
        "put": {"name": "t.txt", "packets": written(put(b"t.txt", b"A" * 100 + b"B" * 100 + b"C" * 50))},
        "missing": {"name": "no", "packets": written(missing(b"no"))},
    }
    files = {"text.txt": content, "v1-packets.json": (json.dumps(vectors, indent=2) + "\n").encode("ascii")}
    if "--check" in sys.argv[1:]:
        stale = [name for name, octets in files.items() if (HERE / name).read_bytes() != octets]
        sys.exit("these files are not what the script writes: " + ", ".join(stale) if stale else 0)
    for name, octets in files.items():
        (HERE / name).write_bytes(octets)


main()
