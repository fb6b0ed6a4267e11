"""A node of the original's kind: copies each image, and rejects every third `execute`. Prints where it listens."""

import os
import shutil
import socket
import threading

from thriftpy2.rpc import make_server

from original import server_compute


class Handler:
    def __init__(self):
        self.calls = 0
        self.lock = threading.Lock()

    def execute(self, base_path, file_name):
        with self.lock:
            self.calls += 1
            if self.calls % 3 == 0:
                return "Rejected"
        return self.delayed_execute(base_path, file_name)

    def delayed_execute(self, base_path, file_name):
        shutil.copy(os.path.join(base_path, "input_dir", file_name), os.path.join(base_path, "output_dir", file_name))
        return "Success"


with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
server = make_server(server_compute.ServerCompute, Handler(), "127.0.0.1", port)
server.trans.listen()
print(f"python node listening on 127.0.0.1:{port}", flush=True)
server.serve()
