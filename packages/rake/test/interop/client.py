"""A client of v1-4, written from docs/rake.md (R8, R9) alone: it shares nothing with the package.

    python3 client.py PORT COMMAND FILE...

Asks for the cost, then runs the command with these files. Prints `cost N`, then
`status N`, and behind it either `file NAME SIZE` (the file is written to NAME
in the working folder) or what the command printed.
"""

import os
import socket
import struct
import sys


class Server:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.reader = self.socket.makefile("rb")

    def integers(self, *values: int) -> None:
        self.socket.sendall(struct.pack(f">{len(values)}I", *values))

    def string(self, text: bytes) -> None:
        self.integers(len(text))
        self.socket.sendall(text)

    def integer(self) -> int:
        return struct.unpack(">I", self.exactly(4))[0]

    def exactly(self, size: int) -> bytes:
        got = self.reader.read(size)
        if len(got) != size:
            raise SystemExit("the answer is not whole")
        return got

    def expect(self, code: int) -> None:
        got = self.integer()
        if got != code:
            raise SystemExit(f"{got} where {code} was to come")


def send(server: Server, path: str) -> None:
    with open(path, "rb") as file:
        content = file.read()
    server.integers(3)
    server.string(os.path.basename(path).encode())
    server.string(content)  # a size and so many bytes
    server.expect(10)


def main() -> None:
    port, command, paths = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    quote = Server(port)
    quote.integers(1)
    quote.expect(2)
    print("cost", quote.integer())

    server = Server(port)
    for path in paths:
        send(server, path)
    server.integers(5)
    server.string(command.encode())
    code, status = server.integer(), server.integer()
    print("status", status)
    if code in (7, 8):
        sys.stdout.write(server.exactly(server.integer()).decode())
    elif code == 6:
        server.expect(9)
        name = server.exactly(server.integer()).decode()
        if os.path.basename(name) != name:
            raise SystemExit(f"{name} is no basename")
        content = server.exactly(server.integer())
        with open(name, "wb") as file:
            file.write(content)
        print("file", name, len(content))
    elif code != 11:
        raise SystemExit(f"{code} is no answer")
    if server.reader.read(1):
        raise SystemExit("bytes behind the answer")


main()
