"""The same 27 faults against a plain system of the original's design and against Ballast, and both answers side by side.

usage: compare.py [--lab target/release/lab] [--limit SECONDS] [--only NUMBER,...]       or:  lab faults

The original's design is `lab/bench/original`: four Python nodes with OpenCV behind thriftpy2, and a server that takes
one image after the other. The interpreter that runs this script must have thriftpy2, opencv-python-headless and numpy.
Everything happens on loopback and in a temporary folder; whatever is started is ended. Where the machine allows it, all of
it runs in a network, mount and user namespace of its own, in which packets can be lost and disks be full; elsewhere
those rows say that they were not tried. No clock of the machine is set.

Exit status: 0 if Ballast kept every promise, 99 if it broke one, 1 if the comparison could not be made.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap

import of_files
import of_nodes
import of_servers
import of_wires
from judge import NoSuchThing, Told, results
from systems import Ballast, Original
from wire import raise_device

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.normpath(os.path.join(HERE, "..", "..", ".."))
APART = "BALLAST_FAULTS_APART"

ROWS = [
    ("node killed", of_nodes.during(of_nodes.killed)),
    ("node stopped", of_nodes.during(of_nodes.stopped)),
    ("one node refuses everything", of_nodes.during(of_nodes.nothing, loads=(1, 0, 0, 0))),
    ("no node takes work", of_nodes.nobody_takes_work),
    ("node 20 times slower", of_nodes.slow_node),
    ("packets lost, late, twice", of_wires.lossy),
    ("partition, both ways and one", of_wires.partitioned),
    ("half-open connections", of_wires.half_open),
    ("server killed, started again", of_servers.server_killed),
    ("server killed, another one there", of_servers.second_server),
    ("client gone", of_servers.client_gone),
    ("the same submission twice", of_servers.submitted_twice),
    ("disk full on the nodes", of_servers.disk_of_nodes),
    ("disk full on the server", of_servers.disk_of_server),
    ("broken images", of_files.bad_images),
    ("decompression bombs", of_files.bombs),
    ("odd names, names that climb", of_files.names),
    ("two jobs, one output", of_servers.two_jobs),
    ("malformed messages", of_wires.malformed),
    ("idle and trickling connections", of_wires.besieged),
    ("mistakes in the list of nodes", of_files.machines),
    ("clock jumps by an hour", of_servers.clocks),
    ("killed while rows are written", of_servers.killed_at_rows),
    ("node restarted at its address", of_nodes.restarted),
    ("panic in the work", of_nodes.panics),
    ("out of memory on the nodes", of_nodes.out_of_memory),
    ("node of another version", of_nodes.other_version),
]


class Comparison:
    def __init__(self, options, top):
        self.options, self.top = options, top
        self.source = os.path.join(top, "source")
        self.right = {}
        command = [options.lab, "dataset", self.source, "--count", "40", "--size", "640x480", "--format", "jpg"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def fresh(self, kind):
        folder = tempfile.mkdtemp(dir=self.top)
        data = os.path.join(folder, "data")
        shutil.copytree(self.source, data)
        return kind(folder, self.options), folder, data

    def undisturbed(self, kind):
        """What the system itself makes of the images when nothing happens."""
        if kind not in self.right:
            system, folder, data = self.fresh(kind)
            try:
                system.start(of_nodes.IDLE, data)
                if system.job(data).wait(timeout=120) != 0:
                    raise RuntimeError(f"{kind.title} does not work undisturbed: {system.errors()}")
                self.right[kind] = results(data)
            finally:
                system.end()
                shutil.rmtree(folder, ignore_errors=True)
        return self.right[kind]

    def one(self, kind, row):
        right = self.undisturbed(kind)
        system, folder, data = self.fresh(kind)
        try:
            return row(system, data, right, self.options.limit)
        except NoSuchThing as reason:
            return Told(None, str(reason))
        finally:
            system.end()
            shutil.rmtree(folder, ignore_errors=True)


WIDTHS = (2, 22, 50, 50)


def line(cells):
    """A row of the table, over as many lines as its longest cell needs."""
    wrapped = [textwrap.wrap(str(cell), width) or [""] for cell, width in zip(cells, WIDTHS)]
    height = max(map(len, wrapped))
    filled = [cell + [""] * (height - len(cell)) for cell in wrapped]
    return [
        "  ".join(part.ljust(width) for part, width in zip(parts, WIDTHS)).rstrip() for parts in zip(*filled)
    ]


def mark(told):
    return {True: "kept: ", False: "BROKEN: ", None: ""}[told.kept] + told.words


def compare(options, top):
    comparison = Comparison(options, top)
    kinds = (Ballast,) if options.ours else (Original, Ballast)
    told = {}
    print("\n".join(line(("", "fault", *(kind.title for kind in kinds)))), flush=True)
    for number in options.only:
        name, row = ROWS[number - 1]
        answers = [comparison.one(kind, row) for kind in kinds]
        told[number] = answers
        print("\n".join(line((number, name, *map(mark, answers)))), flush=True)
    for column, kind in enumerate(kinds):
        kept = [answers[column].kept for answers in told.values()]
        tried = sum(answer is not None for answer in kept)
        print(f"{kind.title}: {kept.count(True)} of {tried} promises kept")
    return 99 if any(answers[-1].kept is False for answers in told.values()) else 0


def apart():
    """Starts this script again in namespaces of its own, where that is possible; returns where it is not."""
    alone = ["unshare", "--user", "--map-root-user", "--net", "--mount"]
    try:
        possible = subprocess.run([*alone, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        possible = False
    if possible:
        os.environ[APART] = "yes"
        os.execvp(alone[0], [*alone, sys.executable, os.path.abspath(__file__), *sys.argv[1:]])


def numbers(text):
    chosen = [int(number) for number in text.split(",")]
    if not all(1 <= number <= len(ROWS) for number in chosen):
        raise argparse.ArgumentTypeError(f"rows are 1 to {len(ROWS)}")
    return chosen


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lab", default=os.path.join(TOP, "target", "release", "lab"), help="the lab's executable")
    parser.add_argument("--original", default=os.path.join(TOP, "lab", "bench", "original"), help="folder of the original's design")
    parser.add_argument("--compat", default=os.path.join(TOP, "idl", "compat"), help="folder of its interface")
    parser.add_argument("--limit", type=float, default=10, help="seconds after which a job counts as hanging")
    parser.add_argument("--only", type=numbers, default=list(range(1, len(ROWS) + 1)), help="rows, comma between")
    parser.add_argument("--ours", action="store_true", help="leave the original's design out")
    parser.add_argument("--no-panics", action="store_true", help="the lab is a build for use, which plants no panic")
    options = parser.parse_args()
    for name in ("lab", "original", "compat"):
        setattr(options, name, os.path.abspath(getattr(options, name)))
    if APART not in os.environ:
        apart()
    options.apart = APART in os.environ and os.path.exists("/dev/net/tun")
    if APART in os.environ:
        raise_device("lo")
    with tempfile.TemporaryDirectory() as top:
        return compare(options, os.path.realpath(top))


if __name__ == "__main__":
    sys.exit(main())
