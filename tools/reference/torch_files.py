"""Writes the PyTorch files of test/fixtures/torch and, beside each, its tensors as JSON.

Run: python tools/reference/torch_files.py test/fixtures/torch
"""

import argparse
import json
import os
import pickle
import sys
from collections import OrderedDict
from pathlib import Path

import torch

out = Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)


def values(*shape, dtype=torch.float32):
    count = 1
    for side in shape:
        count *= side
    return (torch.arange(count, dtype=torch.float32) / 8 - 1).reshape(shape).to(dtype)


def describe(name, tensors):
    listed = {
        key: {
            "dtype": str(t.dtype).removeprefix("torch."),
            "shape": list(t.shape),
            "values": t.to(torch.float32).flatten().tolist(),
        }
        for key, t in tensors.items()
    }
    (out / f"{name}.json").write_text(json.dumps(listed, indent=1) + "\n")


def save(name, content, tensors, **options):
    torch.save(content, out / name, **options)
    describe(name, tensors)


plain = OrderedDict(
    [
        ("a.weight", values(3, 4)),
        ("a.bias", values(4, dtype=torch.float16)),
        ("b.weight", values(2, 3, 1, 1, dtype=torch.bfloat16)),
        ("steps", torch.tensor([7], dtype=torch.int64)),
        ("scalar", torch.tensor(0.5)),
    ]
)
shared = values(6, 4)
views = {"whole": shared, "rows": shared[2:4], "turned": shared.t(), "channel": shared[:, 1]}

save("state-dict.ckpt", {"state_dict": plain, "global_step": 12, "epoch": 3}, plain)
save("legacy.ckpt", {"state_dict": plain, "global_step": 12}, plain, _use_new_zipfile_serialization=False)
save("views.bin", views, views)
save("views-legacy.bin", views, views, _use_new_zipfile_serialization=False)
save("protocol4.pt", plain, plain, pickle_protocol=4)
save("float8.pt", {"w": values(4, 4).to(torch.float8_e4m3fn)}, {"w": values(4, 4).to(torch.float8_e4m3fn)})
save("upscaler.pth", {"params_ema": {"conv.weight": values(2, 2, 3, 3)}}, {"conv.weight": values(2, 2, 3, 3)})

# What every code of an 8-bit float means, as the bits of a float32: there are values JSON cannot write.
codes = torch.arange(256, dtype=torch.uint8)
meanings = {
    name: codes.view(dtype).to(torch.float32).view(torch.int32).tolist()
    for name, dtype in [("F8_E4M3", torch.float8_e4m3fn), ("F8_E5M2", torch.float8_e5m2)]
}
(out.parent / "float8Codes.json").write_text(json.dumps(meanings, indent=1) + "\n")

module = torch.nn.Linear(3, 2)
with torch.no_grad():
    module.weight.copy_(values(2, 3))
    module.bias.copy_(values(2))
save("parameters.pt", dict(module.named_parameters()), dict(module.state_dict()))
save("module-state.pt", module.state_dict(), dict(module.state_dict()))

vectors = values(2, 8)
save(
    "embedding.pt",
    {"string_to_token": {"*": 265}, "string_to_param": {"*": vectors}, "name": "little", "step": 100,
     "sd_checkpoint": None, "sd_checkpoint_name": "some"},
    {"emb_params": vectors},
)
save(
    "embedding-module.pt",
    {"string_to_param": torch.nn.ParameterDict({"*": torch.nn.Parameter(vectors)}), "name": "little"},
    {"emb_params": vectors},
)
save("learned-embeds.bin", {"<little>": values(8)}, {"<little>": values(8)})


class Run:
    def __init__(self, callee, *args):
        self.what = (callee, args)

    def __reduce__(self):
        return self.what


torch.save({"state_dict": plain, "extra": Run(os.system, "true")}, out / "unsafe-zip.ckpt")
torch.save({"extra": Run(eval, "1")}, out / "unsafe-legacy.ckpt", _use_new_zipfile_serialization=False)
(out / "unsafe-plain.pkl").write_bytes(pickle.dumps(Run(os.system, "true"), protocol=0))
torch.jit.save(torch.jit.script(module), str(out / "program.pt"))
torch.save({"state_dict": plain, "config": argparse.Namespace(steps=3)}, out / "leftovers.ckpt")
describe("leftovers.ckpt", plain)
