"""Stands in for the web server: answers with its process id on the socket it is handed.

With `--held PATH` it answers nobody while there is such a file.
"""

from __future__ import annotations

import argparse
import os
import select
import socket
import time
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("app", "folder", "host", "port"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--fd", type=int)
    parser.add_argument("--lifeline", type=int)
    parser.add_argument("--held", type=Path)
    given = parser.parse_args()
    while given.held is not None and given.held.exists():
        time.sleep(0.01)
    listening = socket.socket(fileno=given.fd)
    while True:
        ready, _, _ = select.select([listening, given.lifeline], [], [])
        if given.lifeline in ready:
            return
        connection, _ = listening.accept()
        with connection:
            connection.recv(4096)
            body = str(os.getpid()).encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            connection.sendall(head.encode() + body)


main()
