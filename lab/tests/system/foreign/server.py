"""A server of the original's kind: server.py FOLDER PORT…: one connection a call, never closed, retry elsewhere."""

import os
import random
import sys

from thriftpy2.rpc import make_client

from original import server_compute

folder, ports = sys.argv[1], [int(port) for port in sys.argv[2:]]
generator = random.Random(1)
left_open = []
for name in sorted(os.listdir(os.path.join(folder, "input_dir"))):
    for _ in range(1000):
        client = make_client(server_compute.ServerCompute, "127.0.0.1", generator.choice(ports), timeout=60_000)
        left_open.append(client)
        answer = client.execute(folder, name)
        if "Rejected" not in answer:
            assert answer == "Success", answer
            break
    else:
        sys.exit(f"{name}: rejected 1000 times")
