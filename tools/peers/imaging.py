"""Picture operations in Pillow, OpenCV and scikit-image, timed when asked: the other side of `npm run bench -- imaging --peer PYTHON`.

Reads lines `SIZE NAME` from standard input and answers each with one JSON line: milliseconds (median and least) and who did it.
Pictures are 8-bit RGB of SIZE x SIZE; every library keeps its own number of threads.
"""
import io, json, statistics, sys, time
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageFilter
from skimage import exposure

PHOTO = Path(__file__).resolve().parents[2] / "plugin" / "samples" / "landscape.jpg"
FILTERS = {"lanczos": Image.LANCZOS, "bicubic": Image.BICUBIC, "bilinear": Image.BILINEAR, "box": Image.BOX}
KERNELS = {"area": cv2.INTER_AREA, "linear": cv2.INTER_LINEAR, "lanczos4": cv2.INTER_LANCZOS4}


def photograph(n):
    return Image.open(PHOTO).convert("RGB").resize((n, n), Image.LANCZOS)


def ellipse(n, soft):
    y, x = np.mgrid[0:n, 0:n]
    inside = (1 - np.hypot((x + 0.5 - n / 2) / (n / 4), (y + 0.5 - n / 2) / (n / 4))) * (n / 4) + 0.5
    mask = np.round(255 * np.clip(inside, 0, 1)).astype(np.uint8)
    return mask if soft else np.where(mask >= 128, 255, 0).astype(np.uint8)


def operations(n):
    pil = photograph(n)
    rgb = np.asarray(pil)
    small = pil.resize((n // 2, n // 2))
    small_rgb = np.asarray(small)
    down = round(n * 0.6)
    soft, hard = ellipse(n, True), ellipse(n, False)
    soft_pil = Image.fromarray(soft)
    other = pil.transpose(Image.FLIP_LEFT_RIGHT)
    other_rgb = np.asarray(other)
    rgba = pil.convert("RGBA")
    over = other.convert("RGBA")
    over.putalpha(soft_pil)
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (33, 33))
    png = io.BytesIO()
    pil.save(png, "png")
    found = {}
    for name, f in FILTERS.items():
        found[f"Pillow {name} down"] = lambda f=f: pil.resize((down, down), f)
        found[f"Pillow {name} up"] = lambda f=f: small.resize((n, n), f)
    for name, k in KERNELS.items():
        found[f"OpenCV {name} down"] = lambda k=k: cv2.resize(rgb, (down, down), interpolation=k)
        found[f"OpenCV {name} up"] = lambda k=k: cv2.resize(small_rgb, (n, n), interpolation=k)
    found["OpenCV area half"] = lambda: cv2.resize(rgb, (n // 2, n // 2), interpolation=cv2.INTER_AREA)
    found["Pillow Gaussian blur 8"] = lambda: pil.filter(ImageFilter.GaussianBlur(8))
    found["OpenCV mask blur 4"] = lambda: cv2.GaussianBlur(soft, (0, 0), 4)
    found["OpenCV mask feather 16"] = lambda: cv2.GaussianBlur(soft.astype(np.float32), (0, 0), 8, borderType=cv2.BORDER_REPLICATE)
    found["OpenCV mask grow 16, hard"] = lambda: cv2.dilate(hard, disk)
    found["OpenCV mask grow 16, soft"] = lambda: cv2.dilate(soft, disk)
    found["Pillow MaxFilter 9"] = lambda: soft_pil.filter(ImageFilter.MaxFilter(9))
    found["OpenCV distance"] = lambda: cv2.distanceTransform(255 - hard, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    found["OpenCV RGB to Lab"] = lambda: cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)
    found["OpenCV Lab to RGB"] = lambda: cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
    found["scikit-image match histograms"] = lambda: exposure.match_histograms(rgb, other_rgb, channel_axis=-1)
    found["Pillow composite"] = lambda: Image.composite(other, pil, soft_pil)
    found["Pillow alpha composite"] = lambda: Image.alpha_composite(rgba, over)
    found["Pillow PNG write"] = lambda: pil.save(io.BytesIO(), "png")
    found["Pillow PNG read"] = lambda: Image.open(io.BytesIO(png.getvalue())).load()
    return found


def timed(run):
    warm_up = time.perf_counter()
    run()
    while time.perf_counter() - warm_up < 0.2:
        run()
    times = []
    begun = time.perf_counter()
    while len(times) < 5 or (time.perf_counter() - begun < 0.4 and len(times) < 25):
        start = time.perf_counter()
        run()
        times.append(1000 * (time.perf_counter() - start))
    return {"median": statistics.median_high(times), "least": min(times)}


made = (0, {})
for line in sys.stdin:
    size, name = line.rstrip("\n").split(" ", 1)
    if made[0] != int(size):
        made = (int(size), operations(int(size)))
    print(json.dumps(timed(made[1][name])), flush=True)
