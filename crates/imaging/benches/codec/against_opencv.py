"""The codec's processor time as a share of OpenCV's, one thread each, alternately in one run, best of several.

Usage: python3 crates/imaging/benches/codec/against_opencv.py [--rounds N] [PHOTO...]

Builds and starts the `codec` benchmark. Without photos given it takes those of scikit-image and mosaics of them from
0.25 to 33 million pixels. Below 1 is faster than OpenCV.
"""

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time

import cv2
import numpy as np

GOALS = {
    "decode jpg": 0.80,
    "encode jpg": 1.05,
    "encode gray jpg": 1.05,
    "decode png": 0.45,
    "encode png": 0.25,
    "edges jpg": 0.35,
    "edges png": 0.22,
    "grayscale jpg": 0.60,
    "grayscale png": 0.30,
}
HALF = (np.arange(256) // 2).astype(np.uint8)


def edges(data, extension):
    """What a careful user of OpenCV writes: the overlay by a table and a mask."""
    image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    found = cv2.Canny(cv2.blur(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (3, 3)), 10, 30, apertureSize=5)
    image = cv2.LUT(image, HALF)
    image[found != 0] = (0, 255, 0)
    return cv2.imencode(extension, image)


def grayscale(data, extension):
    image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return cv2.imencode(extension, cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))


def photographs():
    import skimage.data as data

    names = ["rocket", "coffee", "astronaut", "retina", "hubble_deep_field"]
    photos = {}
    for name in names:
        try:
            photos[name] = np.ascontiguousarray(getattr(data, name)()[:, :, ::-1])
        except Exception as problem:
            print("without", name, problem, file=sys.stderr)
    yield from photos.items()
    tiles = list(photos.values())
    yield "mosaic2k", mosaic(tiles, 1920, 1080)
    yield "mosaic4k", mosaic(tiles, 3840, 2160)
    yield "up4k", cv2.resize(photos["coffee"], (3840, 2160), interpolation=cv2.INTER_CUBIC)
    yield "mosaic8k", mosaic(tiles, 7680, 4320)


def mosaic(tiles, width, height):
    """Different crops and mirrorings side by side, so that no part repeats exactly."""
    random = np.random.default_rng(1)
    out = np.zeros((height, width, 3), np.uint8)
    for y in range(0, height, 240):
        for x in range(0, width, 320):
            tile = tiles[random.integers(len(tiles))]
            top, left = random.integers(tile.shape[0] - 239), random.integers(tile.shape[1] - 319)
            part = tile[top : top + 240, left : left + 320]
            part = part[:, ::-1] if random.integers(2) else part
            place = out[y : y + 240, x : x + 320]
            place[:] = part[: place.shape[0], : place.shape[1]]
    return out


class Ours:
    def __init__(self):
        command = ["cargo", "bench", "-q", "-p", "imaging", "--bench", "codec"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.levels = self.process.stdout.readline().split()

    def run(self, level, action, path):
        self.process.stdin.write(f"{level} {action} {path}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline()) / 1e6


def theirs(call):
    start = time.thread_time()
    call()
    return (time.thread_time() - start) * 1e3


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=9)
    arguments.add_argument("--levels", help="comma-separated, default all")
    arguments.add_argument("--jobs", help="comma-separated, default all")
    arguments.add_argument("photos", nargs="*")
    arguments = arguments.parse_args()
    cv2.setNumThreads(1)
    ours = Ours()
    levels = arguments.levels.split(",") if arguments.levels else ours.levels
    print(f"OpenCV {cv2.__version__}; ours at {', '.join(levels)}; best of {arguments.rounds}, one thread")
    ratios = {}
    photos = [(os.path.basename(p), cv2.imread(p)) for p in arguments.photos] or photographs()
    print(f"{'photo':20} {'job':16} {'OpenCV ms':>10} " + " ".join(f"{level:>8}" for level in levels))
    with tempfile.TemporaryDirectory() as folder:
        for name, image in photos:
            gray = np.ascontiguousarray(image[:, :, 2])
            jpg, png = f"{folder}/{name}.jpg", f"{folder}/{name}.png"
            cv2.imwrite(jpg, image)
            cv2.imwrite(png, image)
            jpg_bytes, png_bytes = np.fromfile(jpg, np.uint8), np.fromfile(png, np.uint8)
            jobs = [
                ("decode jpg", lambda: cv2.imdecode(jpg_bytes, cv2.IMREAD_COLOR), "decode", jpg),
                ("encode jpg", lambda: cv2.imencode(".jpg", image), "jpeg", png),
                ("encode gray jpg", lambda: cv2.imencode(".jpg", gray), "gray-jpeg", png),
                ("decode png", lambda: cv2.imdecode(png_bytes, cv2.IMREAD_COLOR), "decode", png),
                ("encode png", lambda: cv2.imencode(".png", image), "png", png),
                ("edges jpg", lambda: edges(jpg_bytes, ".jpg"), "edges", jpg),
                ("edges png", lambda: edges(png_bytes, ".png"), "edges", png),
                ("grayscale jpg", lambda: grayscale(jpg_bytes, ".jpg"), "grayscale", jpg),
                ("grayscale png", lambda: grayscale(png_bytes, ".png"), "grayscale", png),
            ]
            if arguments.jobs:
                jobs = [job for job in jobs if job[0] in arguments.jobs.split(",")]
            for job, call, action, path in jobs:
                rounds = 2 * arguments.rounds if image.size < 10_000_000 else arguments.rounds
                best = [math.inf] * (1 + len(levels))
                for _ in range(rounds):
                    best[0] = min(best[0], theirs(call))
                    for i, level in enumerate(levels):
                        best[1 + i] = min(best[1 + i], ours.run(level, action, path))
                shares = [ms / best[0] for ms in best[1:]]
                print(f"{name:20} {job:16} {best[0]:10.2f} " + " ".join(f"{share:8.3f}" for share in shares), flush=True)
                for level, share in zip(levels, shares):
                    ratios.setdefault((job, level), []).append(share)
    print()
    for job, goal in GOALS.items():
        if (job, levels[0]) not in ratios:
            continue
        means = [math.exp(sum(map(math.log, ratios[job, level])) / len(ratios[job, level])) for level in levels]
        shown = " ".join(f"{mean:8.3f}" for mean in means)
        print(f"{'geometric mean':20} {job:16} {'goal':>5} {goal:.2f} {shown}")


main()
