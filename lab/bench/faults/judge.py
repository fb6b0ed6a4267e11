"""What came of a fault: the results against the right ones, in a few words, and whether the promise was kept."""

import os
import signal
import subprocess
import threading
import time

import thriftpy2
from thriftpy2.rpc import client_context


class NoSuchThing(Exception):
    """The fault has no meaning for the system, or cannot be made on this machine; the words say why."""


class Told:
    """`kept` is whether the promise was kept."""

    def __init__(self, kept, words, seconds=0.0):
        self.kept, self.words, self.seconds = kept, words, seconds

    def but(self, kept, words):
        """The same with one more condition."""
        return Told(self.kept and kept, f"{self.words}; {words}", self.seconds)


LONGEST = 6
"""So many times the limit is the most that any job gets."""


def results(data):
    folder = os.path.join(data, "output_dir")
    names = [name for name in os.listdir(folder) if not name.startswith(".")] if os.path.isdir(folder) else []
    found = {}
    for name in names:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            with open(path, "rb") as file:
                found[name] = file.read()
    return found


def versions(data):
    """What tells a result from the same one made again."""
    folder = os.path.join(data, "output_dir")
    facts = {}
    for entry in os.scandir(folder) if os.path.isdir(folder) else ():
        if not entry.name.startswith(".") and entry.is_file():
            status = os.stat(entry.path)
            facts[entry.name] = (status.st_ino, status.st_mtime_ns)
    return facts


def made_again(data, before):
    after = versions(data)
    return sum(after.get(name) != version for name, version in before.items())


def wait_until(true, limit):
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.002)
    return False


def wait_for_results(data, count, limit):
    return wait_until(lambda: len(versions(data)) >= count, limit)


def count_right(data, right):
    found = results(data)
    whole = sum(found.get(name) == content for name, content in right.items())
    broken = sum(name in right and found[name] != right[name] for name in found)
    return whole, broken


def ending(job, limit):
    """Waits for the job's end: whether it came, and how old the job is then. A job without a new result for so many seconds
    hangs; on a busy machine one that goes on may take its time."""
    seen, since = None, time.monotonic()
    while time.monotonic() - since < limit and time.monotonic() - job.begun < LONGEST * limit:
        try:
            job.wait(timeout=0.2)
            return True, time.monotonic() - job.begun
        except subprocess.TimeoutExpired:
            now = versions(job.data)
            if now != seen:
                seen, since = now, time.monotonic()
    return False, time.monotonic() - job.begun


def finish(system, job, data, right, limit, status=0):
    """What came of a job of which every image can be done; `status` is what its client must answer."""
    ended, seconds = ending(job, limit)
    whole, broken = count_right(data, right)
    if not ended:
        how = f"hangs ({seconds:.0f} s and on)"
    elif system.is_ours:
        how = f"{seconds:.1f} s" if job.returncode == 0 else f"exit status {job.returncode} after {seconds:.1f} s"
    else:
        how = f"{seconds:.1f} s" if job.returncode == 0 else f"exception after {seconds:.1f} s"
    words = f"{whole} of {len(right)}" + (f", {broken} BROKEN" if broken else "") + f", {how}"
    return Told(ended and job.returncode == status and whole == len(right) and broken == 0, words, seconds)


def call(place, base, name, limit, compat):
    """The original's call of one image; the answer, or what came instead."""
    service = thriftpy2.load(os.path.join(compat, "server_compute.thrift"), module_name="server_compute_thrift")
    host, _, port = place.rpartition(":")
    time_out = int(limit * 1000)
    try:
        with client_context(
            service.ServerCompute, host, int(port), connect_timeout=time_out, socket_timeout=time_out
        ) as node:
            return node.execute(base, name)
    except Exception as error:  # Whatever it is, it is the answer.
        return f"no answer: {type(error).__name__}"


def living(system):
    return [node for node in system.nodes if node.poll() is None]


def peak_mib(child, field="VmHWM"):
    with open(f"/proc/{child.pid}/status") as file:
        return max(int(line.split()[1]) for line in file if line.startswith(field)) // 1024


class Slowed:
    """A process that runs one twentieth of the time."""

    def __init__(self, child, run=0.005, stop=0.095):
        self.child, self.run, self.stop, self.over = child, run, stop, threading.Event()
        self.thread = threading.Thread(target=self.hold)

    def hold(self):
        while not self.over.is_set() and self.child.poll() is None:
            self.child.send_signal(signal.SIGSTOP)
            self.over.wait(self.stop)
            self.child.send_signal(signal.SIGCONT)
            self.over.wait(self.run)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
