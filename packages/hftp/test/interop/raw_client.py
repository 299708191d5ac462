"""Speaks HFTP over a raw socket, with nothing but the standard library.

    python3 raw_client.py PORT NAME {base64|raw} > COPY

Fetches the whole file in one slice and writes it to standard output. A base64
body may come in one line or in several. Ends with code 1 and a line on standard
error where the server answers anything else than what the protocol says.
"""

import base64
import socket
import sys


def main() -> None:
    port, name, style = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        reader = connection.makefile("rb")

        def line() -> bytes:
            text = reader.readline()
            if not text.endswith(b"\r\n"):
                raise SystemExit(f"a line without its end: {text[:80]!r}")
            return text[:-2]

        def ask(request: str) -> None:
            connection.sendall(request.encode("ascii") + b"\r\n")
            status = line()
            if status != b"0 OK":
                raise SystemExit(f"{status.decode('ascii')} to: {request}")

        ask(f"get_metadata {name}")
        size = int(line())
        if style == "raw":
            ask(f"get_slice {name} 0 {size} raw")
            if line() != b"Content-Length: %d" % size or line() != b"":
                raise SystemExit("not the header of a raw body")
            body = reader.read(size)
            lines = 0
        else:
            ask(f"get_slice {name} 0 {size}")
            body = bytearray()
            lines = 0
            while len(body) < size or lines == 0:
                body += base64.b64decode(line(), validate=True)
                lines += 1
        ask("quit")
        if reader.read() != b"":
            raise SystemExit("bytes after the end of the reply to quit")
    if len(body) != size:
        raise SystemExit(f"{len(body)} bytes instead of {size}")
    sys.stdout.buffer.write(body)
    print(f"{size} bytes in {lines} lines of base64" if lines else f"{size} bytes raw", file=sys.stderr)


main()
