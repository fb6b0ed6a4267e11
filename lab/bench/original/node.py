"""A compute node of the original's design: a threaded Thrift server over OpenCV.

usage: node.py COMPAT_FOLDER LOAD_PROBABILITY [HOST[:PORT]]

It listens on a free port of the loopback, or there, and prints `listening on HOST:PORT`. It ends with its standard
input. In an image of the name that the variable PLANTED_PANIC names its work raises an exception.
"""

import os
import random
import socket
import sys
import threading
import time

import cv2
import numpy
import thriftpy2
from thriftpy2.rpc import make_server

DELAY_SECONDS = 3


class Node:
    def __init__(self, load_probability):
        self.load_probability = load_probability
        self.panics_in = os.environ.get("PLANTED_PANIC")

    def execute(self, base_path, file_name):
        if random.random() < self.load_probability:
            return "Rejected"
        return self.delayed_execute(base_path, file_name)

    def delayed_execute(self, base_path, file_name):
        if random.random() < self.load_probability:
            time.sleep(DELAY_SECONDS)
        if file_name == self.panics_in:
            raise RuntimeError("planted")
        source = cv2.imread(os.path.join(base_path, "input_dir", file_name))
        gray = cv2.cvtColor(source, cv2.COLOR_BGR2GRAY)
        edges = cv2.Canny(cv2.blur(gray, (3, 3)), 10, 30, apertureSize=5)
        result = (source // 2).astype(numpy.uint8)
        result[edges != 0] = (0, 255, 0)
        cv2.imwrite(os.path.join(base_path, "output_dir", file_name), result)
        return "Success"


def main():
    compat, load_probability, *place = sys.argv[1:]
    host, _, port = (place[0] if place else "127.0.0.1").partition(":")
    service = thriftpy2.load(os.path.join(compat, "server_compute.thrift"), module_name="server_compute_thrift")
    # The process is one node of several on the machine: it must not take the other cores.
    cv2.setNumThreads(1)
    if not port:
        with socket.socket() as probe:
            probe.bind((host, 0))
            port = probe.getsockname()[1]
    server = make_server(service.ServerCompute, Node(float(load_probability)), host, int(port), client_timeout=None)
    server.trans.listen()
    server.trans.listen = lambda: None
    threading.Thread(target=server.serve, daemon=True).start()
    print(f"listening on {host}:{port}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
