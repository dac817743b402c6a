"""What a user could run instead: one UNet step of Stable Diffusion 1.5 at 512x512 on this CPU, by several engines, in one run.

python unet_step.py [--batch 1] [--engines torch32 torchbf16 openvino32 openvinobf16] [--reps 3]
Weights are random numbers: speed does not depend on the values. Prints one JSON line per engine:
seconds per step (minimum and median), load seconds, resident memory.
"""
import argparse, json, os, statistics, time
import psutil, torch

p = argparse.ArgumentParser()
p.add_argument("--batch", type=int, default=1)
p.add_argument("--size", type=int, default=512)
p.add_argument("--reps", type=int, default=3)
p.add_argument("--engines", nargs="*", default=["torch32", "torchbf16", "openvino32", "openvinobf16"])
a = p.parse_args()
n = a.size // 8
rss = lambda: round(psutil.Process().memory_info().rss / 2**30, 2)


def report(name, run, load):
    run()
    t = []
    for _ in range(a.reps):
        s = time.perf_counter(); run(); t.append(time.perf_counter() - s)
    print(json.dumps({"engine": name, "batch": a.batch, "size": a.size, "min_s": round(min(t), 3),
                      "median_s": round(statistics.median(t), 3), "load_s": round(load, 2), "rss_gib": rss()}), flush=True)


def unet():
    from diffusers import UNet2DConditionModel
    with torch.device("meta"):
        u = UNet2DConditionModel(sample_size=64, cross_attention_dim=768, attention_head_dim=8)
    u = u.to_empty(device="cpu")
    with torch.no_grad():
        for q in u.parameters():
            q.uniform_(-0.02, 0.02)
    return u.eval()


class Plain(torch.nn.Module):
    def __init__(self, u): super().__init__(); self.u = u
    def forward(self, x, t, c): return self.u(x, t, c, return_dict=False)[0]


x, t, c = torch.randn(a.batch, 4, n, n), torch.tensor([500.0]), torch.randn(a.batch, 77, 768)
with torch.inference_mode():
    s = time.perf_counter(); u = unet(); load = time.perf_counter() - s
    if "torch32" in a.engines:
        report("torch float32", lambda: u(x, t, c), load)
    if "torchbf16" in a.engines:
        b = unet().to(torch.bfloat16).to(memory_format=torch.channels_last)
        xb = x.bfloat16().contiguous(memory_format=torch.channels_last)
        report("torch bfloat16", lambda: b(xb, t, c.bfloat16()), load); del b
    if any(e.startswith("openvino") for e in a.engines):
        import openvino as ov
        m = ov.convert_model(Plain(u), example_input=(x, t, c))
        core = ov.Core()
        for e, prec in (("openvino32", "f32"), ("openvinobf16", "bf16")):
            if e in a.engines:
                s = time.perf_counter()
                k = core.compile_model(m, "CPU", {"INFERENCE_PRECISION_HINT": prec, "PERFORMANCE_HINT": "LATENCY"})
                load = time.perf_counter() - s
                feed = [x.numpy(), t.numpy(), c.numpy()]
                report(f"OpenVINO {prec}", lambda: k(feed), load); del k
