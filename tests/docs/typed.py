"""Hands a command to the programs that wait with their imports done (``waiting.py``), and ends as it ends.

Run by ``python -IS``, which starts in no time: ``typed.py SOCKET PROGRAM ARGUMENT…``.
"""

import json
import os
import signal
import socket
import sys

_, address, *words = sys.argv
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(address)
    folder = os.getcwd()  # noqa: PTH109 - pathlib takes as long to import as all the rest
    order = json.dumps({"words": words, "folder": folder, "environment": dict(os.environ)})
    # All three streams of this process, so that pipes and files of the shell are those of the command.
    socket.send_fds(connection, [b"\0"], [0, 1, 2])
    with connection.makefile("rwb") as stream:
        stream.write(order.encode() + b"\n")
        stream.flush()
        process = int(stream.readline())
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, _: os.kill(process, number))
        stream.write(b"hears\n")
        stream.flush()
        # Nothing, if it was killed.
        sys.exit(int(stream.readline() or 1))
