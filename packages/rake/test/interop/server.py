"""A server of v1, written from docs/rake.md (R8, R9) alone: it shares nothing with the package.

    python3 server.py {4|8} COST

Listens on a free port of loopback, which its first line says, in the dialect
with integers of so many bytes. Every action runs in a folder of its own.
"""

import os
import socketserver
import struct
import subprocess
import sys
import tempfile

WIDTH, COST = int(sys.argv[1]), int(sys.argv[2])
FORM = ">I" if WIDTH == 4 else ">Q"


class Gone(Exception):
    """The client has ended the connection."""


class Connection(socketserver.StreamRequestHandler):
    def integer(self) -> int:
        return struct.unpack(FORM, self.exactly(WIDTH))[0]

    def exactly(self, size: int) -> bytes:
        got = self.rfile.read(size)
        if len(got) != size:
            raise Gone
        return got

    def string(self) -> bytes:
        return self.exactly(self.integer())

    def say(self, *what) -> None:
        for one in what:
            if isinstance(one, int):
                self.wfile.write(struct.pack(FORM, one))
            else:
                self.wfile.write(struct.pack(FORM, len(one)) + one)

    def handle(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            try:
                self.serve(folder)
            except Gone:
                pass

    def serve(self, folder: str) -> None:
        while True:
            code = self.integer()
            if code == 1:
                return self.say(2, COST)
            if code in (3, 4):
                name, content = self.string().decode(), self.string()
                if os.path.basename(name) != name:
                    return
                with open(os.path.join(folder, name), "wb") as file:
                    file.write(content)
                os.utime(os.path.join(folder, name), (0, 0))
                self.say(10)
            elif code == 5:
                return self.run(folder, self.string().decode())
            else:
                return

    def run(self, folder: str, command: str) -> None:
        done = subprocess.run(command, shell=True, cwd=folder, capture_output=True)
        status = done.returncode if done.returncode >= 0 else 128 - done.returncode
        if 1 <= status <= 4:
            return self.say(8, status, done.stderr)
        if status >= 5:
            return self.say(7, status, done.stdout)
        made = [path for path in os.scandir(folder) if path.is_file(follow_symlinks=False) and path.stat().st_mtime > 0]
        if not made:
            return self.say(11, 0)
        newest = max(made, key=lambda path: path.stat().st_mtime_ns)
        with open(newest.path, "rb") as file:
            self.say(6, 0, 9, newest.name.encode(), file.read())


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


with Server(("127.0.0.1", 0), Connection) as server:
    print(f"listening on 127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()
