"""Faults of wires and strangers at a port: lost packets, partitions, half-open connections, nonsense, idle callers."""

import contextlib
import os
import socket
import threading
import time

from judge import NoSuchThing, Told, call, finish, wait_for_results
from systems import NODES
from wire import HERE, Wire


@contextlib.contextmanager
def wired(system, data):
    """Nodes behind a wire each, whose packets are the wire's to lose."""
    if not system.options.apart:
        raise NoSuchThing("not tried: no network namespace of its own here")
    with contextlib.closing(Wire()) as wire:
        for number in range(NODES):
            node = system.node(0, data, host=HERE)
            node.called_at = f"10.9.{number + 1}.2:{node.port}"
        wire.ports = frozenset(int(node.port) for node in system.nodes)
        system.serve(data)
        yield wire


def lossy(system, data, right, limit):
    """5 % lost, 25 ± 10 ms late, 1 % twice, so out of order too; ours carry the images' bytes over it."""
    with wired(system, data) as wire:
        wire.loss, wire.duplication, wire.delay, wire.jitter = 0.05, 0.01, 0.025, 0.010
        job = system.job(data, more=["--transfer", "inline"])
        told = finish(system, job, data, right, limit)
        return told.but(wire.lost > 0, f"{wire.carried} packets, {wire.lost} lost, {wire.repeated} twice")


def partitioned(system, data, right, limit):
    """One node is cut off both ways, of another one no answer arrives; then both heal."""
    with wired(system, data) as wire:
        job = system.job(data)
        wait_for_results(data, 1, limit)
        wire.cut = {(1, "there"), (1, "back"), (2, "back")}
        told = finish(system, job, data, right, limit)
        wire.cut = set()
        time.sleep(0.5)
        return told.but(finish(system, job, data, right, limit).kept, "the same after healing")


def half_open(system, data, right, limit):
    """A node dies behind a wire that is cut: nobody hears its connections end."""
    with wired(system, data) as wire:
        job = system.job(data)
        wait_for_results(data, 1, limit)
        wire.cut = {(1, "there"), (1, "back")}
        system.nodes[0].kill()
        return finish(system, job, data, right, limit)


def malformed(system, data, right, limit):
    system.node(0, data)
    node = system.nodes[0]
    head = b"\x80\x01\x00\x01\x00\x00\x00\x07execute\x00\x00\x00\x01"
    bodies = (b"\x0b\x00\x01\x7f\xff\xff\xff", b"\x0f\x00\x01\x0c\x06\x40\x00\x00", b"\xff" * 64, b"GET / HTTP/1.1\r\n\r\n")
    sent = 0
    for body in bodies * 100:
        for whole in (head + body, body):
            with socket.create_connection(("127.0.0.1", int(node.port))) as stranger:
                stranger.sendall(whole)
                sent += 1
    answer = call(node.called_at, data, sorted(right)[0], 5, system.options.compat)
    lives = node.poll() is None
    words = f"{answer} after {sent} messages; the node {'lives' if lives else 'is DEAD'}"
    return Told(lives and answer == "Success", words)


def besieged(system, data, right, limit):
    """1,000 connections that say nothing and 64 that trickle, while 20 honest calls are made."""
    system.node(0, data)
    node = system.nodes[0]
    place = ("127.0.0.1", int(node.port))
    held = [socket.create_connection(place) for _ in range(1_064)]
    over = threading.Event()

    def trickle():
        while not over.wait(0.02):
            for stranger in held[1_000:]:
                try:
                    stranger.sendall(b"\x80")
                except OSError:
                    pass  # It was sent away.

    thread = threading.Thread(target=trickle)
    thread.start()
    try:
        times, answered = [], 0
        for _ in range(20):
            begun = time.monotonic()
            answered += call(node.called_at, data, sorted(right)[0], 2, system.options.compat) == "Success"
            times.append(time.monotonic() - begun)
        with open(f"/proc/{node.pid}/status") as file:
            threads = next(line.split()[1] for line in file if line.startswith("Threads"))
    finally:
        over.set()
        thread.join()
        for connection in held:
            connection.close()
    words = f"{answered} of 20 answered, the slowest in {max(times) * 1000:.0f} ms; {threads} threads"
    return Told(answered == 20, words)
