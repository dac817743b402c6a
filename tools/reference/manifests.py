"""Model manifests: names, shapes and configs of every test model and of the real models, from the programs that define them.

    python manifests.py --out ../../test/reference/models [--only tiny|real]
    python manifests.py --check

Component manifests (diffusers layout) come from instantiating the diffusers / transformers classes on the meta device.
Single-file manifests (what a user's checkpoint holds) say for every tensor which diffusers tensors it is made from; they are
checked by feeding the names through diffusers' own single-file conversion (--check).
"""
from __future__ import annotations
import argparse, json, os, sys
import torch

SD1_DOWN = ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",)
SD1_UP = ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3
XL_DOWN = ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D")
XL_UP = ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D")
RF_DOWN = ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D")
RF_UP = ("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D")


def unet_cfg(ch, cross, heads, *, down=SD1_DOWN, up=SD1_UP, size=64, **kw):
    return dict(sample_size=size, in_channels=4, out_channels=4, block_out_channels=ch, cross_attention_dim=cross,
                attention_head_dim=heads, layers_per_block=2, down_block_types=down, up_block_types=up) | kw


def vae_cfg(ch, scaling, **kw):
    return dict(in_channels=3, out_channels=3, latent_channels=4, block_out_channels=ch, layers_per_block=2,
                down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
                norm_num_groups=32, scaling_factor=scaling, sample_size=512) | kw


def clip_cfg(hidden, heads, layers, act, proj, eos=2, pad=1):
    # eos_token_id 2 is what the published SD configs say; transformers then takes the position of the LARGEST id.
    return dict(hidden_size=hidden, num_attention_heads=heads, num_hidden_layers=layers, intermediate_size=hidden * 4,
                hidden_act=act, projection_dim=proj, vocab_size=49408, max_position_embeddings=77, layer_norm_eps=1e-5,
                bos_token_id=0, eos_token_id=eos, pad_token_id=pad)


XLKW = dict(down=XL_DOWN, up=XL_UP, use_linear_projection=True, addition_embed_type="text_time", addition_time_embed_dim=256, size=128)
RFKW = dict(down=RF_DOWN, up=RF_UP, use_linear_projection=True, addition_embed_type="text_time", addition_time_embed_dim=256, size=128)


def controlnet_cfg(unet, **kw):
    keep = ("block_out_channels", "cross_attention_dim", "attention_head_dim", "layers_per_block", "down_block_types",
            "use_linear_projection", "addition_embed_type", "addition_time_embed_dim", "transformer_layers_per_block",
            "projection_class_embeddings_input_dim")
    c = {k: unet[k] for k in keep if k in unet}
    return c | dict(in_channels=4, conditioning_channels=3, conditioning_embedding_out_channels=(16, 32, 96, 256)) | kw


T1 = unet_cfg((32, 64, 64, 64), 64, 8)
T2 = unet_cfg((64, 128, 128, 128), 128, (1, 2, 2, 2), use_linear_projection=True)
TX = unet_cfg((64, 64, 128), 192, (1, 1, 2), transformer_layers_per_block=(1, 1, 2), projection_class_embeddings_input_dim=128 + 1536, **XLKW)
TR = unet_cfg((64, 64, 128, 128), 128, (1, 1, 2, 2), transformer_layers_per_block=2, projection_class_embeddings_input_dim=128 + 1280, **RFKW)
R1 = unet_cfg((320, 640, 1280, 1280), 768, 8)
R2 = unet_cfg((320, 640, 1280, 1280), 1024, (5, 10, 20, 20), use_linear_projection=True)
RX = unet_cfg((320, 640, 1280), 2048, (5, 10, 20), transformer_layers_per_block=(1, 2, 10), projection_class_embeddings_input_dim=2816, **XLKW)
RR = unet_cfg((384, 768, 1536, 1536), 1280, (6, 12, 24, 24), transformer_layers_per_block=4, projection_class_embeddings_input_dim=2560, **RFKW)

TV, RV = (32, 32, 64, 64), (128, 256, 512, 512)
CL = dict(tiny=clip_cfg(64, 1, 3, "quick_gelu", 64), real=clip_cfg(768, 12, 12, "quick_gelu", 768))
# SD2's published text encoder has 23 layers (the last of the 24 is never used).
C2 = dict(tiny=clip_cfg(128, 2, 3, "gelu", 128), real=clip_cfg(1024, 16, 23, "gelu", 512))
CG = dict(tiny=clip_cfg(128, 2, 3, "gelu", 128), real=clip_cfg(1280, 20, 32, "gelu", 1280))

EPS = dict(prediction_type="epsilon")
VPR = dict(prediction_type="v_prediction")
MODELS = {
    "tiny/tiny-sd1": ("sd1", EPS, dict(unet=T1, vae=vae_cfg(TV, 0.18215), text_encoder=CL["tiny"])),
    "tiny/tiny-sd1-inpaint": ("sd1-inpaint", EPS, dict(unet=T1 | dict(in_channels=9), vae=vae_cfg(TV, 0.18215), text_encoder=CL["tiny"])),
    "tiny/tiny-sd1-ip2p": ("sd1-ip2p", EPS, dict(unet=T1 | dict(in_channels=8), vae=vae_cfg(TV, 0.18215), text_encoder=CL["tiny"])),
    "tiny/tiny-sd2v": ("sd2", VPR, dict(unet=T2, vae=vae_cfg(TV, 0.18215), text_encoder=C2["tiny"])),
    "tiny/tiny-sdxl": ("sdxl", EPS, dict(unet=TX, vae=vae_cfg(TV, 0.13025), text_encoder=CL["tiny"], text_encoder_2=CG["tiny"])),
    "tiny/tiny-refiner": ("sdxl-refiner", EPS, dict(unet=TR, vae=vae_cfg(TV, 0.13025), text_encoder_2=CG["tiny"])),
    "tiny/tiny-controlnet": ("sd1", {}, dict(controlnet=controlnet_cfg(T1))),
    "tiny/tiny-controlnet-sdxl": ("sdxl", {}, dict(controlnet=controlnet_cfg(TX))),
    "tiny/tiny-taesd": ("taesd", {}, dict(taesd={})),
    "real/sd15": ("sd1", EPS, dict(unet=R1, vae=vae_cfg(RV, 0.18215), text_encoder=CL["real"])),
    "real/sd15-inpaint": ("sd1-inpaint", EPS, dict(unet=R1 | dict(in_channels=9), vae=vae_cfg(RV, 0.18215), text_encoder=CL["real"])),
    "real/sd21v": ("sd2", VPR, dict(unet=R2 | dict(sample_size=96, upcast_attention=True), vae=vae_cfg(RV, 0.18215), text_encoder=C2["real"])),
    "real/sdxl": ("sdxl", EPS, dict(unet=RX, vae=vae_cfg(RV, 0.13025, force_upcast=True), text_encoder=CL["real"], text_encoder_2=CG["real"])),
    "real/sdxl-refiner": ("sdxl-refiner", EPS, dict(unet=RR, vae=vae_cfg(RV, 0.13025, force_upcast=True), text_encoder_2=CG["real"])),
    "real/sd15-controlnet": ("sd1", {}, dict(controlnet=controlnet_cfg(R1))),
    "real/sdxl-controlnet": ("sdxl", {}, dict(controlnet=controlnet_cfg(RX))),
    "real/taesd": ("taesd", {}, dict(taesd={})),
}
PLACES_OF = {"sd2": {"text_encoder": "cond_stage_model.model."}, "sdxl": {"text_encoder_2": "conditioner.embedders.1.model."},
             "sdxl-refiner": {"text_encoder_2": "conditioner.embedders.0.model."}}
CLASS = dict(unet="UNet2DConditionModel", vae="AutoencoderKL", text_encoder="CLIPTextModel",
             text_encoder_2="CLIPTextModelWithProjection", controlnet="ControlNetModel", taesd="AutoencoderTiny")


MODELS_DIR = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "models")


def build(component: str, cfg: dict):
    """The reference network itself (weights unset when under torch.device('meta'))."""
    import diffusers, transformers
    cls = CLASS[component]
    if component.startswith("text_encoder"):
        return getattr(transformers, cls)(transformers.CLIPTextConfig(**cfg))
    return getattr(diffusers, cls)(**cfg)


def published_name(component: str, name: str) -> str:
    """The name as in published files (newer transformers drop the 'text_model.' of CLIPTextModel)."""
    if component == "text_encoder" and not name.startswith("text_model."):
        return "text_model." + name
    return name


def weights(key: str, component: str, seed: int = 0) -> dict:
    """{published tensor name: float32 array}: synthesised under the name prefix + tensor name, e.g. 'unet.conv_in.weight'."""
    import synth
    path = os.path.join(MODELS_DIR, key, component + ".json")
    m = json.load(open(path))
    return {n: synth.tensor(m["prefix"] + n, s, seed) for n, s in m["tensors"].items()}


def load(key: str, component: str, seed: int = 0, dtype=torch.float32):
    """The reference network of a tiny model with its synthetic weights, in eval mode."""
    torch.set_grad_enabled(False)
    m = build(component, MODELS[key][2][component]).eval()
    if dtype != torch.float32:
        m = m.to(dtype)
    w = weights(key, component, seed)
    sd = m.state_dict()
    for n, t in sd.items():
        if n.endswith("position_ids"):
            continue
        t.copy_(torch.from_numpy(w.pop(published_name(component, n))))
    assert not w, sorted(w)[:4]
    return m


def component_manifest(key: str, component: str) -> dict:
    family, extra, comps = MODELS[key]
    with torch.device("meta"):
        m = build(component, comps[component])
    shapes = {published_name(component, n): list(t.shape) for n, t in m.state_dict().items() if not n.endswith("position_ids")}
    cfg = dict(comps[component]) if component.startswith("text_encoder") else {k: v for k, v in dict(m.config).items() if not k.startswith("_")}
    return {"component": component, "family": family, "layout": "diffusers", "prefix": component + ".", "class": CLASS[component],
            "parameters": sum(p.numel() for p in m.parameters()), "config": cfg, "tensors": shapes}


def component_tensors(key, component):
    path = os.path.join(MODELS_DIR, key, component + ".json")
    return json.load(open(path))


def single_manifest(key: str, only: str = "", place: str | None = None) -> dict:
    """What a user's one-file model holds, each tensor with what it is made of (see singlefile.py). Run after the component manifests."""
    import singlefile as S
    family, extra, comps = MODELS[key]
    rows = {}

    def add(prefix, m, cm):
        for name, src in m.items():
            if isinstance(src, str):
                rows[prefix + name] = {"shape": cm["tensors"][src], "of": cm["prefix"] + src}
                continue
            a = [cm["tensors"][x] for x in src["from"]]
            shape = src.get("shape")
            if shape is None:
                shape = {"conv1x1": lambda: a[0] + [1, 1], "transpose": lambda: a[0][::-1],
                         "concat0": lambda: [sum(x[0] for x in a)] + a[0][1:]}[src["op"]]()
            row = {"shape": shape, "op": src["op"]}
            if src["from"]:
                row["of"] = [cm["prefix"] + x for x in src["from"]]
            if "dtype" in src:
                row["dtype"] = src["dtype"]
            rows[prefix + name] = row

    component = "checkpoint"
    if "controlnet" in comps:
        component, cm = "controlnet", component_tensors(key, "controlnet")
        add("control_model." if place is None else place, S.controlnet(comps["controlnet"], cm["tensors"]), cm)
    elif "taesd" in comps:
        component, cm = "taesd_" + only, component_tensors(key, "taesd")
        add("", S.taesd_part(only, cm["tensors"]), cm)
    else:
        for c, (prefix, kind) in S.PLACES[family].items():
            if only and c != only:
                continue
            cm = component_tensors(key, c)
            t, cfg = cm["tensors"], cm["config"]
            if kind == "open_clip":
                m = S.open_clip(cfg, t, extra_layer=family == "sd2", projection=[cfg["hidden_size"]] * 2)
            else:
                m = {"ldm": S.unet, "kl": S.vae, "clip": S.clip}[kind](cfg, t)
            add(prefix if place is None else place, m, cm)
        if only:
            component = only
        elif family.startswith("sd1") or family == "sd2":
            add("", S.sd1_buffers(), {"tensors": {}, "prefix": ""})
    out = {"component": component, "family": family, "layout": "single-file"} | extra
    return out | {"tensors": dict(sorted(rows.items()))}


def make_single(m: dict, seed: int = 0) -> dict:
    """The arrays of a single-file manifest: {file tensor name: array}."""
    import numpy as np, synth
    out = {}
    for name, r in m["tensors"].items():
        if isinstance(r, list):
            r = {"shape": r, "of": m["prefix"] + name}
        shape, op, of = r["shape"], r.get("op", "copy"), r.get("of", [])
        of = [of] if isinstance(of, str) else of
        if op in ("extra", "position_ids"):
            out[name] = synth.tensor(name, shape, seed)
            continue
        part = {"copy": shape, "transpose": shape[::-1], "conv1x1": shape[:2], "concat0": [shape[0] // max(1, len(of))] + shape[1:]}[op]
        parts = [synth.tensor(x, part, seed) for x in of]
        out[name] = {"copy": lambda: parts[0], "concat0": lambda: np.concatenate(parts, 0), "transpose": lambda: np.ascontiguousarray(parts[0].T),
                     "conv1x1": lambda: parts[0][..., None, None]}[op]()
        assert list(out[name].shape) == shape, name
    return out


# name: (layout, blocks, features, growth, upsampling convs, input channels, scale)
UPSCALERS = {
    "tiny/tiny-esrgan-x4": ("esrgan-real", 2, 16, 32, 2, 3, 4),
    "tiny/tiny-esrgan-x4-new": ("esrgan-new", 2, 16, 32, 2, 3, 4),
    "tiny/tiny-esrgan-x4-old": ("esrgan-old", 2, 16, 32, 2, 3, 4),
    "tiny/tiny-esrgan-x2": ("esrgan-real", 2, 16, 32, 2, 12, 2),
    "tiny/tiny-esrgan-x2-old": ("esrgan-old", 2, 16, 32, 1, 3, 2),
    "tiny/tiny-esrgan-x1-old": ("esrgan-old", 2, 16, 32, 0, 3, 1),
    "real/esrgan-4x-old": ("esrgan-old", 23, 64, 32, 2, 3, 4),
    "real/esrgan-4x-new": ("esrgan-new", 23, 64, 32, 2, 3, 4),
    "real/realesrgan-x4plus": ("esrgan-real", 23, 64, 32, 2, 3, 4),
    "real/realesrgan-x4plus-anime6b": ("esrgan-real", 6, 64, 32, 2, 3, 4),
    "real/realesrgan-x2plus": ("esrgan-real", 23, 64, 32, 2, 12, 2),
}
# SRVGGNetCompact: features, middle convs, scale
COMPACT = {"tiny/tiny-compact-x4": (16, 4, 4), "tiny/tiny-compact-x2": (16, 3, 2), "real/realesr-animevideov3": (64, 16, 4), "real/realesr-general-x4v3": (64, 32, 4)}


def upscaler_manifest(key: str) -> dict:
    """Names under which the weights are synthesised: always the Real-ESRGAN ones, so every naming of one model holds the same values."""
    import singlefile as S
    rows, total = {}, 0
    head = {"component": "upscaler", "prefix": "upscaler."}
    if key in COMPACT:
        nf, n, scale = COMPACT[key]
        head |= {"family": "compact", "layout": "compact", "config": {"features": nf, "convs": n, "scale": scale}}
        shapes = {"body.0": (nf, 3)} | {f"body.{2 * i}": (nf, nf) for i in range(1, n + 1)} | {f"body.{2 * n + 2}": (3 * scale * scale, nf)}
        for i in range(2 * n + 3):
            m = f"body.{i}"
            if m in shapes:
                rows[m + ".weight"], rows[m + ".bias"] = [*shapes[m], 3, 3], [shapes[m][0]]
            else:
                rows[m + ".weight"] = [nf]      # PReLU
    else:
        layout, nb, nf, gc, ups, cin, scale = UPSCALERS[key]
        head |= {"family": "esrgan", "layout": layout, "config": {"blocks": nb, "features": nf, "growth": gc, "input_channels": cin,
                 "scale": scale, "pixel_unshuffle": {12: 2, 48: 4}.get(cin, 1)}}
        s = S.rrdb_shapes(nb, nf, gc, ups, cin)
        for names in S.rrdb_names(nb, ups):
            real, mine = names[0], names[("esrgan-real", "esrgan-new", "esrgan-old").index(layout)]
            for x, shape in ((".weight", [*s[real], 3, 3]), (".bias", [s[real][0]])):
                rows[mine + x] = shape if mine == real else {"shape": shape, "of": "upscaler." + real + x}
    from math import prod
    total = sum(prod(r["shape"] if isinstance(r, dict) else r) for r in rows.values())
    return head | {"parameters": total, "tensors": rows}


def dump(path: str, m: dict) -> None:
    """JSON, one tensor per line."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    j = lambda x: json.dumps(x, separators=(",", ":"))
    head = [f"{j(k)}:{j(v)}" for k, v in m.items() if k != "tensors"]
    with open(path, "w") as f:
        f.write("{" + ",\n".join(head))
        f.write(',\n"tensors":{\n' + ",\n".join(f"{j(k)}:{j(v)}" for k, v in m["tensors"].items()) + "\n}}\n")


def check() -> None:
    """Every tiny single-file model through diffusers' own conversion: the result must be the diffusers weights, bit for bit."""
    import logging
    import numpy as np
    from diffusers.loaders import single_file_utils as U
    logging.disable(logging.WARNING)
    for key, (family, _, comps) in MODELS.items():
        d = f"{MODELS_DIR}/{key}"
        if not key.startswith("tiny/") or not os.path.exists(d + "/single.json"):
            continue
        file = {k: torch.as_tensor(np.ascontiguousarray(v)) for k, v in make_single(json.load(open(d + "/single.json")), 5).items()}
        for c in comps:
            cfg, ck, want = json.load(open(f"{d}/{c}.json"))["config"], dict(file), weights(key, c, 5)
            place = PLACES_OF.get(family, {}).get(c, "")
            if c in ("unet", "vae"):
                got = getattr(U, f"convert_ldm_{c}_checkpoint")(ck, cfg)
            elif c == "controlnet":
                got = U.convert_controlnet_checkpoint(ck, cfg)
            elif place.endswith(".model."):
                got = U.convert_open_clip_checkpoint(build(c, comps[c]), ck, prefix=place)
            else:
                got = U.convert_ldm_clip_checkpoint(ck)
            got = {published_name(c, k): v for k, v in got.items()}
            lost = [k for k in want if k not in got]
            wrong = [k for k in want if k in got and not (got[k].shape == want[k].shape and torch.equal(got[k], torch.from_numpy(want[k])))]
            print(key, c, len(want), "tensors;", "lost " + " ".join(lost) if lost else "", "wrong " + " ".join(wrong) if wrong else "", "ok" if not lost and not wrong else "")


def main() -> None:
    ap = argparse.ArgumentParser()
    ap.add_argument("--out", default=MODELS_DIR)
    ap.add_argument("--only", default="")
    ap.add_argument("--check", action="store_true")
    a = ap.parse_args()
    if a.check:
        return check()
    for key, (family, extra, comps) in MODELS.items():
        if not key.startswith(a.only):
            continue
        index = {"name": key.split("/")[1], "family": family, **extra, "components": {}}
        for c in comps:
            m = component_manifest(key, c)
            dump(f"{a.out}/{key}/{c}.json", m)
            index["components"][c] = {"manifest": f"{c}.json", "parameters": m["parameters"]}
        singles = [("controlnet", "single", "", None)] if "controlnet" in comps else \
            [("taesd_encoder", "taesd_encoder", "encoder", None), ("taesd_decoder", "taesd_decoder", "decoder", None)] if "taesd" in comps else \
            [("checkpoint", "single", "", None)]
        if key.endswith(("tiny-sd1", "sd15")):
            singles.append(("vae", "vae_single", "vae", ""))
        for what, file, only, place in singles:
            m = single_manifest(key, only, place)
            dump(f"{a.out}/{key}/{file}.json", m)
            index.setdefault("single_files", {})[what] = {"manifest": f"{file}.json", "tensors": len(m["tensors"])}
        with open(f"{a.out}/{key}/model.json", "w") as f:
            json.dump(index, f, indent=1)
            f.write("\n")
        print(key, {c: v["parameters"] for c, v in index["components"].items()})
    for key in UPSCALERS | COMPACT:
        if key.startswith(a.only):
            m = upscaler_manifest(key)
            dump(f"{a.out}/{key}.json", m)
            print(key, m["parameters"])


if __name__ == "__main__":
    main()
