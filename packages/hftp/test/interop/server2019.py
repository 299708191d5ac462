"""A server as students wrote it in 2019: one client at a time, four commands, each slice one base64 line.

usage: server2019.py DIRECTORY [ADDRESS [PORT]]; the first line on standard output is `listening on ADDRESS:PORT`.
"""

import base64
import os
import socket
import sys

TEXTS = {
    0: "OK",
    100: "BAD EOL",
    101: "BAD REQUEST",
    200: "NO SUCH COMMAND",
    201: "INVALID ARGUMENTS FOR COMMAND",
    202: "FILE NOT FOUND",
    203: "OFFSET EXCEEDS FILE SIZE",
}


def answer(directory, line):
    """Code and body of the reply to one request."""
    command, *arguments = line.split(" ")
    if command == "quit" and not arguments:
        return 0, b""
    if command == "get_file_listing" and not arguments:
        names = sorted(os.listdir(directory))
        return 0, "".join(name + "\r\n" for name in names).encode() + b"\r\n"
    if command not in ("get_metadata", "get_slice", "get_file_listing", "quit"):
        return 200, b""
    if len(arguments) != {"get_metadata": 1, "get_slice": 3}.get(command):
        return 201, b""
    path = os.path.join(directory, os.path.basename(arguments[0]))
    if not os.path.isfile(path):
        return 202, b""
    size = os.path.getsize(path)
    if command == "get_metadata":
        return 0, b"%d\r\n" % size
    if not (arguments[1].isdigit() and arguments[2].isdigit()):
        return 201, b""
    offset, length = int(arguments[1]), int(arguments[2])
    if offset + length > size:
        return 203, b""
    with open(path, "rb") as file:
        file.seek(offset)
        return 0, base64.b64encode(file.read(length)) + b"\r\n"


def serve(connection, directory):
    """Answers one client until it quits, makes a fatal mistake, or goes away."""
    pending = b""
    while True:
        while b"\r\n" not in pending:
            chunk = connection.recv(4096)
            if not chunk:
                return
            pending += chunk
        line, pending = pending.split(b"\r\n", 1)
        code, body = (100, b"") if b"\n" in line else answer(directory, line.decode("ascii", "replace"))
        connection.sendall(b"%d %s\r\n" % (code, TEXTS[code].encode()) + body)
        if line == b"quit" or 100 <= code < 200:
            return


def main():
    directory = sys.argv[1]
    address = sys.argv[2] if len(sys.argv) > 2 else "127.0.0.1"
    listener = socket.create_server((address, int(sys.argv[3]) if len(sys.argv) > 3 else 0))
    print("listening on %s:%d" % listener.getsockname(), flush=True)
    while True:
        connection, _ = listener.accept()
        with connection:
            try:
                serve(connection, directory)
            except OSError:
                pass  # the client went away


main()
