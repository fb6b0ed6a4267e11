"""What OpenCV gives for each operation, asked over standard input and answered on standard output.

A request is one line, then samples (red, green, blue, or gray):

    apply WIDTH HEIGHT CHANNELS OPERATION           answered: WIDTH HEIGHT CHANNELS 0, then samples
    hold WIDTH HEIGHT CHANNELS                      answered: 0 0 0 0
    time MILLISECONDS OPERATION                     answered: 0 0 0 MICROSECONDS
    photo NAME WIDTH                                answered: WIDTH HEIGHT CHANNELS 0, then samples
    threads COUNT                                   answered: 0 0 0 0
    photos                                          answered: names, one line

`time` repeats the operation on the picture that `hold` brought until so much time is spent, and tells the least processor
time of its thread (threads 1!). Where exactness needs more than calls of OpenCV, it takes the nearest that calls can do.
WIDTH 0 keeps a photograph's size, any other enlarges it by tiles. References are made with two threads: with one, OpenCV's
x86 packages hand Canny to another library that flips near-ties.
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


def resize(image, width=0, height=0, percent=50.0, how=cv2.INTER_LINEAR_EXACT):
    rows, columns = image.shape[:2]
    by_percent = lambda length: min(max(int(np.rint(length * percent / 100)), 1), 65535)
    size = (width or by_percent(columns), height or by_percent(rows))
    return cv2.resize(image, size, interpolation=how)


def resize_linear(image, width=0, height=0, percent=50.0, how=cv2.INTER_LINEAR):
    return resize(image, width, height, percent, how)


def marked(image, points, mark):
    """The picture in colour with a mark at each of the points, which are a mask."""
    seen = color(image).copy()
    seen[cv2.dilate(points, mark) != 0] = RED
    return seen


CROSS = np.zeros((5, 5), np.uint8)
CROSS[2, :] = CROSS[:, 2] = 1


def corners(image, threshold=20):
    detector = cv2.FastFeatureDetector_create(threshold=threshold, nonmaxSuppression=True)
    places = np.array(cv2.KeyPoint_convert(detector.detect(gray(image))), int).reshape(-1, 2)
    points = np.zeros(image.shape[:2], np.uint8)
    points[places[:, 1], places[:, 0]] = 1
    return marked(image, points, CROSS)


def differences(image, size):
    smooth = lambda size: cv2.GaussianBlur(gray(image), (size, size), 0)
    return cv2.subtract(smooth(size), smooth(2 * size + 1), dtype=cv2.CV_16S)


def frame(size):
    side = 2 * (size // 2 + 1) + 1
    mark = np.ones((side, side), np.uint8)
    mark[1:-1, 1:-1] = 0
    return mark


def blobs(image, size=9, threshold=12):
    difference = differences(image, size)
    height, width = difference.shape
    points = np.zeros((height, width), np.uint8)
    for own in (difference, -difference):
        peak, padded = own >= threshold, np.pad(own, 1, constant_values=-1000)
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                other = padded[1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]
                if (dy, dx) != (0, 0):
                    peak &= own > other if (dy, dx) < (0, 0) else own >= other
        points |= peak
    return marked(image, points, frame(size))


def quick_blobs(image, size=9, threshold=12):
    """As blobs, but of a plateau all pixels: what calls of OpenCV can do."""
    difference, square = differences(image, size), np.ones((3, 3), np.uint8)
    bright = cv2.compare(difference, cv2.dilate(difference, square), cv2.CMP_EQ)
    dark = cv2.compare(difference, cv2.erode(difference, square), cv2.CMP_EQ)
    points = bright & cv2.inRange(difference, threshold, 255) | dark & cv2.inRange(difference, -255, -threshold)
    return marked(image, points, frame(size))


def find_lines(image, low=100, high=200, aperture=3, votes=150, count=50):
    return cv2.HoughLines(canny(image, low, high, aperture), 1, np.pi / 180, votes)


def quick_lines(image, count=50, **parameters):
    """As lines, but drawn by OpenCV: other pixels, one step beside at most."""
    found, seen = find_lines(image, **parameters), color(image).copy()
    far = sum(image.shape[:2])
    for rho, theta in found[:count, 0] if found is not None else []:
        sine, cosine = np.sin(theta), np.cos(theta)
        ends = [(int(rho * cosine - k * sine), int(rho * sine + k * cosine)) for k in (-far, far)]
        cv2.line(seen, *ends, RED)
    return seen


def lines(image, low=100, high=200, aperture=3, votes=150, count=50):
    found = find_lines(image, low, high, aperture, votes)
    seen = color(image).copy()
    height, width = seen.shape[:2]
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
    "resize_linear": resize_linear,
    "corners": corners,
    "lines": lines,
    "blobs": blobs,
}


# What is timed instead of what is exact but no call of OpenCV's.
QUICK = {"lines": quick_lines, "blobs": quick_blobs}


def value(text):
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def step(text, known=OPERATIONS):
    name, _, rest = text.strip().partition("[")
    named = {key: value(text) for key, text in re.findall(r"(\w+)=([^,\]]+)", rest)}
    return lambda image: known[name](image, **named)


def answer(image, microseconds=0):
    rows, columns = image.shape[:2]
    channels = 1 if image.ndim == 2 else 3
    if channels == 3:
        image = image[:, :, ::-1]
    sys.stdout.buffer.write(f"{columns} {rows} {channels} {microseconds}\n".encode())
    sys.stdout.buffer.write(np.ascontiguousarray(image).tobytes())
    sys.stdout.buffer.flush()


def receive(width, height, channels):
    image = np.frombuffer(sys.stdin.buffer.read(width * height * channels), np.uint8)
    image = image.reshape((height, width, 3))[:, :, ::-1] if channels == 3 else image.reshape((height, width))
    return np.ascontiguousarray(image)


def apply(image, text):
    for part in text.split("|"):
        image = step(part)(image)
    answer(image)


def least_time(image, milliseconds, text):
    chain = [step(part, OPERATIONS | QUICK) for part in text.split("|")]
    least, spent = float("inf"), 0.0
    while spent * 1e3 < milliseconds:
        begin = time.thread_time()
        result = image
        for operation in chain:
            result = operation(result)
        taken = time.thread_time() - begin
        least, spent = min(least, taken), spent + max(taken, 1e-6)
    answer(np.zeros((0, 0), np.uint8), round(least * 1e6))


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
    held = None
    for line in sys.stdin.buffer:
        command, _, rest = line.decode().strip().partition(" ")
        if command == "apply":
            *shape, text = rest.split(maxsplit=3)
            apply(receive(*map(int, shape)), text)
        elif command == "hold":
            held = receive(*map(int, rest.split()))
            answer(np.zeros((0, 0), np.uint8))
        elif command == "time":
            milliseconds, text = rest.split(maxsplit=1)
            least_time(held, int(milliseconds), text)
        elif command == "photo":
            name, width = rest.split()
            photo(name, int(width))
        elif command == "threads":
            cv2.setNumThreads(int(rest))
            answer(np.zeros((0, 0), np.uint8))
        elif command == "photos":
            print(*photos(), flush=True)


main()
