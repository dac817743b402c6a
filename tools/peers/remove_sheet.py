"""Remove without a model beside OpenCV's Telea and Navier-Stokes and scikit-image's biharmonic inpainting, on the same holes.

python remove_sheet.py [--pictures FOLDER] [--work FOLDER] [--out SHEET.jpg] [--only NAME ...] [--width 1000] [--scenes remove_held_out.json]
The holes are in remove_scenes.json; their pictures are looked for in plugin/samples, in FOLDER and among those of scikit-image, and scenes without a picture are left out.
Ours is run through the command line (`npx pentimento remove`), one hard selection and no feather, as for the others.
Prints a table in Markdown; every fill is left in --work; --out writes the sheet: the picture with the hole outlined, then each fill.

What is measured, lower is better. Ring: pixels outside the hole, no further from it than the hole is deep (12 to 48 px). Everything in
CIE Lab (D65). At every pixel of fill and ring a patch of 7 x 7 pixels around it, of those that lie in the same region, tells the mean of:
  colour    L, a and b and their standard deviations in the patch: the distance of the two distributions (Wasserstein's first) is taken for
            each of the six, and the mean of them
  gradient  |dL/dx| and |dL/dy| between neighbours of the same region: the mean over the two of that distance
A fill that is blurred has too few gradients, one that takes its colours from one side has the wrong colours.
"""
import argparse, json, os, subprocess, sys, time
import cv2, numpy as np, skimage
from PIL import Image, ImageDraw
from scipy import ndimage, stats
from skimage import color, restoration

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
p = argparse.ArgumentParser()
p.add_argument("--pictures")
p.add_argument("--work", default=os.path.join(root, "dist", "remove-sheet"))
p.add_argument("--out")
p.add_argument("--scenes", default="remove_scenes.json")
p.add_argument("--only", nargs="*", default=[])
p.add_argument("--width", type=int, default=1000)
a = p.parse_args()


def synthetic(kind):
    """280 x 210 pixels, the same every time."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[0:210, 0:280].astype(np.float64)
    if kind == "bricks":
        row = y // 15
        mortar = (y % 15 < 2) | ((x + 15 * (row % 2)) % 30 < 2)
        tone = 0.9 + 0.1 * np.sin(row * 12.9 + ((x + 15 * (row % 2)) // 30) * 78.2)
        v = np.where(mortar[..., None], [178, 170, 160], np.array([160, 84, 62]) * tone[..., None])
        return v + rng.normal(0, 3, (210, 280, 1))
    if kind == "grain":
        return np.dstack([110 + x / 8, 120 + y / 10, 140 - x / 10]) + rng.normal(0, 9, (210, 280, 3))
    edge = (y > 105 + (x - 140) * 0.35)[..., None]
    return np.where(edge, [70, 90, 60], [200, 205, 215]) + rng.normal(0, 2, (210, 280, 1))


def find(name):
    for folder in (os.path.join(root, "plugin", "samples"), a.pictures, os.path.join(os.path.dirname(skimage.__file__), "data")):
        if folder and os.path.exists(os.path.join(folder, name)):
            return os.path.join(folder, name)


def load(scene):
    """The crop as BGR or grey levels of its own depth, and the hole (255) over it."""
    if "synthetic" in scene:
        bgr = np.clip(synthetic(scene["synthetic"]), 0, 255).round().astype(np.uint8)[..., ::-1].copy()
        x0, y0 = 0, 0
    else:
        path = find(scene["picture"])
        if not path:
            return None
        x0, y0, w, h = scene["crop"]
        whole = cv2.imread(path, cv2.IMREAD_UNCHANGED if path.endswith(".png") else cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        bgr = whole[y0:y0 + h, x0:x0 + w].copy()
    hole = Image.new("L", (bgr.shape[1], bgr.shape[0]))
    draw = ImageDraw.Draw(hole)
    for kind in ("ellipse", "rect"):
        if kind in scene:
            x, y, w, h = scene[kind]
            box = [x - x0, y - y0, x - x0 + w - 1, y - y0 + h - 1]
            draw.ellipse(box, 255) if kind == "ellipse" else draw.rectangle(box, 255)
    if "line" in scene:
        x1, y1, x2, y2, width = scene["line"]
        draw.line([x1 - x0, y1 - y0, x2 - x0, y2 - y0], 255, width)
    return bgr, np.asarray(hole)


def to8(v):
    return (v / 257).round().astype(np.uint8) if v.dtype == np.uint16 else v


def opencv(flag):
    def fill(v, hole):
        # 16 bits are taken for one channel only.
        if v.dtype == np.uint16 and v.ndim == 3:
            return np.dstack([cv2.inpaint(np.ascontiguousarray(c), hole, 5, flag) for c in np.moveaxis(v, 2, 0)])
        return cv2.inpaint(v, hole, 5, flag)
    return fill


def biharmonic(v, hole):
    top = np.iinfo(v.dtype).max
    out = restoration.inpaint_biharmonic(v / top, hole > 0, channel_axis=None if v.ndim == 2 else 2)
    return (np.clip(out, 0, 1) * top).round().astype(v.dtype)


def ours(v, hole):
    names = [os.path.join(a.work, n) for n in ("picture.png", "hole.png", "filled.png")]
    cv2.imwrite(names[0], v); cv2.imwrite(names[1], hole)
    command = ["node", os.path.join(root, "tools", "pentimento.mjs"), "remove", names[0], "--mask", names[1], "--feather", "0", "--seed", "1",
               "--out", names[2], "--data", os.path.join(a.work, "data"), "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr or done.stdout)
    return cv2.imread(names[2], cv2.IMREAD_UNCHANGED)


ways = {"Telea": opencv(cv2.INPAINT_TELEA), "Navier-Stokes": opencv(cv2.INPAINT_NS), "biharmonic": biharmonic, "ours": ours}


def lab(v):
    f = v.astype(np.float64) / np.iinfo(v.dtype).max
    return color.rgb2lab(f[..., ::-1] if f.ndim == 3 else np.dstack([f, f, f]))


def region_means(value, region):
    """Means over 7 x 7 of what lies in the region, at the region's pixels."""
    box = lambda q: ndimage.uniform_filter(q.astype(np.float64), 7, mode="constant")
    return (box(np.where(region, value, 0)) / np.maximum(box(region), 1e-9))[region]


def distances(filled, hole):
    inside = hole > 0
    depth = min(48, max(12, ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1].max()))
    ring = ~inside & (ndimage.distance_transform_edt(~inside) <= depth)
    planes = lab(filled)
    between = lambda plane, r, s: stats.wasserstein_distance(region_means(plane, r), region_means(plane, s))
    both = lambda region, axis: region & np.roll(region, -1, axis) & (np.arange(hole.shape[axis]) < hole.shape[axis] - 1).reshape((-1, 1) if axis == 0 else (1, -1))
    slope = lambda axis: np.abs(np.roll(planes[..., 0], -1, axis) - planes[..., 0])
    spread = lambda plane, r: np.sqrt(np.maximum(0, region_means(plane ** 2, r) - region_means(plane, r) ** 2))
    spreads = lambda plane: stats.wasserstein_distance(spread(plane, inside), spread(plane, ring))
    return (np.mean([[between(planes[..., c], inside, ring), spreads(planes[..., c])] for c in range(3)]),
            np.mean([between(slope(x), both(inside, x), both(ring, x)) for x in (0, 1)]))


def outlined(v, hole):
    rgb = to8(v) if v.ndim == 3 else np.dstack([to8(v)] * 3)
    edge = ndimage.binary_dilation(hole > 0, iterations=2) & ~(hole > 0)
    rgb = rgb.copy(); rgb[edge] = (0, 0, 255)
    return rgb


def write_sheet(rows):
    side = a.width // (len(ways) + 1)
    strips = []
    for name, pictures in rows:
        cells = []
        for v in pictures:
            v = to8(v) if v.ndim == 3 else np.dstack([to8(v)] * 3)
            picture = Image.fromarray(v[..., ::-1])
            cells.append(picture.resize((side, round(picture.height * side / picture.width)), Image.LANCZOS))
        strip = Image.new("RGB", (side * len(cells), cells[0].height + 14), "white")
        for i, cell in enumerate(cells):
            strip.paste(cell, (i * side, 14))
        ImageDraw.Draw(strip).text((4, 1), name, fill="black")
        strips.append(strip)
    head = Image.new("RGB", (strips[0].width, 16), "white")
    for i, name in enumerate(["hole", *ways]):
        ImageDraw.Draw(head).text((i * side + 4, 2), name, fill="black")
    sheet = Image.new("RGB", (head.width, 16 + sum(s.height for s in strips)), "white")
    y = 0
    for strip in [head, *strips]:
        sheet.paste(strip, (0, y)); y += strip.height
    sheet.save(a.out, quality=82, optimize=True)


os.makedirs(a.work, exist_ok=True)
sums, seconds, rows = [], {}, []
print("| hole | " + " | ".join(ways) + " |\n|---|" + "---|" * len(ways))
for scene in json.load(open(os.path.join(root, "tools", "peers", a.scenes))):
    loaded = load(scene) if not a.only or scene["name"] in a.only else None
    if not loaded:
        continue
    v, hole = loaded
    # What lies in the hole must not help anybody.
    cv2.imwrite(os.path.join(a.work, f"{scene['name']}, hole.png"), hole)
    blank = v.copy(); blank[hole > 0] = np.iinfo(v.dtype).max // 2
    pictures, figures = [outlined(v, hole)], []
    for name, fill in ways.items():
        start = time.perf_counter()
        filled = fill(blank, hole)
        seconds[name] = seconds.get(name, 0) + time.perf_counter() - start
        assert filled.dtype == v.dtype and (filled[hole == 0] == v[hole == 0]).all(), name
        cv2.imwrite(os.path.join(a.work, f"{scene['name']}, {name}.png"), filled)
        pictures.append(filled); figures.append(distances(filled, hole))
    rows.append((scene["name"], pictures)); sums.append(figures)
    print(f"| {scene['name']} | " + " | ".join(f"{c:.2f} / {g:.2f}" for c, g in figures) + " |", flush=True)
print(f"| **mean of {len(sums)}** | " + " | ".join(f"**{c:.2f} / {g:.2f}**" for c, g in np.mean(sums, 0)) + " |")
print("seconds in all: " + ", ".join(f"{n} {s:.1f}" for n, s in seconds.items()))
if a.out:
    write_sheet(rows)
