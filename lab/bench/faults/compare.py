"""The same faults against Ballast and against a plain system of the original's design, and both answers side by side.

usage: compare.py [--lab target/release/lab] [--limit SECONDS] [--only NAME,...]

The original's design is `lab/bench/original`: four Python nodes with OpenCV behind thriftpy2, and a server that takes
one image after the other. The interpreter that runs this script must have thriftpy2, opencv-python-headless and numpy.
Everything happens on loopback and in a temporary folder; whatever is started is ended. A full disk needs the right to
mount a tmpfs and is left out without it.
"""

import argparse
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.normpath(os.path.join(HERE, "..", "..", ".."))
ORIGINAL = os.path.join(TOP, "lab", "bench", "original")
COMPAT = os.path.join(TOP, "idl", "compat")
NODES = 4


class System:
    """Four nodes and whoever drives them over one data folder."""

    def __init__(self, folder, arguments):
        self.folder, self.arguments = folder, arguments
        self.children, self.nodes = [], []

    def spawn(self, command, **more):
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, **more)
        self.children.append(child)
        return child

    def node(self, load, data):
        child = self.spawn(self.node_command(load, data), stdout=subprocess.PIPE)
        line = child.stdout.readline().decode()
        child.port = int(line.split("listening on ")[1].split()[0].rsplit(":", 1)[1])
        self.nodes.append(child)

    def end(self):
        for child in self.children:
            if child.poll() is None:
                child.send_signal(signal.SIGCONT)
                child.kill()
        for child in self.children:
            child.wait()
            for pipe in (child.stdin, child.stdout, child.stderr):
                if pipe:
                    pipe.close()


class Original(System):
    title = "original's design"

    def node_command(self, load, data):
        return [sys.executable, os.path.join(ORIGINAL, "node.py"), COMPAT, str(load)]

    def start(self, loads, data):
        for load in loads:
            self.node(load, data)

    def job(self, data):
        ports = [str(node.port) for node in self.nodes]
        return self.spawn(
            [sys.executable, os.path.join(ORIGINAL, "server.py"), COMPAT, data, *ports], stdout=subprocess.PIPE
        )


class Ballast(System):
    title = "Ballast"

    def node_command(self, load, data):
        return [self.arguments.lab, "computenode", str(load), "--listen", "127.0.0.1:0", "--data-root", data]

    def start(self, loads, data):
        for load in loads:
            self.node(load, data)
        command = [self.arguments.lab, "server", "--listen", "127.0.0.1:0", "--results", os.path.join(data, "runs")]
        for node in self.nodes:
            command += ["--node", f"127.0.0.1:{node.port}"]
        command += ["--silence", "1s", "--patience", "5s", "--console", "off", "--log-level", "error"]
        server = self.spawn(command, stdout=subprocess.PIPE)
        self.server = server.stdout.readline().decode().split("listening on ")[1].split()[0]

    def job(self, data):
        command = [self.arguments.lab, "client", data, "load_balancing", "--quiet", "--server", self.server]
        return self.spawn(command + ["--max-attempts", "40"], stdout=subprocess.PIPE)


def results(data):
    folder = os.path.join(data, "output_dir")
    names = [name for name in os.listdir(folder) if not name.startswith(".")] if os.path.isdir(folder) else []
    found = {}
    for name in names:
        with open(os.path.join(folder, name), "rb") as file:
            found[name] = file.read()
    return found


def wait_for_results(data, count, limit):
    deadline = time.monotonic() + limit
    while len(results(data)) < count and time.monotonic() < deadline:
        time.sleep(0.002)


def finish(job, data, right, limit):
    """Waits for the job's end; what came out, in words."""
    begun = time.monotonic()
    try:
        job.wait(timeout=limit)
        how = f"ended with {job.returncode} after {time.monotonic() - begun:.1f} s"
    except subprocess.TimeoutExpired:
        how = f"HANGS (waited {limit} s)"
    found = results(data)
    whole = sum(found.get(name) == content for name, content in right.items())
    broken = sum(name in right and found[name] != right[name] for name in found)
    return f"{whole}/{len(right)} right, {broken} broken; {how}"


def plain(loads=(0,) * NODES, prepare=lambda data: None, during=lambda system: None, after=1):
    """A job during which something happens."""

    def scenario(system, data, right, limit):
        prepare(data)
        system.start(loads, data)
        job = system.job(data)
        wait_for_results(data, after, limit)
        during(system)
        return finish(job, data, right, limit)

    return scenario


def unreadable(data):
    with open(os.path.join(data, "input_dir", "broken.png"), "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + b"no image" * 20)


def bomb(data):
    """A small file that claims 30,000 x 30,000 pixels, all zero."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packer, packed = zlib.compressobj(9), []
    for _ in range(30_000):
        packed.append(packer.compress(bytes(1 + 3 * 30_000)))
    packed.append(packer.flush())
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    with open(os.path.join(data, "input_dir", "bomb.png"), "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"".join(packed)) + chunk(b"IEND", b""))


def peak_mib(child):
    with open(f"/proc/{child.pid}/status") as file:
        return max(int(line.split()[1]) for line in file if line.startswith("VmHWM")) // 1024


def bombed(system, data, right, limit):
    bomb(data)
    told = plain()(system, data, right, limit)
    alive = [node for node in system.nodes if node.poll() is None]
    return f"{told}; largest node {max(map(peak_mib, alive), default=0)} MiB, {len(alive)} of {NODES} nodes live"


def call(port, base, name, limit):
    """The original's call of one image; the answer, or what came instead."""
    import thriftpy2
    from thriftpy2.rpc import client_context

    service = thriftpy2.load(os.path.join(COMPAT, "server_compute.thrift"), module_name="server_compute_thrift")
    time_out = int(limit * 1000)
    try:
        with client_context(
            service.ServerCompute, "127.0.0.1", port, connect_timeout=time_out, socket_timeout=time_out
        ) as node:
            return node.execute(base, name)
    except Exception as error:  # Whatever it is, it is the answer.
        return f"no answer: {type(error).__name__}"


def climbs(system, data, right, limit):
    system.start((0,) * NODES, data)
    outside = tempfile.mkdtemp(dir=system.folder)
    os.makedirs(os.path.join(outside, "input_dir"))
    os.makedirs(os.path.join(outside, "output_dir"))
    image, port = sorted(right)[0], system.nodes[0].port
    shutil.copy(os.path.join(data, "input_dir", image), os.path.join(outside, "input_dir", "other.png"))
    away = os.path.relpath(os.path.join(outside, "input_dir"), os.path.join(data, "input_dir"))
    call(port, outside, "other.png", 5)
    call(port, data, f"{away}/other.png", 5)
    written = os.listdir(os.path.join(outside, "output_dir"))
    return "files outside were read and WRITTEN" if written else "refused: nothing outside was touched"


def idle(count):
    def scenario(system, data, right, limit):
        system.start((0,) * NODES, data)
        held = [socket.create_connection(("127.0.0.1", system.nodes[0].port)) for _ in range(count)]
        begun = time.monotonic()
        answer = call(system.nodes[0].port, data, sorted(right)[0], 5)
        took = time.monotonic() - begun
        with open(f"/proc/{system.nodes[0].pid}/status") as file:
            threads = next(line.split()[1] for line in file if line.startswith("Threads"))
        for connection in held:
            connection.close()
        return f"{answer} in {took * 1000:.0f} ms; {threads} threads"

    return scenario


def malformed(system, data, right, limit):
    system.start((0,) * NODES, data)
    head = b"\x80\x01\x00\x01\x00\x00\x00\x07execute\x00\x00\x00\x01"
    for body in (b"\x0b\x00\x01\x7f\xff\xff\xff", b"\x0f\x00\x01\x0c\x06\x40\x00\x00", b"\xff" * 64, b"GET / HTTP/1.1\r\n\r\n"):
        for whole in (head + body, body):
            with socket.create_connection(("127.0.0.1", system.nodes[0].port)) as stranger:
                stranger.sendall(whole)
    answer = call(system.nodes[0].port, data, sorted(right)[0], 5)
    lives = "lives" if system.nodes[0].poll() is None else "is DEAD"
    return f"honest call afterwards: {answer}; the node {lives}"


def full_disk(system, data, right, limit):
    output = os.path.join(data, "output_dir")
    os.makedirs(output, exist_ok=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", output], capture_output=True)
    if mounted.returncode != 0:
        return "not tried: no right to mount a tmpfs"
    try:
        return plain()(system, data, right, limit)
    finally:
        system.end()
        subprocess.run(["umount", "--lazy", output], check=True)


SCENARIOS = {
    "no fault": plain(),
    "node killed": plain(during=lambda system: system.nodes[0].kill()),
    "node stopped": plain(during=lambda system: system.nodes[0].send_signal(signal.SIGSTOP)),
    "all nodes killed": plain(during=lambda system: [node.kill() for node in system.nodes]),
    "p=1 on one node": plain(loads=(1, 0, 0, 0)),
    "p=1 on all nodes": plain(loads=(1, 1, 1, 1), after=0),
    "unreadable image": plain(prepare=unreadable),
    "decompression bomb": bombed,
    "names that climb": climbs,
    "64 idle connections": idle(64),
    "1000 idle connections": idle(1000),
    "malformed messages": malformed,
    "full disk": full_disk,
}


def one(kind, name, source, folder, right, arguments):
    data = os.path.join(folder, "data")
    shutil.rmtree(data, ignore_errors=True)
    shutil.copytree(source, data)
    system = kind(folder, arguments)
    try:
        return SCENARIOS[name](system, data, right, arguments.limit)
    finally:
        system.end()


def undisturbed(kind, source, folder, arguments):
    """What the system itself makes of the images when nothing happens."""
    data = os.path.join(folder, "data")
    shutil.copytree(source, data)
    system = kind(folder, arguments)
    try:
        system.start((0,) * NODES, data)
        system.job(data).wait(timeout=120)
        return results(data)
    finally:
        system.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lab", default=os.path.join(TOP, "target", "release", "lab"), help="the lab's executable")
    parser.add_argument("--limit", type=float, default=20, help="seconds after which a job counts as hanging")
    parser.add_argument("--only", default=",".join(SCENARIOS), help="names of faults, comma between")
    arguments = parser.parse_args()
    arguments.lab = os.path.abspath(arguments.lab)
    with tempfile.TemporaryDirectory() as top:
        source = os.path.join(top, "source")
        subprocess.run(
            [arguments.lab, "dataset", source, "--count", "40", "--size", "640x480", "--format", "jpg"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        for name in arguments.only.split(","):
            print(name, flush=True)
            for kind in (Original, Ballast):
                folder = tempfile.mkdtemp(dir=top)
                right = undisturbed(kind, source, folder, arguments)
                told = one(kind, name, source, folder, right, arguments)
                print(f"  {kind.title:18} {told}", flush=True)
                shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
