"""`python branch.py SOCKET`: a shop over these pipes, with this environment.

It ends when the shop does, which has been forked off the one at the socket.
"""

from __future__ import annotations

import json
import os
import socket
import sys

with socket.socket(socket.AF_UNIX) as shop:
    shop.connect(sys.argv[1])
    socket.send_fds(shop, [json.dumps(dict(os.environ)).encode()], [0, 1])
    os.close(0)
    os.close(1)
    shop.recv(1)
