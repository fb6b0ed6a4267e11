"""Writes files of every kind that the codec reads, with the pixels that OpenCV reads from them, and images with the
JPEG files that OpenCV writes of them.

Usage: codec_reference.py FOLDER

FOLDER/decode/NAME.EXT  with  FOLDER/decode/NAME.EXT.pnm   what cv2.imread(IMREAD_COLOR) gives, as PPM (RGB)
FOLDER/damaged/N.jpg    with  FOLDER/damaged/N.jpg.pnm     the same of files with flipped bytes; no PNM where OpenCV gives up
FOLDER/encode/NAME.pnm  with  FOLDER/encode/NAME.qQQ.jpg   what cv2.imencode gives at quality QQ
"""

import io
import os
import sys

import cv2
import numpy as np
from PIL import Image

cv2.setNumThreads(2)
folder = sys.argv[1]
os.makedirs(folder + "/decode", exist_ok=True)
os.makedirs(folder + "/encode", exist_ok=True)
os.makedirs(folder + "/damaged", exist_ok=True)
random = np.random.default_rng(7)


def photographs():
    try:
        import skimage.data as data

        yield "astronaut", data.astronaut()[:, :, ::-1].copy()
        yield "coffee", data.coffee()[:399, :597, ::-1].copy()
        yield "rocket", data.rocket()[:, :, ::-1].copy()
        yield "camera", data.camera()
    except Exception as problem:
        print("no photographs:", problem, file=sys.stderr)


def synthetic():
    sizes = [(1, 1), (1, 9), (9, 1), (2, 2), (3, 5), (4, 4), (5, 3), (7, 8), (8, 7), (15, 17), (16, 16), (17, 15)]
    sizes += [(31, 33), (33, 31), (47, 49), (64, 64), (65, 3), (3, 65), (100, 75), (129, 257), (1000, 2), (2, 1000)]
    for w, h in sizes:
        yield f"noise_{w}x{h}", random.integers(0, 256, (h, w, 3), dtype=np.uint8)
        x, y = np.meshgrid(np.arange(w), np.arange(h))
        wave = 127.5 + 127.5 * np.sin(np.stack([x / 9 + y / 17, x / 23 - y / 5, x * y / 301 + 1], axis=2))
        yield f"wave_{w}x{h}", wave.astype(np.uint8)
    yield "extremes_90x70", (random.integers(0, 2, (70, 90, 3)) * 255).astype(np.uint8)
    yield "gray_noise_45x37", random.integers(0, 256, (37, 45), dtype=np.uint8)
    yield "gray_noise_8x8", random.integers(0, 256, (8, 8), dtype=np.uint8)
    yield "gray_noise_1x1", random.integers(0, 256, (1, 1), dtype=np.uint8)


def write_pnm(path, bgr):
    if bgr.ndim == 2:
        header, samples = "P5", bgr
    else:
        header, samples = "P6", bgr[:, :, ::-1]
    with open(path, "wb") as out:
        out.write(f"{header} {bgr.shape[1]} {bgr.shape[0]} 255\n".encode())
        out.write(np.ascontiguousarray(samples).tobytes())


def decode_case(name, data):
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        print("OpenCV does not read", name, file=sys.stderr)
        return
    with open(f"{folder}/decode/{name}", "wb") as out:
        out.write(data)
    write_pnm(f"{folder}/decode/{name}.pnm", pixels)


def encoded(extension, image, *flags):
    done, data = cv2.imencode(extension, image, list(flags))
    assert done
    return data.tobytes()


def pillow(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


SAMPLINGS = {
    "411": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411,
    "420": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    "422": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
    "440": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440,
    "444": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
}


def jpegs(name, image):
    for sampling, code in SAMPLINGS.items():
        factor = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, code]
        for quality in (30, 95, 100):
            flags = factor + [cv2.IMWRITE_JPEG_QUALITY, quality]
            decode_case(f"{name}_{sampling}_q{quality}.jpg", encoded(".jpg", image, *flags))
        progressive = factor + [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
        decode_case(f"{name}_{sampling}_progressive.jpg", encoded(".jpg", image, *progressive))
        restart = factor + [cv2.IMWRITE_JPEG_RST_INTERVAL, 3]
        decode_case(f"{name}_{sampling}_restart.jpg", encoded(".jpg", image, *restart))
        both = restart + [cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
        decode_case(f"{name}_{sampling}_progressive_restart.jpg", encoded(".jpg", image, *both))


def others(name, image):
    rgb = Image.fromarray(image[:, :, ::-1] if image.ndim == 3 else image)
    for extension in (".png", ".bmp", ".tiff"):
        decode_case(f"{name}{extension}", encoded(extension, image))
    decode_case(f"{name}.gif", pillow(rgb.convert("RGB").quantize(256), "GIF"))
    decode_case(f"{name}_lossless.webp", pillow(rgb, "WEBP", lossless=True))
    decode_case(f"{name}_lossy.webp", pillow(rgb, "WEBP", quality=90))
    decode_case(f"{name}_palette.png", pillow(rgb.quantize(200), "PNG"))
    decode_case(f"{name}_palette4.png", pillow(rgb.quantize(13), "PNG"))
    decode_case(f"{name}_palette.bmp", pillow(rgb.quantize(200), "BMP"))
    decode_case(f"{name}_bits.png", pillow(rgb.convert("1"), "PNG"))
    decode_case(f"{name}_cmyk.jpg", pillow(rgb.convert("CMYK"), "JPEG", quality=90))
    alpha = np.dstack([image if image.ndim == 3 else cv2.merge([image] * 3), random.integers(0, 256, image.shape[:2])])
    decode_case(f"{name}_alpha.png", encoded(".png", alpha.astype(np.uint8)))
    decode_case(f"{name}_alpha.tiff", encoded(".tiff", alpha.astype(np.uint8)))
    decode_case(f"{name}_alpha.webp", encoded(".webp", alpha.astype(np.uint8), cv2.IMWRITE_WEBP_QUALITY, 101))
    wide = image.astype(np.uint16) * 257 ^ random.integers(0, 256, image.shape, dtype=np.uint16)
    decode_case(f"{name}_16bit.png", encoded(".png", wide))
    decode_case(f"{name}_16bit.tiff", encoded(".tiff", wide))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        decode_case(f"{name}_turned{orientation}.jpg", pillow(rgb, "JPEG", quality=90, exif=exif))
        decode_case(f"{name}_turned{orientation}.png", pillow(rgb, "PNG", exif=exif))
        decode_case(f"{name}_turned{orientation}.webp", pillow(rgb, "WEBP", lossless=True, exif=exif))
        decode_case(f"{name}_turned{orientation}.tiff", pillow(rgb, "TIFF", exif=exif))


def encode_case(name, image):
    write_pnm(f"{folder}/encode/{name}.pnm", image)
    for quality in (1, 30, 75, 95, 100):
        with open(f"{folder}/encode/{name}.q{quality}.jpg", "wb") as out:
            out.write(encoded(".jpg", image, cv2.IMWRITE_JPEG_QUALITY, quality))


for name, image in synthetic():
    jpegs(name, image)
    encode_case(name, image)
    if image.shape[0] > 30 and image.shape[1] > 30 and "noise" in name:
        others(name, image)
for name, image in photographs():
    jpegs(name, image)
    others(name, image)
    encode_case(name, image)
    encode_case(name + "_crop", image[:203, :301].copy())


def damaged(count):
    golden = os.path.join(os.path.dirname(__file__), "../golden/decode")
    names = sorted(name for name in os.listdir(golden) if name.endswith(".jpg") and not name.startswith("turned"))
    for i in range(count):
        data = np.fromfile(os.path.join(golden, names[i % len(names)]), np.uint8)
        for _ in range(random.integers(1, 4)):
            data[random.integers(2, len(data))] ^= 1 << random.integers(8)
        data.tofile(f"{folder}/damaged/{i}.jpg")
        pixels = cv2.imdecode(data, cv2.IMREAD_COLOR)
        if pixels is not None:
            write_pnm(f"{folder}/damaged/{i}.jpg.pnm", pixels)


damaged(1500)
