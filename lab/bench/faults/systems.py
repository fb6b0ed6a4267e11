"""The two systems: four nodes and whoever drives them, each a process that ends with the comparison."""

import os
import resource
import signal
import subprocess
import sys
import time

NODES = 4


class System:
    """Nodes and whoever drives them over one data folder."""

    def __init__(self, folder, options):
        self.folder, self.options = folder, options
        self.children, self.nodes = [], []

    def spawn(self, command, environment=None, memory=None):
        """A process; `memory` bounds what it may write to, in bytes: its heap, its threads' stacks, images."""
        bound = None if memory is None else lambda: resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=open(os.path.join(self.folder, "errors"), "ab"),
            cwd=self.folder,
            env={**os.environ, **(environment or {})},
            preexec_fn=bound,
        )
        child.begun = time.monotonic()
        self.children.append(child)
        return child

    def listening(self, command, **more):
        """A process that says where it listens: `host` and `port` of it."""
        child = self.spawn(command, **more)
        line = child.stdout.readline().decode()
        if "listening on " not in line:
            raise RuntimeError(f"{command[:3]} did not get ready: {self.errors()}")
        child.host, _, child.port = line.split("listening on ")[1].split()[0].rpartition(":")
        return child

    def errors(self):
        with open(os.path.join(self.folder, "errors"), errors="replace") as file:
            return file.read()

    def node(self, load, data, host="127.0.0.1", port=None, **more):
        child = self.listening(self.node_command(load, data, host, port), **more)
        # Where it is called, which a wire between may change.
        child.called_at = f"{child.host}:{child.port}"
        self.nodes.append(child)
        return child

    def client(self, command, data):
        child = self.spawn(command)
        child.data = data
        return child

    def start(self, loads, data, **more):
        for load in loads:
            self.node(load, data, **more)
        self.serve(data)

    def end(self):
        for child in self.children:
            if child.poll() is None:
                child.send_signal(signal.SIGCONT)
                child.kill()
        for child in self.children:
            child.wait()
            for pipe in (child.stdin, child.stdout):
                pipe.close()


class Original(System):
    title = "original's design"
    is_ours = False
    panic = "PLANTED_PANIC"

    def node_command(self, load, data, host, port):
        place = host if port is None else f"{host}:{port}"
        return [sys.executable, self.script("node.py"), self.options.compat, str(load), place]

    def script(self, name):
        return os.path.join(self.options.original, name)

    def serve(self, data, **_):
        places = [node.called_at for node in self.nodes]
        self.server = self.listening([sys.executable, self.script("server.py"), self.options.compat, "--serve", *places])

    def job(self, data, **_):
        command = [sys.executable, self.script("client.py"), self.options.compat, self.server.port, data]
        return self.client(command, data)


class Ballast(System):
    title = "Ballast"
    is_ours = True
    panic = "BALLAST_TEST_PANIC"

    def node_command(self, load, data, host, port):
        command = [self.options.lab, "computenode", str(load), "--listen", f"{host}:{port or 0}", "--data-root", data]
        # A wire that loses packets is a network of its own, where nobody else is.
        return command + ["--log-level", "error", "--insecure"]

    def serve(self, data, listen="127.0.0.1:0", runs="runs", more=()):
        command = [self.options.lab, "server", "--listen", listen, "--results", os.path.join(self.folder, runs)]
        for node in self.nodes:
            command += ["--node", node.called_at]
        command += ["--silence", "1s", "--patience", "5s", "--console", "off", "--log-level", "error", *more]
        self.server = self.listening(command)

    def job(self, data, strategy="load_balancing", server=None, more=()):
        server = server or self.server
        command = [self.options.lab, "client", data, strategy, "--quiet", "--server", f"{server.host}:{server.port}"]
        return self.client(command + ["--max-attempts", "40", *more], data)
