"""Faults of files: broken images, bombs, names that climb, a broken list of machines."""

import os
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

from judge import Told, call, finish, living, peak_mib, results
from of_nodes import IDLE
from systems import NODES


def put(data, name, content):
    with open(os.path.join(data, "input_dir", name), "wb") as file:
        file.write(content)


def png(width, height, packed):
    """A PNG of these claims around what `packed` yields."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def hostile(system, data, right, limit, broken, seconds):
    """A job with images that cannot be done among others that can: these are done, those are named."""
    system.start(IDLE, data)
    job = system.job(data)
    told = finish(system, job, data, right, seconds, status=3)
    out = job.stdout.read().decode() if job.poll() is not None else ""
    named = sum(name in out for name in broken)
    live = living(system)
    largest = max(map(peak_mib, live), default=0)
    words = f"{named} of {len(broken)} bad ones named; {len(live)} of {NODES} nodes live"
    return told.but(named == len(broken) and len(live) == NODES, words), largest


def bad_images(system, data, right, limit):
    good = sorted(right)[0]
    with open(os.path.join(data, "input_dir", good), "rb") as file:
        whole = file.read()
    broken = {
        "empty.png": b"",
        "half.jpg": whole[: len(whole) // 2],
        "head_only.jpg": whole[:200],
        "no_image.png": b"\x89PNG\r\n\x1a\n" + b"no image" * 20,
        "text.jpg": b"hello\n",
        "zeros.png": bytes(4096),
    }
    for name, content in broken.items():
        put(data, name, content)
    return hostile(system, data, right, limit, broken, limit)[0]


def bombs(system, data, right, limit):
    """30,000 × 30,000 pixels in 2.6 MB, and 65 bytes that claim 2^31 × 2^31."""
    packer = zlib.compressobj(9)
    packed = [packer.compress(bytes(1 + 3 * 30_000)) for _ in range(30_000)]
    packed.append(packer.flush())
    broken = {
        "bomb.png": png(30_000, 30_000, b"".join(packed)),
        "lying.png": png((1 << 31) - 1, (1 << 31) - 1, zlib.compress(b"")),
    }
    for name, content in broken.items():
        put(data, name, content)
    told, largest = hostile(system, data, right, limit, broken, limit)
    return told.but(largest < 200, f"the largest {largest} MiB")


def names(system, data, right, limit):
    """Legal odd names work; names that climb out, and links that lead out, touch nothing."""
    image = sorted(right)[0]
    odd = {name: right[image] for name in ("with space.jpg", "line\nbreak.jpg", "ünï☃.jpg", "-rf.jpg", "a" * 251 + ".jpg")}
    for name in odd:
        shutil.copy(os.path.join(data, "input_dir", image), os.path.join(data, "input_dir", name))
    system.start(IDLE, data)
    told = finish(system, system.job(data), data, {**right, **odd}, limit)
    outside = tempfile.mkdtemp(dir=system.folder)
    for folder in ("input_dir", "output_dir"):
        os.makedirs(os.path.join(outside, folder))
    shutil.copy(os.path.join(data, "input_dir", image), os.path.join(outside, "input_dir", "other.png"))
    away = os.path.relpath(os.path.join(outside, "input_dir"), os.path.join(data, "input_dir"))
    os.symlink(os.path.join(outside, "input_dir", "other.png"), os.path.join(data, "input_dir", "link.png"))
    place, compat = system.nodes[0].called_at, system.options.compat
    tried = [(outside, "other.png"), (data, f"{away}/other.png"), (data, "link.png")]
    taken = sum(call(place, base, name, 5, compat) == "Success" for base, name in tried)
    written = len(os.listdir(os.path.join(outside, "output_dir")))
    words = f"{taken} of {len(tried)} names that lead out were read, {written} files WRITTEN there" if taken else "nothing outside touched"
    return told.but(taken == 0 and written == 0, words)


def machines(system, data, right, limit):
    """A list of machines with four mistakes: how many are told at once, and where."""
    bad = "node0 127.0.0.1:99999\nnode0 127.0.0.1:5001\nnode1\nnode2 127.0.0.1:x\n"
    path = os.path.join(system.folder, "machine.txt")
    with open(path, "w") as file:
        file.write(bad)
    if system.is_ours:
        command = [system.options.lab, "server", "--listen", "127.0.0.1:0", "--machines", path]
    else:
        script = os.path.join(system.options.original, "server.py")
        places = [line.split()[-1] for line in bad.splitlines()]
        command = [sys.executable, script, system.options.compat, data, *places]
    ran = subprocess.run(command, cwd=system.folder, capture_output=True, text=True, timeout=limit, check=False)
    lines = sum(f"machine.txt:{line}:" in ran.stderr for line in (1, 2, 3, 4))
    trace = "Traceback" in ran.stderr or "panicked" in ran.stderr
    words = f"{lines} of 4 mistakes told with their line" if not trace else "a traceback of the first one, no line"
    return Told(lines == 4 and not trace and not results(data), words)
