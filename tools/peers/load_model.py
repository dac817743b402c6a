"""What a user could run instead: diffusers' from_single_file on the same file, ready for a first step, on this CPU.

python load_model.py MODEL.safetensors ../../test/reference/models/real/sd15 [--dtype float32|float16|default] [--steps 2]
The configurations come from the manifests, so nothing is fetched; tokenizers (a second or so) are left out.
Prints one JSON line: seconds and processor seconds of the call with what the first 512x512 step takes longer than the next ones, the same of the
call alone, seconds of those steps, resident and greatest memory in bytes, parameters.
"""
import argparse, json, os, resource, tempfile, time, warnings
import diffusers, psutil, torch, transformers

p = argparse.ArgumentParser()
p.add_argument("file"); p.add_argument("manifests")
p.add_argument("--dtype", default="float32", choices=["float32", "float16", "default"])
p.add_argument("--steps", type=int, default=2)
a = p.parse_args()
warnings.simplefilter("ignore"); diffusers.logging.set_verbosity_error(); diffusers.logging.disable_progress_bar()
transformers.logging.set_verbosity_error()
model = json.load(open(os.path.join(a.manifests, "model.json")))
xl = model["family"].startswith("sdxl")
refiner = model["family"] == "sdxl-refiner"
pipeline = (diffusers.StableDiffusionXLImg2ImgPipeline if refiner else diffusers.StableDiffusionXLPipeline) if xl else diffusers.StableDiffusionPipeline
parts = ["unet", "vae"] + [n for n in ("text_encoder", "text_encoder_2") if os.path.exists(os.path.join(a.manifests, n + ".json"))]


def write_configs(folder):
    index = {"_class_name": pipeline.__name__, "_diffusers_version": diffusers.__version__, "scheduler": ["diffusers", "DDIMScheduler"]}
    for name in parts:
        m = json.load(open(os.path.join(a.manifests, name + ".json")))
        os.makedirs(os.path.join(folder, name))
        text = name.startswith("text")
        config = dict(m["config"], architectures=[m["class"]], model_type="clip_text_model") if text else dict(m["config"], _class_name=m["class"])
        json.dump(config, open(os.path.join(folder, name, "config.json"), "w"))
        index[name] = ["transformers" if text else "diffusers", m["class"]]
    os.makedirs(os.path.join(folder, "scheduler"))
    diffusers.DDIMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False, set_alpha_to_one=False,
                            steps_offset=1, prediction_type=model.get("prediction_type", "epsilon")).save_config(os.path.join(folder, "scheduler"))
    absent = ["tokenizer"] + (["tokenizer_2"] if xl else ["safety_checker", "feature_extractor"]) + [n for n in ("text_encoder",) if n not in parts]
    for name in absent:
        index[name] = [None, None]
    json.dump(index, open(os.path.join(folder, "model_index.json"), "w"))
    return absent


def step(unet):
    c = unet.config
    width = {} if c.addition_embed_type is None else {"added_cond_kwargs": {"text_embeds": torch.zeros(1, 1280), "time_ids": torch.zeros(1, 5 if refiner else 6)}}
    x = torch.randn(1, c.in_channels, 64, 64)
    unet(x, torch.tensor([500.0]), torch.randn(1, 77, c.cross_attention_dim), return_dict=False, **width)


with tempfile.TemporaryDirectory() as folder:
    absent = write_configs(folder)
    dtype = {} if a.dtype == "default" else {"torch_dtype": getattr(torch, a.dtype)}
    begin, cpu = time.perf_counter(), time.process_time()
    pipe = pipeline.from_single_file(a.file, config=folder, local_files_only=True, **{n: None for n in absent}, **dtype)
    load, cpu = time.perf_counter() - begin, time.process_time() - cpu
    costs = []
    if a.dtype != "float16":  # half a day on a CPU
        with torch.inference_mode():
            for _ in range(a.steps + 1):
                begin, before = time.perf_counter(), time.process_time()
                step(pipe.unet)
                costs.append((time.perf_counter() - begin, time.process_time() - before))
    first = [max(0, costs[0][i] - min(c[i] for c in costs[1:])) for i in range(2)] if costs else [0, 0]
    networks = [getattr(pipe, n) for n in parts]
    print(json.dumps({"loadSeconds": load + first[0], "cpuSeconds": cpu + first[1], "callSeconds": load, "callCpuSeconds": cpu, "residentBytes": psutil.Process().memory_info().rss,
                      "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, "dtype": str(pipe.unet.dtype), "stepSeconds": [c[0] for c in costs[1:]],
                      "parameters": {n: sum(q.numel() for q in m.parameters()) for n, m in zip(parts, networks)}}))
