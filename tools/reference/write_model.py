"""Write a manifest's model as one .safetensors file.

python write_model.py ../../test/reference/models/real/sd15/single.json sd15.safetensors [--seed 1] [--dtype f16|f32]
"""
import argparse, json, struct
import numpy as np
from synth import tensor

p = argparse.ArgumentParser()
p.add_argument("manifest"); p.add_argument("out"); p.add_argument("--seed", type=int, default=1); p.add_argument("--dtype", default="f16", choices=["f16", "f32"])
a = p.parse_args()
m = json.load(open(a.manifest))
prefix, rows = m.get("prefix", ""), m["tensors"]
real = {"f16": ("F16", np.float16, 2), "f32": ("F32", np.float32, 4)}[a.dtype]


def make(name, row):
    shape = row["shape"] if isinstance(row, dict) else row
    op = row.get("op") if isinstance(row, dict) else None
    of = (row.get("of") if isinstance(row, dict) else None) or prefix + name
    first = of[0] if isinstance(of, list) else of
    if op == "position_ids":
        return np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
    if op == "extra":
        return tensor(name, shape, a.seed)
    if op == "concat0":
        n = [shape[0] // len(of)] + list(shape[1:])
        return np.concatenate([tensor(x, n, a.seed) for x in of], 0)
    if op == "transpose":
        return np.ascontiguousarray(tensor(first, shape[::-1], a.seed).T)
    if op == "conv1x1":
        return tensor(first, shape[:2], a.seed).reshape(shape)
    return tensor(first, shape, a.seed)


head, at = {}, 0
for name, row in rows.items():
    shape = row["shape"] if isinstance(row, dict) else row
    ints = isinstance(row, dict) and row.get("op") == "position_ids"
    size = (8 if ints else real[2]) * int(np.prod(shape, dtype=np.int64))
    head[name] = {"dtype": "I64" if ints else real[0], "shape": shape, "data_offsets": [at, at + size]}
    at += size
h = json.dumps(head).encode()
h += b" " * (-len(h) % 8)
with open(a.out, "wb") as f:
    f.write(struct.pack("<Q", len(h)) + h)
    for name, row in rows.items():
        v = np.asarray(make(name, row))
        f.write((v if v.dtype == np.int64 else v.astype(real[1])).tobytes())
print(a.out, len(rows), "tensors", at, "bytes of data")
