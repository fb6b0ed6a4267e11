"""What OpenCV gives for each operation, asked over standard input and answered on standard output.

A request is one line, then samples (red, green, blue, or gray):

    apply WIDTH HEIGHT CHANNELS REPEATS OPERATION   answered: WIDTH HEIGHT CHANNELS MICROSECONDS, then samples
    photo NAME WIDTH                                answered: WIDTH HEIGHT CHANNELS 0, then samples
    threads COUNT                                   answered: 0 0 0 0
    photos                                          answered: names, one line

With REPEATS above 0 the operation is done so often and the least processor time of its thread is told (threads 1!). WIDTH 0 keeps a photograph's size, any
other enlarges it by tiles. References are made with two threads: with one, OpenCV's x86 packages hand Canny to another
library that flips near-ties.
"""

import re
import sys
import time

import cv2
import numpy as np

cv2.setNumThreads(2)
GREEN, RED = (0, 255, 0), (0, 0, 255)


def gray(image):
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)


def color(image):
    return image if image.ndim == 3 else cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)


HALF = (np.arange(256) // 2).astype(np.uint8)


def edges(image, low=10, high=30, aperture=5):
    mask = cv2.Canny(cv2.blur(gray(image), (3, 3)), low, high, apertureSize=aperture)
    seen = cv2.LUT(color(image), HALF)
    seen[mask != 0] = GREEN
    return seen


def canny(image, low=100, high=200, aperture=3, mean=1):
    source = gray(image)
    if mean > 1:
        source = cv2.blur(source, (mean, mean))
    return cv2.Canny(source, low, high, apertureSize=aperture)


def sharpen(image, size=5):
    kernel = np.array([[-1, -1, -1], [-1, 9, -1], [-1, -1, -1]])
    return cv2.filter2D(cv2.GaussianBlur(image, (size, size), 0), -1, kernel)


def blur(image, size=31, sigma=0.0):
    return cv2.GaussianBlur(image, (size, size), sigma)


def sketch(image):
    return cv2.convertScaleAbs(cv2.Laplacian(gray(image), cv2.CV_64F))


def brightness(image, contrast=1.5, offset=40.0):
    return cv2.convertScaleAbs(image, alpha=contrast, beta=offset)


def only(channel):
    def keep(image):
        result = color(image).copy()
        for other in range(3):
            if other != channel:
                result[:, :, other] = 0
        return result

    return keep


def equalize(image, open=3, close=3):
    result = cv2.equalizeHist(gray(image))
    for kind, size in ((cv2.MORPH_OPEN, open), (cv2.MORPH_CLOSE, close)):
        if size > 1:
            result = cv2.morphologyEx(result, kind, np.ones((size, size), np.uint8))
    return result


def threshold(image, value=127, maximum=255, kind="binary"):
    how = {"binary": cv2.THRESH_BINARY, "inverse": cv2.THRESH_BINARY_INV, "otsu": cv2.THRESH_OTSU}[kind]
    return cv2.threshold(gray(image), value, maximum, how)[1]


def median(image, size=3):
    return image if size == 1 else cv2.medianBlur(image, size)


def resize(image, width=0, height=0, percent=50.0):
    rows, columns = image.shape[:2]
    by_percent = lambda length: min(max(int(np.rint(length * percent / 100)), 1), 65535)
    size = (width or by_percent(columns), height or by_percent(rows))
    return cv2.resize(image, size, interpolation=cv2.INTER_LINEAR_EXACT)


def corners(image, threshold=20):
    detector = cv2.FastFeatureDetector_create(threshold=threshold, nonmaxSuppression=True)
    points = detector.detect(gray(image))
    seen = color(image).copy()
    height, width = seen.shape[:2]
    for point in points:
        x, y = int(point.pt[0]), int(point.pt[1])
        for k in range(-2, 3):
            for u, v in ((x + k, y), (x, y + k)):
                if 0 <= u < width and 0 <= v < height:
                    seen[v, u] = RED
    return seen


def lines(image, low=100, high=200, aperture=3, votes=150, count=50):
    mask = canny(image, low, high, aperture)
    found = cv2.HoughLines(mask, 1, np.pi / 180, votes)
    seen = color(image).copy()
    height, width = mask.shape
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    for rho, theta in found[:count, 0] if found is not None else []:
        # The pixels that would have voted for the line.
        angle, step = np.float32(0), np.float32(np.pi / 180)
        while abs(angle - theta) > 1e-4:
            angle = np.float32(angle + step)
        sine, cosine = np.float32(np.sin(np.float64(angle))), np.float32(np.cos(np.float64(angle)))
        seen[np.rint(xs * cosine + ys * sine) == rho] = RED
    return seen


def normalize(image, low=0, high=255, smallest=-1, largest=-1):
    if smallest < 0 and largest < 0:
        return cv2.normalize(image, None, low, high, cv2.NORM_MINMAX)
    # What normalize does once it knows the extremes.
    scale = (high - low) * (1.0 / (largest - smallest))
    return cv2.convertScaleAbs(np.maximum(image, smallest), alpha=scale, beta=low - smallest * scale)


def noise(image, sigma=25.0, layers=3, salt=0.01, pepper=0.01, seed=0):
    # Not the same luck, but the same work, for the comparison of times.
    result = image
    for _ in range(layers):
        layer = np.empty(image.shape, np.int16)
        cv2.randn(layer, 0, sigma)
        result = cv2.add(result, layer, dtype=cv2.CV_8U)
    luck = np.empty(image.shape[:2], np.float32)
    cv2.randu(luck, 0, 1)
    result[luck < salt] = 255
    result[luck > 1 - pepper] = 0
    return result


def crop(image, part=0.5, blur=5, median=5, seed=0, x=0, y=0):
    rows, columns = image.shape[:2]
    width, height = max(1, int(np.floor(columns * part + 0.5))), max(1, int(np.floor(rows * part + 0.5)))
    piece = image[y : y + height, x : x + width].copy()
    piece = cv2.GaussianBlur(piece, (blur, blur), 0) if blur > 1 else piece
    return cv2.medianBlur(piece, median) if median > 1 else piece


OPERATIONS = {
    "edges": edges,
    "canny": canny,
    "grayscale": gray,
    "sharpen": sharpen,
    "blur": blur,
    "sketch": sketch,
    "invert": cv2.bitwise_not,
    "brightness": brightness,
    "red": only(2),
    "green": only(1),
    "blue": only(0),
    "hsv": lambda image: cv2.cvtColor(color(image), cv2.COLOR_BGR2HSV),
    "heatmap": lambda image: cv2.applyColorMap(gray(image), cv2.COLORMAP_JET),
    "normalize": normalize,
    "crop": crop,
    "noise": noise,
    "equalize": equalize,
    "median": median,
    "threshold": threshold,
    "resize": resize,
    "corners": corners,
    "lines": lines,
}


def value(text):
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def step(text):
    name, _, rest = text.strip().partition("[")
    named = dict(re.findall(r"(\w+)=([^,\]]+)", rest))
    return lambda image: OPERATIONS[name](image, **{key: value(text) for key, text in named.items()})


def answer(image, microseconds=0):
    rows, columns = image.shape[:2]
    channels = 1 if image.ndim == 2 else 3
    if channels == 3:
        image = image[:, :, ::-1]
    sys.stdout.buffer.write(f"{columns} {rows} {channels} {microseconds}\n".encode())
    sys.stdout.buffer.write(np.ascontiguousarray(image).tobytes())
    sys.stdout.buffer.flush()


def apply(width, height, channels, repeats, text):
    data = sys.stdin.buffer.read(width * height * channels)
    image = np.frombuffer(data, np.uint8)
    image = image.reshape((height, width, 3))[:, :, ::-1] if channels == 3 else image.reshape((height, width))
    image = np.ascontiguousarray(image)
    chain = [step(part) for part in text.split("|")]
    least = None
    for _ in range(max(repeats, 1)):
        begin = time.thread_time()
        result = image
        for operation in chain:
            result = operation(result)
        taken = time.thread_time() - begin
        least = taken if least is None else min(least, taken)
    answer(result, round(least * 1e6))


def photo(name, width):
    from skimage import data
    import os

    image = cv2.imread(os.path.join(os.path.dirname(data.__file__), name), cv2.IMREAD_COLOR)
    if width:
        times = -(-width // image.shape[1])
        image = np.tile(image, (times, times, 1))[: width * 9 // 16, :width]
    answer(image)


def photos():
    try:
        from skimage import data
    except ImportError:
        return []
    import os

    folder = os.path.dirname(data.__file__)
    return sorted(name for name in os.listdir(folder) if name.endswith((".png", ".jpg")))


def main():
    print(cv2.__version__, flush=True)
    for line in sys.stdin.buffer:
        words = line.decode().split(maxsplit=5)
        if words[0] == "apply":
            apply(*map(int, words[1:5]), words[5])
        elif words[0] == "photo":
            photo(words[1], int(words[2]))
        elif words[0] == "threads":
            cv2.setNumThreads(int(words[1]))
            answer(np.zeros((0, 0), np.uint8))
        elif words[0] == "photos":
            print(*photos(), flush=True)


main()
