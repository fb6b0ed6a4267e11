"""Makes the small files of tests/golden, so that exactness is proven where there is no Python.

Usage: make_golden.py FOLDER

decode/NAME.EXT with decode/NAME.EXT.png (what OpenCV reads, without loss); encode/NAME.png with encode/NAME.qQQ.jpg.
"""

import io
import os
import sys

import cv2
import numpy as np
from PIL import Image

folder = sys.argv[1]
for part in ("decode", "encode"):
    os.makedirs(f"{folder}/{part}", exist_ok=True)


def picture(width, height):
    """A gradient, a wave, a disc with a hard edge and a corner of noise: something for every coefficient."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    image = np.stack([255 * x / width, 127 + 120 * np.sin(x / 5 + y / 9), 255 * y / height], axis=2)
    image[(x - width / 2) ** 2 + (y - height / 2) ** 2 < 60] = (20, 40, 230)
    corner = np.random.default_rng(3).integers(0, 256, (height // 3, width // 3, 3))
    image[-corner.shape[0] :, -corner.shape[1] :] = corner
    return image.astype(np.uint8)


def decode(name, data):
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    with open(f"{folder}/decode/{name}", "wb") as out:
        out.write(data)
    cv2.imwrite(f"{folder}/decode/{name}.png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 9])


def encoded(extension, image, *flags):
    return cv2.imencode(extension, image, list(flags))[1].tobytes()


def pillow(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


color = picture(45, 37)
gray = np.ascontiguousarray(color[:, :, 1])
rgb = Image.fromarray(color[:, :, ::-1])
for sampling in ("411", "420", "422", "440", "444"):
    factor = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, getattr(cv2, "IMWRITE_JPEG_SAMPLING_FACTOR_" + sampling)]
    decode(f"{sampling}.jpg", encoded(".jpg", color, *factor))
    decode(f"{sampling}_progressive.jpg", encoded(".jpg", color, cv2.IMWRITE_JPEG_PROGRESSIVE, 1, *factor))
decode("420_restart.jpg", encoded(".jpg", color, cv2.IMWRITE_JPEG_RST_INTERVAL, 2))
decode("420_narrow.jpg", encoded(".jpg", picture(4, 30)))
decode("420_q20.jpg", encoded(".jpg", color, cv2.IMWRITE_JPEG_QUALITY, 20))
decode("gray.jpg", encoded(".jpg", gray))
decode("gray_progressive.jpg", encoded(".jpg", gray, cv2.IMWRITE_JPEG_PROGRESSIVE, 1))
decode("cmyk.jpg", pillow(rgb.convert("CMYK"), "JPEG", quality=90))
exif = Image.Exif()
exif[0x0112] = 6
decode("turned.jpg", pillow(rgb, "JPEG", quality=90, exif=exif))
decode("turned.png", pillow(rgb, "PNG", exif=exif))
decode("alpha.png", encoded(".png", np.dstack([color, gray])))
decode("palette.png", pillow(rgb.quantize(13), "PNG"))
decode("sixteen.png", encoded(".png", color.astype(np.uint16) * 257 ^ 0x55))
decode("gray.png", encoded(".png", gray))
decode("bits.png", pillow(rgb.convert("1"), "PNG"))
decode("color.bmp", encoded(".bmp", color))
decode("color.tiff", encoded(".tiff", color))
decode("sixteen.tiff", encoded(".tiff", color.astype(np.uint16) * 257 ^ 0x55))
decode("color.gif", pillow(rgb.quantize(64), "GIF"))
decode("lossless.webp", pillow(rgb, "WEBP", lossless=True))
decode("lossy.webp", pillow(rgb, "WEBP", quality=80))

for name, image in [("color", color), ("gray", gray), ("even", picture(48, 32)), ("dot", color[:1, :1])]:
    cv2.imwrite(f"{folder}/encode/{name}.png", image, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    for quality in (20, 95, 100):
        with open(f"{folder}/encode/{name}.q{quality}.jpg", "wb") as out:
            out.write(encoded(".jpg", image, cv2.IMWRITE_JPEG_QUALITY, quality))
