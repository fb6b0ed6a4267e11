"""Faults of nodes: killed, stopped, refusing, slow, started again, out of memory, panicking, of another version."""

import os
import signal
import subprocess
import sys

from judge import NoSuchThing, Slowed, Told, count_right, ending, finish, living, peak_mib, results, wait_for_results
from systems import NODES

IDLE = (0,) * NODES


def during(act, after=1, loads=IDLE):
    """A job during which something happens."""

    def row(system, data, right, limit):
        system.start(loads, data)
        job = system.job(data)
        wait_for_results(data, after, limit)
        act(system)
        return finish(system, job, data, right, limit)

    return row


def nothing(system):
    pass


def killed(system):
    system.nodes[0].kill()


def stopped(system):
    system.nodes[0].send_signal(signal.SIGSTOP)


def verdict(loads, act, after):
    """Nobody takes work: what counts is that the job ends with a reason, and leaves nothing half."""

    def row(system, data, right, limit):
        system.start(loads, data)
        job = system.job(data)
        wait_for_results(data, after, limit)
        act(system)
        ended, seconds = ending(job, limit)
        whole, broken = count_right(data, right)
        done = f"{whole} of {len(right)}" + (f", {broken} BROKEN" if broken else "")
        if not ended:
            return Told(False, f"{done}, hangs ({seconds:.0f} s and on)")
        told = job.stdout.read().decode()
        reason = "no node took" in told or "no node accepted" in told
        how = f"verdict after {seconds:.1f} s" if reason else f"exception after {seconds:.1f} s"
        return Told(reason and broken == 0, f"{done}, {how}")

    return row


def nobody_takes_work(system, data, right, limit):
    refused = verdict((1,) * NODES, nothing, 0)(system, data, right, limit)
    system.end()
    again = type(system)(system.folder, system.options)
    try:
        killed_all = verdict(IDLE, lambda at: [node.kill() for node in at.nodes], 1)(again, data, right, limit)
    finally:
        again.end()
    words = f"all refuse: {refused.words}; all killed: {killed_all.words}"
    return Told(refused.kept and killed_all.kept, words)


MANY = 5
"""So many times the images, where a time is to say something."""


def multiply(data, right):
    """Copies of every image under other names; what is right for them."""
    more = {}
    folder = os.path.join(data, "input_dir")
    for name in list(right):
        for copy in range(MANY):
            os.link(os.path.join(folder, name), os.path.join(folder, f"copy{copy}_{name}"))
            more[f"copy{copy}_{name}"] = right[name]
    return {**right, **more}


def timed(system, data, right, limit, **more):
    for name in results(data):
        os.remove(os.path.join(data, "output_dir", name))
    return finish(system, system.job(data, **more), data, right, limit)


def slow_node(system, data, right, limit):
    """One of four nodes runs a twentieth of the time; beside it, what three nodes take without it."""
    right = multiply(data, right)
    strategy = {"strategy": "ballast"} if system.is_ours else {}
    for _ in range(NODES - 1):
        system.node(0, data)
    system.serve(data)
    three = timed(system, data, right, limit, **strategy)
    system.end()
    again = type(system)(system.folder, system.options)
    try:
        again.start(IDLE, data)
        with Slowed(again.nodes[0]):
            told = timed(again, data, right, limit, **strategy)
            without = timed(again, data, right, limit, strategy="random") if system.is_ours else None
    finally:
        again.end()
    words = f"{told.words} with hedging, {without.seconds:.1f} s without" if without else told.words
    words = f"{words}; {three.seconds:.1f} s on the three other nodes alone"
    return Told(told.kept and three.kept and told.seconds <= 1.5 * three.seconds, words)


def restarted(system, data, right, limit):
    """Killed and started again at the same address while a job runs, three times."""
    system.start(IDLE, data)
    job = system.job(data)
    for after in (1, 8, 16):
        wait_for_results(data, after, limit)
        old = system.nodes[0]
        old.kill()
        old.wait()
        system.node(0, data, port=int(old.port))
        system.nodes[0] = system.nodes.pop()
    return finish(system, job, data, right, limit)


def panics(system, data, right, limit):
    """The work on one of the images panics, at every node."""
    if system.is_ours and system.options.no_panics:
        raise NoSuchThing("not tried: only a build for tests panics when it is asked to")
    victim = sorted(right)[5]
    others = {name: content for name, content in right.items() if name != victim}
    system.start(IDLE, data, environment={system.panic: victim})
    job = system.job(data)
    told = finish(system, job, data, others, limit, status=3)
    out = job.stdout.read().decode() if job.poll() is not None else ""
    named = victim in out and "panicked" in out
    live = len(living(system))
    return told.but(named and live == NODES, f"{'named' if named else 'not named'}, {live} of {NODES} nodes live")


MEMORY = 512 << 20
"""Bytes that a node may write to."""
LARGE = 8


def out_of_memory(system, data, right, limit):
    """One node, of eight cores if it can have them, and as many images, of which it has memory for some at once."""
    make = "import cv2, numpy, sys\nimage = numpy.zeros((3500, 4000, 3), numpy.uint8)\nimage[:, ::7] = 200\n"
    make += f"for number in range({LARGE}): cv2.imwrite(f'{{sys.argv[1]}}/large{{number}}.png', image)"
    subprocess.run([sys.executable, "-c", make, os.path.join(data, "input_dir")], check=True)
    node = system.node(0, data, memory=MEMORY, environment={"BALLAST_CORES": str(LARGE)})
    system.serve(data)
    told = finish(system, system.job(data), data, right, limit)
    large = sum(name.startswith("large") for name in results(data))
    how = f"lives, at most {peak_mib(node)} of its {MEMORY >> 20} MiB" if node.poll() is None else "DEAD"
    return told.but(node.poll() is None and large == LARGE, f"{large} of {LARGE} large ones; the node {how}")


def other_version(system, data, right, limit):
    """One of the nodes' addresses is that of a program with other methods."""
    for _ in range(NODES - 1):
        system.node(0, data)
    stranger = system.listening(
        [sys.executable, os.path.join(system.options.original, "server.py"), system.options.compat, "--serve"]
    )
    stranger.called_at = f"127.0.0.1:{stranger.port}"
    system.nodes.append(stranger)
    system.serve(data)
    return finish(system, system.job(data), data, right, limit)
