"""The original's server, driven once: for each image in turn, a random node, a connection, a call, until it succeeds.

usage: server.py COMPAT_FOLDER DATA_FOLDER NODE_PORT...

It prints the seconds that the job took.
"""

import os
import random
import sys
import time

import thriftpy2
from thriftpy2.rpc import client_context

ENDINGS = (".png", ".jpg")


def main():
    compat, data, *ports = sys.argv[1:]
    service = thriftpy2.load(os.path.join(compat, "server_compute.thrift"), module_name="server_compute_thrift")
    os.makedirs(os.path.join(data, "output_dir"), exist_ok=True)
    images = sorted(name for name in os.listdir(os.path.join(data, "input_dir")) if name.endswith(ENDINGS))
    begun = time.monotonic()
    for image in images:
        while True:
            port = int(random.choice(ports))
            with client_context(service.ServerCompute, "127.0.0.1", port, connect_timeout=60_000, socket_timeout=60_000) as node:
                if node.execute(data, image) == "Success":
                    break
    print(time.monotonic() - begun)


if __name__ == "__main__":
    main()
