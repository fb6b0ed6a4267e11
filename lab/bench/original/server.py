"""The original's server: for each image in turn, a random node, a connection, a call, until it succeeds.

usage: server.py COMPAT_FOLDER DATA_FOLDER NODE...      one job; it prints the seconds that the job took
       server.py COMPAT_FOLDER --serve NODE...          jobs of clients; it prints where it listens

A NODE is a port of the loopback or HOST:PORT. A serving one ends with its standard input.
"""

import os
import random
import socket
import sys
import threading
import time

import thriftpy2
from thriftpy2.rpc import client_context, make_server

ENDINGS = (".png", ".jpg")


def place_of(node):
    host, _, port = node.rpartition(":")
    return host or "127.0.0.1", int(port)


class Server:
    def __init__(self, compat, nodes):
        self.nodes = [place_of(node) for node in nodes]
        self.service = thriftpy2.load(os.path.join(compat, "server_compute.thrift"), module_name="server_compute_thrift")

    def ping(self):
        pass

    def submit_request(self, data, is_random):
        os.makedirs(os.path.join(data, "output_dir"), exist_ok=True)
        images = sorted(name for name in os.listdir(os.path.join(data, "input_dir")) if name.endswith(ENDINGS))
        begun = time.monotonic()
        for image in images:
            while True:
                host, port = random.choice(self.nodes)
                with client_context(
                    self.service.ServerCompute, host, port, connect_timeout=60_000, socket_timeout=60_000
                ) as node:
                    if node.execute(data, image) == "Success":
                        break
        return str(time.monotonic() - begun)


def serve(compat, server):
    service = thriftpy2.load(os.path.join(compat, "client_server.thrift"), module_name="client_server_thrift")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    listener = make_server(service.ClientServer, server, "127.0.0.1", port, client_timeout=None)
    listener.trans.listen()
    listener.trans.listen = lambda: None
    threading.Thread(target=listener.serve, daemon=True).start()
    print(f"listening on 127.0.0.1:{port}", flush=True)
    sys.stdin.read()


def main():
    compat, data, *nodes = sys.argv[1:]
    server = Server(compat, nodes)
    if data == "--serve":
        serve(compat, server)
    else:
        print(server.submit_request(data, True))


if __name__ == "__main__":
    main()
