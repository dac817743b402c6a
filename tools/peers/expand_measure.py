"""How well pictures go on past their edges: python expand_measure.py EXPANDED SIDE PX TRUTH ... (four words a picture)

For each picture that was expanded by PX on one SIDE (left, right, top, bottom); TRUTH (or -) is the picture that it was cut off from. All in CIE Lab.
  seam        blurred by 1.5: the mean difference over 4 px across lines along the old edge, the largest within 24 px of it, over the 90th
              percentile of such lines in the next 160 px of the old picture; 1 is as strong as what the picture has itself
  step        means of 16 px on both sides of the old edge, 8 px away from it: their difference over that of lines inside
  repetition  the picture reduced to 256 px, blocks of 20 px of the new part: those that are found again in the old part (correlation above 0.85), weighted
              by how much their source is alone there (1 - its best correlation elsewhere) and by contrast; percent
  distance    of the new part to what was cut off: as "colour" in remove_sheet.py
"""
import sys
import cv2, numpy as np
from PIL import Image
from scipy import ndimage, stats
from skimage import color

turn = {"left": lambda a: a, "right": lambda a: a[:, ::-1], "top": lambda a: np.swapaxes(a, 0, 1), "bottom": lambda a: np.swapaxes(a[::-1], 0, 1)}


def load(path, side):
    return np.ascontiguousarray(color.rgb2lab(turn[side](np.asarray(Image.open(path).convert("RGB")))))


def seam(lab, px):
    soft = np.stack([ndimage.gaussian_filter(lab[..., c], 1.5, mode="nearest") for c in range(3)], -1)
    lines = np.zeros(lab.shape[1])
    lines[2:-2] = np.sqrt(((soft[:, 4:] - soft[:, :-4]) ** 2).sum(-1)).mean(0)
    return lines[px - 24:px + 20].max() / max(np.percentile(lines[px + 24:px + 184], 90), 0.3)


def step(lab, px):
    sums = np.cumsum(np.pad(lab, ((0, 0), (1, 0), (0, 0))), 1)
    mean = lambda x: (sums[:, x + 16] - sums[:, x]) / 16
    at = lambda x: np.sqrt(((mean(x + 8) - mean(x - 24)) ** 2).sum(-1)).mean()
    return at(px) / max(np.mean([at(x) for x in range(px + 32, min(lab.shape[1] - 26, px + 160), 4)]), 0.3)


def repetition(lab, px):
    s, side, found = max(1, round(max(lab.shape[:2]) / 256)), 20, []
    small = lab[:lab.shape[0] // s * s, :lab.shape[1] // s * s]
    small = small.reshape(small.shape[0] // s, s, small.shape[1] // s, s, 3).mean((1, 3)).astype(np.float32)
    old = np.ascontiguousarray(small[:, px // s + 2:])
    match = lambda block: cv2.matchTemplate(old, np.ascontiguousarray(block), cv2.TM_CCOEFF_NORMED)
    for y in range(0, small.shape[0] - side, 12):
        for x in range(0, max(1, px // s - side + 1), 12):
            block = small[y:y + side, x:x + side]
            contrast = min(1, block.reshape(-1, 3).std(0).max() / 8)
            _, best, _, (bx, by) = cv2.minMaxLoc(match(block)) if contrast >= 0.2 else (0, 0, 0, (0, 0))
            if best < 0.85:
                found.append(0)
                continue
            again = match(old[by:by + side, bx:bx + side])
            again[max(0, by - side // 2):by + side // 2 + 1, max(0, bx - side // 2):bx + side // 2 + 1] = -1
            found.append(contrast * max(0, 1 - max(0, again.max())) * min(1, (best - 0.85) / 0.1))
    return 100 * float(np.mean(found))


def distance(a, b):
    box = ndimage.uniform_filter
    spread = lambda q: np.sqrt(np.maximum(0, box(q ** 2, 7) - box(q, 7) ** 2))
    values = lambda lab: [f(lab[..., c])[::3, ::3].ravel() for c in range(3) for f in (lambda q: box(q, 7), spread)]
    return np.mean([stats.wasserstein_distance(p, q) for p, q in zip(values(a), values(b))])


if __name__ == "__main__":
    words, rows = sys.argv[1:], []
    for path, side, px, truth in zip(*[iter(words)] * 4):
        lab, px = load(path, side), int(px)
        away = distance(lab[:, :px], load(truth, side)[:, :px]) if truth != "-" else np.nan
        rows.append((seam(lab, px), step(lab, px), repetition(lab, px), away))
        print(path, *(f"{v:.2f}" for v in rows[-1]))
    print("mean", *(f"{v:.2f}" for v in np.nanmean(rows, 0)))
