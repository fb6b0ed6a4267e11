"""Faults of servers, clients, disks and clocks."""

import csv
import glob
import os
import subprocess
import time

from judge import NoSuchThing, Told, count_right, ending, finish, made_again, results, versions, wait_for_results, wait_until
from of_nodes import IDLE, multiply

SLOW = ("--max-in-flight", "2")
"""A job that lasts a while."""


def started_again(system, data, begun_with=()):
    """A new server where the old one was."""
    old = system.server
    old.kill()
    old.wait()
    if system.is_ours:
        system.serve(data, listen=f"{old.host}:{old.port}", more=begun_with)
    else:
        system.serve(data)


def server_killed(system, data, right, limit):
    """And a new one started; what was done is looked at before and after."""
    right = multiply(data, right)
    system.start(IDLE, data)
    job = system.job(data, more=SLOW)
    wait_for_results(data, 20, limit)
    system.server.kill()
    system.server.wait()
    before = versions(data)
    started_again(system, data)
    if system.is_ours:
        told = finish(system, job, data, right, limit)
    else:
        ending(job, limit)
        told = finish(system, system.job(data), data, right, limit)
        told = Told(False, f"exception; asked again {told.words}")
    again = made_again(data, before)
    return told.but(again == 0, f"{again} of {len(before)} results made again")


def second_server(system, data, right, limit):
    if not system.is_ours:
        raise NoSuchThing("no such thing: one server, and nowhere to go on")
    right = multiply(data, right)
    system.start(IDLE, data)
    first = system.server
    system.serve(data, more=["--name", "second"])
    machines = os.path.join(system.folder, "machine.txt")
    with open(machines, "w") as file:
        for server in (first, system.server):
            file.write(f"server {server.host}:{server.port}\n")
        file.write("node 127.0.0.1:1\n")
    command = [system.options.lab, "client", data, "load_balancing", "--quiet", "--machines", machines, *SLOW]
    job = system.client(command, data)
    wait_for_results(data, 20, limit)
    first.kill()
    before = versions(data)
    told = finish(system, job, data, right, limit)
    again = made_again(data, before)
    return told.but(again == 0, f"{again} of {len(before)} results made again")


def client_gone(system, data, right, limit):
    system.start(IDLE, data)
    key = ["--job-key", "gone"]
    job = system.job(data, more=key)
    wait_for_results(data, 1, limit)
    job.kill()
    job.wait()
    wait_until(lambda: count_right(data, right)[0] == len(right), limit)
    whole, _ = count_right(data, right)
    before = versions(data)
    told = finish(system, system.job(data, more=key), data, right, limit)
    again = made_again(data, before)
    words = f"{whole} of {len(right)} without it; asked again: {again} made again"
    return Told(told.kept and whole == len(right) and again == 0, words)


def submitted_twice(system, data, right, limit):
    system.start(IDLE, data)
    key = ["--job-key", "twice"]
    first = finish(system, system.job(data, more=key), data, right, limit)
    before = versions(data)
    second = finish(system, system.job(data, more=key), data, right, limit)
    again = made_again(data, before)
    return Told(first.kept and second.kept and again == 0, f"{second.words}; {again} made again")


def two_jobs(system, data, right, limit):
    """Another job of the same names and other pixels has its output_dir at the same place."""
    system.start(IDLE, data)
    other = os.path.join(data, "other")
    os.makedirs(os.path.join(other, "input_dir"))
    os.makedirs(os.path.join(data, "output_dir"), exist_ok=True)
    names = sorted(right)
    for name, pixels in zip(names, names[1:] + names[:1]):
        os.link(os.path.join(data, "input_dir", pixels), os.path.join(other, "input_dir", name))
    os.symlink("../output_dir", os.path.join(other, "output_dir"))
    first = system.job(data, more=SLOW)
    wait_for_results(data, 1, limit)
    second = system.job(other)
    told = finish(system, first, data, right, limit)
    ending(second, limit)
    refused = second.returncode not in (None, 0)
    found = results(data)
    mixed = sum(found.get(name) != content for name, content in right.items())
    words = f"{mixed} of {len(right)} with the other job's pixels; the second job {'refused' if refused else 'accepted'}"
    return Told(told.kept and mixed == 0 and refused, words)


def clocks(system, data, right, limit):
    """The wall clock goes back and forth by an hour under every process, while the machine's own stays."""
    library = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None)
    if library is None:
        raise NoSuchThing("not tried: no libfaketime (Debian's package libfaketime)")
    told_time = os.path.join(system.folder, "time")

    def jump(offset):
        with open(told_time + ".new", "w") as file:
            file.write(offset)
        os.replace(told_time + ".new", told_time)

    jump("+0")
    environment = {
        "LD_PRELOAD": library,
        "FAKETIME_TIMESTAMP_FILE": told_time,
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    right = multiply(data, right)
    plain = system.spawn
    system.spawn = lambda command, **more: plain(command, **{**more, "environment": environment})
    system.start(IDLE, data)
    job = system.job(data, more=SLOW)
    jumps = 0
    while job.poll() is None and jumps < 500 * limit:
        jumps += 1
        jump(("+3600", "-3600", "+0")[jumps % 3])
        time.sleep(0.02)
    told = finish(system, job, data, right, limit).but(True, f"{jumps} jumps")
    if not system.is_ours:
        return told
    rows = rows_of(system, "attempts.csv")
    longest = max((int(row["total_us"]) for row in rows), default=0) / 1e6
    negative = sum(row[name].startswith("-") for row in rows for name in row if name.endswith("_us"))
    lost = sum(row["outcome"] != "done" for row in rows)
    return told.but(
        negative == 0 and lost == 0 and longest < 60,
        f"{negative} negative durations, the longest {longest * 1000:.0f} ms, {lost} attempts lost",
    )


def rows_of(system, name):
    found = []
    for path in glob.glob(os.path.join(system.folder, "runs", "*", name)):
        with open(path, newline="") as file:
            found += [row for row in csv.DictReader(file) if None not in row and None not in row.values()]
    return found


def killed_at_rows(system, data, right, limit):
    """The server is killed five times while rows are written, and started again."""
    if not system.is_ours:
        raise NoSuchThing("no such thing: it keeps no records")
    right = multiply(data, right)
    system.start(IDLE, data)
    job = system.job(data, more=SLOW)
    for kill in range(5):
        count = len(rows_of(system, "attempts.csv"))
        wait_until(lambda: len(rows_of(system, "attempts.csv")) > count + 10 * kill, limit / 5)
        started_again(system, data)
    told = finish(system, job, data, right, limit)
    torn, twice, at_the_end = 0, 0, 0
    for path in glob.glob(os.path.join(system.folder, "runs", "*", "tasks.csv")):
        with open(path) as file:
            lines = file.read().split("\n")
        torn += sum(line.count(",") != lines[0].count(",") for line in lines[:-1])
        tasks = [row["task"] for row in csv.DictReader(lines[:-1]) if row["outcome"] == "done"]
        twice += len(tasks) - len(set(tasks))
        at_the_end = max(at_the_end, len(set(tasks)))
    words = f"at the end {at_the_end} tasks with one final row, {twice} with two, {torn} torn rows inside a file"
    return told.but(torn == 0 and twice == 0 and at_the_end == len(right), words)


def small_disk(at, size, system, work):
    os.makedirs(at, exist_ok=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", at], capture_output=True)
    if mounted.returncode != 0:
        raise NoSuchThing("not tried: no right to mount a file system")
    try:
        return work()
    finally:
        system.end()
        subprocess.run(["umount", "--lazy", at], check=True)


def disk_of_nodes(system, data, right, limit):
    """Results have no room; then there is room, and the job is handed in again."""
    output = os.path.join(data, "output_dir")

    def work():
        system.start(IDLE, data)
        job = system.job(data)
        ended, seconds = ending(job, limit)
        whole, broken = count_right(data, right)
        told = job.stdout.read().decode() if ended else ""
        reported = "no space is left" in told
        subprocess.run(["mount", "-o", "remount,size=64m", output], check=True)
        again = finish(system, system.job(data), data, right, limit)
        how = f"exit status {job.returncode}" if ended else "hangs"
        if ended and job.returncode == 0:
            how = "reports success"
        words = f"{whole} of {len(right)}, {broken} partial, {how}{', reason told' if reported else ''}"
        return Told(reported and broken == 0 and again.kept, f"{words}; with room again {again.words}")

    return small_disk(output, "512k", system, work)


def disk_of_server(system, data, right, limit):
    if not system.is_ours:
        raise NoSuchThing("no such thing: its server writes nothing")
    kept = os.path.join(system.folder, "runs")

    def work():
        for _ in IDLE:
            system.node(0, data)
        with open(os.path.join(kept, "filler"), "wb") as file:
            file.write(b"\0" * (104 << 10))
        system.serve(data, more=["--state", os.path.join(kept, "state")])
        job = system.job(data)
        ending(job, limit / 3)
        whole, broken = count_right(data, right)
        says = (job.stdout.read().decode() if job.poll() is not None else "") + system.errors()
        reported = "space" in says
        subprocess.run(["mount", "-o", "remount,size=64m", kept], check=True)
        if job.poll() is not None:
            job = system.job(data)
        told = finish(system, job, data, right, limit)
        words = f"{whole} of {len(right)}, {broken} partial, then waits{', reason told' if reported else ''}"
        return Told(told.kept and reported and broken == 0, f"{words}; with room again {told.words}")

    return small_disk(kept, "128k", system, work)
