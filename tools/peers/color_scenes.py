"""Makes photographs with a known drift of colours to undo: python color_scenes.py OUT COUNT SEED PICTURE ...

Writes cases of the kind `photos` below OUT, to be scored by `PENTIMENTO_CASES=OUT npm run bench -- photos`. The same words give the same cases. Each
has a random piece of a PICTURE, a selection (an ellipse, blobs, a thin stroke, at the border, nearly everything, all but an island), what is new inside (the
surroundings painted anew; another picture in the middle, across the seam, or everywhere), and a drift over the whole: gain, gamma, contrast,
offset, hue, saturation, a tint across it, grain; sometimes a cast of the painted part alone. `baselines` in a case: nothing done, an affine fit outside
the mask, and the truth with the same grain ("floor"), by tools/reference/score_color.py.
"""
import hashlib, json, math, os, sys
import cv2, numpy as np
from PIL import Image, ImageDraw, ImageFilter
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "reference"))
from score_color import score  # noqa: E402

shapes = ["ellipse", "blobs", "stroke", "border", "most", "island", "small"]
contents = ["none", "none", "middle", "middle", "crossing", "all"]


def piece(path, w, h, r):
    """A random piece of a picture, enlarged or reduced at random."""
    im = Image.open(path).convert("RGB")
    k = max(w / im.width, h / im.height)
    k += r.uniform(0, 0.8) * max(0, 1 - k)
    im = im.resize((max(w, round(im.width * k)), max(h, round(im.height * k))), Image.BOX if k < 1 else Image.BICUBIC)
    x, y = r.integers(0, im.width - w + 1), r.integers(0, im.height - h + 1)
    return np.asarray(im.crop((x, y, x + w, y + h)), np.float64)


def smooth(shape, r, cells):
    return cv2.resize(r.standard_normal((cells, cells)).astype(np.float32), shape[::-1], interpolation=cv2.INTER_CUBIC)


def selection(kind, w, h, r):
    im = Image.new("L", (w * 3, h * 3), 0)
    draw = ImageDraw.Draw(im)

    def blob(cx, cy, rx, ry):
        phase, size = r.uniform(0, 6.28, 3), r.uniform(0.05, 0.18, 3)
        t = np.linspace(0, 2 * math.pi, 120)
        k = 1 + sum(a * np.sin((j + 2) * t + p) for j, (a, p) in enumerate(zip(size, phase)))
        draw.polygon([(float(x), float(y)) for x, y in zip((cx + rx * k * np.cos(t)) * w * 3, (cy + ry * k * np.sin(t)) * h * 3)], fill=255)

    if kind == "blobs":
        for _ in range(r.integers(2, 5)):
            blob(*r.uniform(0.15, 0.85, 2), *r.uniform(0.05, 0.16, 2))
    elif kind == "stroke":
        points = r.uniform(0.08, 0.92, (3, 2)) * (w * 3, h * 3)
        draw.line([tuple(p) for p in points], fill=255, width=int(r.uniform(6, 22) * 3), joint="curve")
    elif kind == "border":
        blob(r.choice([0.02, 0.98]), r.uniform(0.2, 0.8), *r.uniform(0.15, 0.4, 2))
        blob(r.uniform(0.2, 0.8), r.choice([0, 1.0]), *r.uniform(0.1, 0.3, 2))
    elif kind == "most":
        blob(0.5, 0.5, *r.uniform(0.36, 0.47, 2))
    elif kind == "island":
        draw.rectangle((0, 0, w * 3, h * 3), fill=255)
        a, b = r.uniform(0.15, 0.4, 2), r.uniform(0.6, 0.85, 2)
        draw.rectangle((a[0] * w * 3, a[1] * h * 3, b[0] * w * 3, b[1] * h * 3), fill=0)
    elif kind == "small":
        blob(*r.uniform(0.2, 0.8, 2), *r.uniform(0.05, 0.1, 2))
    else:
        blob(*r.uniform(0.35, 0.65, 2), *r.uniform(0.15, 0.32, 2))
    return im.resize((w, h), Image.BOX).filter(ImageFilter.GaussianBlur(float(r.choice([0, 0, 2, 4, 8]))))


def random_drift(r):
    """Strengths like those of VAEs and samplers: from next to nothing to a strong cast."""
    k = r.choice([0.25, 0.6, 1, 1, 1.3])
    some = lambda p, value, none: value if r.random() < p else none
    d = {"gain": 1 + k * r.normal(0, 0.045, 3), "offset": some(0.6, k * r.normal(0, 2, 3), np.zeros(3)), "gamma": some(0.3, 1 + k * r.normal(0, 0.025, 3), np.ones(3)),
         "contrast": some(0.7, 1 - k * r.uniform(-0.01, 0.07), 1), "saturation": some(0.4, 1 - k * r.uniform(-0.03, 0.12), 1), "hue": some(0.4, k * r.normal(0, 3), 0),
         "tint": some(0.85, k * r.uniform(0.3, 3.2), 0), "blur": r.uniform(0.5, 0.9), "noise": r.uniform(0.5, 1.5), "extra": some(0.2, r.normal(0, 2.5, 3), np.zeros(3))}
    return {name: np.round(v, 3).tolist() for name, v in d.items()}


def drifted(t, d, r):
    v = np.asarray(t) / 255
    light = np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4) * d["gain"]
    v = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055) ** d["gamma"]
    v = (v - 0.5) * d["contrast"] + 0.5 + np.asarray(d["offset"]) / 255
    y = v @ [0.299, 0.587, 0.114]
    c, th, k = v - y[..., None], math.radians(d["hue"]), np.ones(3) / math.sqrt(3)
    c = c * math.cos(th) + np.cross(np.broadcast_to(k, c.shape), c) * math.sin(th) + k * (c @ k)[..., None] * (1 - math.cos(th))
    tint = np.dstack([smooth(t.shape[:2], r, 3) for _ in range(3)]) * d["tint"]
    return (y[..., None] + c * d["saturation"]) * 255 + tint


def grained(v, d, seed):
    v = cv2.GaussianBlur(v, (0, 0), d["blur"]) + np.random.default_rng(seed).standard_normal(v.shape) * d["noise"]
    return np.clip(np.round(v), 0, 255).astype(np.uint8)


def new_part(m, what, r):
    """Where the other picture is, 0..1."""
    if what == "all":
        return cv2.GaussianBlur((m > 0.5).astype(np.float64), (0, 0), 1.0)
    ys, xs = np.nonzero(m > 0.5)
    cx, cy, rx, ry = (xs.min() + xs.max()) / 2, (ys.min() + ys.max()) / 2, (xs.max() - xs.min()) / 2, (ys.max() - ys.min()) / 2
    part, (sx, sy) = (0.45, (0, 0)) if what == "middle" else (0.55, r.uniform(-0.5, 0.5, 2))
    yy, xx = np.mgrid[0:m.shape[0], 0:m.shape[1]]
    d = np.hypot((xx - cx - sx * rx) / (rx * part + 1), (yy - cy - sy * ry) / (ry * part + 1))
    return np.clip((1.08 - d) / 0.12, 0, 1) * np.clip((m - 0.4) * 5, 0, 1)


def scene(pictures, seed, number):
    r = np.random.default_rng([seed, number])
    w, h = (int(v) * 16 for v in r.integers(15, 29, 2))
    first, second = r.choice(len(pictures), 2, replace=False)
    o = piece(pictures[first], w, h, r)
    shape, what = str(r.choice(shapes)), str(r.choice(contents))
    mask = selection(shape, w, h, r)
    m = np.asarray(mask, np.float64) / 255
    if (m > 0.5).sum() < 200 or (m == 0).sum() < 400:
        return None
    reach = np.clip(cv2.GaussianBlur(cv2.erode((m > 0.02).astype(np.float32), np.ones((9, 9))), (0, 0), 3), 0, 1)[..., None]
    yy, xx = np.mgrid[0:h, 0:w].astype(np.float32)
    by = r.uniform(3, 14)
    moved = cv2.remap(o, xx + by * smooth((h, w), r, 7), yy + by * smooth((h, w), r, 7), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    t = o * (1 - reach) + moved * reach
    if what != "none":
        a = new_part(m, what, r)[..., None]
        t = t * (1 - a) + piece(pictures[second], w, h, r) * a
    t = np.where((m > 0)[..., None], np.clip(np.round(t), 0, 255), o)
    d, grain = random_drift(r), int(r.integers(2 ** 31))
    g = grained(drifted(t, d, r), d, grain) + np.asarray(d["extra"]) * cv2.GaussianBlur((m > 0.5).astype(np.float64), (0, 0), 6)[..., None]
    eight = lambda v: np.clip(np.round(v), 0, 255).astype(np.uint8)
    seen = eight(o * (1 - m[..., None]) + t * m[..., None])
    says = {"from": os.path.basename(pictures[first]), "new": os.path.basename(pictures[second]), "shape": shape, "content": what, "drift": d}
    return eight(o), eight(g), np.asarray(mask), seen, grained(t, d, grain), says


def affine(o, g, mask):
    known = mask < 13
    one = lambda v: np.concatenate([v.astype(np.float64), np.ones((len(v), 1))], 1)
    k, *_ = np.linalg.lstsq(one(g[known]), o[known].astype(np.float64), rcond=None)
    return np.clip(np.round(one(g.reshape(-1, 3)) @ k), 0, 255).astype(np.uint8).reshape(g.shape)


def write(folder, pictures, seed, number):
    made = scene(pictures, seed, number)
    if made is None:
        return 0
    o, g, mask, t, clean, says = made
    def png(a):
        name = f"pic-{hashlib.sha256(a.tobytes() + repr(a.shape).encode()).hexdigest()[:12]}.png"
        Image.fromarray(a).save(os.path.join(folder, name))
        return {"png": name}
    ways = {"none": g, "affine-outside": affine(o, g, mask), "floor": clean}
    baselines = {name: score(o, g, mask, t, a) for name, a in ways.items()}
    name = f"{number:03d}-{says['shape']}-{says['content']}"
    case = {"kind": "photos", "what": "a drift to undo", "input": {"function": "color_harmony", "original": png(o), "drifted": png(g), "mask": png(mask), **says},
            "expect": {"truth": png(t), "truthAt": [0, 0], "baselines": baselines}, "tolerance": {"score": {"atMost": baselines["none"]["score"]}}}
    with open(os.path.join(folder, name + ".json"), "w") as f:
        json.dump(case, f, indent=1)
    return 1


def main():
    out, count, seed, pictures = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
    folder = os.path.join(out, "photos")
    os.makedirs(folder, exist_ok=True)
    made, number = 0, 0
    while made < count:
        made += write(folder, pictures, seed, number)
        number += 1


main()
