#!/usr/bin/env python3
"""Ovi's twin towers in eager PyTorch: an independent second opinion on phonofilm's, and what it is timed against.

    pip install torch safetensors numpy
    tools/eager_ovi.py gradients testdata/goldens/ovi-tiny testdata/goldens/ovi-tiny-gradients/golden_gradients.safetensors
    tools/eager_ovi.py bench build/release/bench/bench_ovi

`gradients` records the derivatives of a weighted sum of both velocities (float32, automatic differentiation) with
respect to every tensor. `bench` runs the cases of bench_ovi in the same mathematics and prints both times; the sampling loop
as the published program runs it, two passes of one sample per step with the text's keys and values computed in each.
Attention is torch's own scaled_dot_product_attention.
"""
import json
import math
import subprocess
import sys
import time

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file


def sinusoid(t, width):
    frequency = torch.exp(-math.log(10000.0) / (width // 2) * torch.arange(width // 2, dtype=torch.float64))
    angle = t.double()[..., None] * frequency
    return torch.cat([angle.cos(), angle.sin()], -1).float()


def angles(count, pairs, scale=1.0):
    frequency = torch.exp(-math.log(10000.0) / pairs * torch.arange(pairs, dtype=torch.float64))
    return torch.outer(torch.arange(count, dtype=torch.float64) * scale, frequency)


def rotate(x, table):
    """x: [B, N, L, K]; table: complex [L, K / 2]; adjacent channels are one complex number."""
    pairs = torch.view_as_complex(x.float().unflatten(-1, (-1, 2)).contiguous())
    return torch.view_as_real(pairs * table).flatten(-2).to(x.dtype)


class Tower:
    def __init__(self, weights, prefix, config, dtype):
        self.w = {k[len(prefix):]: v for k, v in weights.items() if k.startswith(prefix)}
        self.c, self.dtype, self.heads = config, dtype, config["num_heads"]

    def linear(self, name, x, dtype=None):
        dtype = dtype or self.dtype
        bias = self.w.get(name + ".bias")
        return F.linear(x.to(dtype), self.w[name + ".weight"].flatten(1).to(dtype), None if bias is None else bias.to(dtype))

    def rms(self, name, x):
        y = x.float() * torch.rsqrt(x.float().square().mean(-1, keepdim=True) + 1e-6)
        return (y * self.w[name + ".weight"].float()).to(self.dtype)

    def norm(self, name, x):
        return F.layer_norm(x.float(), x.shape[-1:], self.w[name + ".weight"].float(), self.w[name + ".bias"].float(), 1e-6)

    def split(self, x):
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def attend(self, q, k, v):
        return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)

    def time(self, t):
        e = sinusoid(t, self.c["freq_dim"])
        e = self.linear("time_embedding.2", F.silu(self.linear("time_embedding.0", e, torch.float32)), torch.float32)
        return e, self.linear("time_projection.1", F.silu(e), torch.float32).unflatten(-1, (6, -1))

    def text(self, rows):
        return self.linear("text_embedding.2", F.gelu(self.linear("text_embedding.0", rows), approximate="tanh"))

    def modulate(self, x, shift, scale):
        return (F.layer_norm(x, x.shape[-1:], eps=1e-6) * (1 + scale) + shift).to(self.dtype)

    def modulation(self, i, e0):
        return (e0 + self.w[f"blocks.{i}.modulation.modulation"].float()[:, None]).unbind(2)

    def self_attention(self, i, x, m, table):
        p = f"blocks.{i}.self_attn."
        h = self.modulate(x, m[0], m[1])
        q, k = (rotate(self.split(self.rms(p + "norm_" + n, self.linear(p + n, h))), table) for n in "qk")
        return x + m[2] * self.linear(p + "o", self.attend(q, k, self.split(self.linear(p + "v", h)))).float()

    def finish(self, i, x, m, table, text, other, other_table):
        p = f"blocks.{i}.cross_attn."
        q = self.split(self.rms(p + "norm_q", self.linear(p + "q", self.norm(f"blocks.{i}.norm3", x))))
        k = self.split(self.rms(p + "norm_k", self.linear(p + "k", text)))
        heard = self.attend(q, k, self.split(self.linear(p + "v", text)))
        if other is not None:
            o = self.norm(p + "pre_attn_norm_fusion", other)
            k = rotate(self.split(self.rms(p + "norm_k_fusion", self.linear(p + "k_fusion", o))), other_table)
            heard = heard + self.attend(rotate(q, table), k, self.split(self.linear(p + "v_fusion", o)))
        x = x + self.linear(p + "o", heard).float()
        hidden = F.gelu(self.linear(f"blocks.{i}.ffn.0", self.modulate(x, m[3], m[4])), approximate="tanh")
        return x + m[5] * self.linear(f"blocks.{i}.ffn.2", hidden).float()

    def head(self, x, e):
        shift, scale = (e[:, :, None] + self.w["head.modulation"].float()[:, None]).unbind(2)
        return self.linear("head.head", self.modulate(x, shift, scale)).float()


class Ovi:
    def __init__(self, weights, video, audio, dtype):
        self.video, self.audio = Tower(weights, "video_model.", video, dtype), Tower(weights, "audio_model.", audio, dtype)
        self.dtype, self.layers = dtype, video["num_layers"]

    def tables(self, grid, sounds):
        head = self.video.c["dim"] // self.video.heads
        space = head // 6
        time_pairs = head // 2 - 2 * space
        f, h, w = grid
        video = torch.cat([angles(f, time_pairs)[:, None, None].expand(f, h, w, -1),
                           angles(h, space)[None, :, None].expand(f, h, w, -1),
                           angles(w, space)[None, None].expand(f, h, w, -1)], -1).flatten(0, 2)
        audio = F.pad(angles(sounds, time_pairs, self.audio.c["temporal_rope_scaling_factor"]), (0, 2 * space))
        return tuple(torch.polar(torch.ones_like(a), a).to(torch.complex64) for a in (video, audio))

    def embed_audio(self, sound):
        def conv(name, x):
            bias = self.audio.w.get(name + ".bias")
            weight = self.audio.w[name + ".weight"].to(self.dtype)
            return F.conv1d(x.to(self.dtype), weight, None if bias is None else bias.to(self.dtype), padding=weight.shape[2] // 2)
        x, p = F.silu(conv("patch_embedding.0", sound)), "patch_embedding.2."
        return conv(p + "w2", F.silu(conv(p + "w1", x)) * conv(p + "w3", x)).transpose(1, 2).float()

    def blocks(self, v, a, e0_v, e0_a, text_v, text_a, tables, layers):
        for i in layers:
            m_v, m_a = self.video.modulation(i, e0_v), self.audio.modulation(i, e0_a)
            v1, a1 = self.video.self_attention(i, v, m_v, tables[0]), self.audio.self_attention(i, a, m_a, tables[1])
            v = self.video.finish(i, v1, m_v, tables[0], text_v, a1, tables[1])
            a = self.audio.finish(i, a1, m_a, tables[1], text_a, v1, tables[0])
        return v, a

    def forward(self, video, audio, t, rows):
        """video: [1, C, F, H, W], audio: [1, C, T], t: [1], rows: [1, text_len, text_dim]."""
        b, c, f, h, w = video.shape
        patches = video.view(b, c, f, h // 2, 2, w // 2, 2).permute(0, 2, 3, 5, 1, 4, 6).reshape(b, -1, 4 * c)
        (e_v, e0_v), (e_a, e0_a) = self.video.time(t[:, None]), self.audio.time(t[:, None])
        v, a = self.blocks(self.video.linear("patch_embedding", patches).float(), self.embed_audio(audio), e0_v, e0_a,
                           self.video.text(rows), self.audio.text(rows), self.tables((f, h // 2, w // 2), audio.shape[2]),
                           range(self.layers))
        v = self.video.head(v, e_v).view(b, f, h // 2, w // 2, 2, 2, c).permute(0, 6, 1, 2, 4, 3, 5).reshape(video.shape)
        return v, self.audio.head(a, e_a).transpose(1, 2)


def load_tiny(folder):
    weights = {k: v.float().requires_grad_() for k, v in load_file(folder + "/Ovi/model.safetensors").items()}
    configs = [json.load(open(f"{folder}/Ovi/{name}.json")) for name in ("video", "audio")]
    return weights, configs


def record_gradients(folder, path):
    """Of sum(video * linspace(-1, 1)) + sum(audio * linspace(1, -1)) at t = 731. Every tensor's norm, and of its gradient
    every n-th element, n as small as leaves at most 1024."""
    weights, configs = load_tiny(folder)
    golden = load_file(folder + "/golden_dit_fp32.safetensors")
    rows = F.pad(golden["context_pos"], (0, 0, 0, configs[0]["text_len"] - len(golden["context_pos"])))[None]
    video, audio = Ovi(weights, *configs, torch.float32).forward(
        golden["video_latent"][None], golden["audio_latent"].t()[None], torch.tensor([731.0]), rows)
    for ours, name in ((video[0], "video"), (audio[0].t(), "audio")):
        error = (ours - golden["t2av_t731." + name]).norm() / golden["t2av_t731." + name].norm()
        print(f"{name} velocity: {error:.1e} from the publisher's")
    slope = lambda x, first: (x * torch.linspace(first, -first, x.numel()).view_as(x)).sum()
    (slope(video, -1.0) + slope(audio, 1.0)).backward()
    result = {}
    for name, w in weights.items():
        flat = w.grad.flatten()
        result["norm." + name] = flat.norm()
        result["part." + name] = flat[::-(-len(flat) // 1024)].clone()
    save_file(result, path)


def random_blocks(tower, d, f, layers):
    """Weights of a tower's blocks, in bfloat16."""
    weights = {}
    for i in range(layers):
        p = f"{tower}blocks.{i}."
        shapes = {"modulation.modulation": (1, 6, d), "ffn.0.weight": (f, d), "ffn.0.bias": (f,), "ffn.2.weight": (d, f), "ffn.2.bias": (d,)}
        for n in ("self_attn.q", "self_attn.k", "self_attn.v", "self_attn.o", "cross_attn.q", "cross_attn.k", "cross_attn.v",
                  "cross_attn.o", "cross_attn.k_fusion", "cross_attn.v_fusion"):
            shapes |= {n + ".weight": (d, d), n + ".bias": (d,)}
        for n in ("self_attn.norm_q", "self_attn.norm_k", "cross_attn.norm_q", "cross_attn.norm_k", "cross_attn.norm_k_fusion"):
            shapes[n + ".weight"] = (d,)
        for n in ("norm3", "cross_attn.pre_attn_norm_fusion"):
            shapes |= {n + ".weight": (d,), n + ".bias": (d,)}
        weights |= {p + n: 0.02 * torch.randn(s).to(torch.bfloat16) for n, s in shapes.items()}
    return weights


def random_ends(tower, d, channels, out, text_dim):
    """Weights of a tower's embeddings and head, in bfloat16."""
    shapes = {"text_embedding.0": (d, text_dim), "text_embedding.2": (d, d), "time_embedding.0": (d, 256), "time_embedding.2": (d, d),
              "time_projection.1": (6 * d, d), "head.head": (out, d)}
    if tower == "video_model.":
        shapes["patch_embedding"] = (d, channels * 4)
    else:
        hidden = 256 * -(-int(8 * d / 3) // 256)
        shapes |= {"patch_embedding.0": (d, channels, 7), "patch_embedding.2.w1": (hidden, d, 7), "patch_embedding.2.w3": (hidden, d, 7),
                   "patch_embedding.2.w2": (d, hidden, 7)}
    weights = {}
    for name, shape in shapes.items():
        weights[tower + name + ".weight"] = 0.02 * torch.randn(shape).to(torch.bfloat16)
        if ".w" not in name:
            weights[tower + name + ".bias"] = torch.zeros(shape[0]).to(torch.bfloat16)
    weights[tower + "head.modulation"] = torch.zeros(1, 2, d).to(torch.bfloat16)
    return weights


def configuration(case):
    return {"num_heads": case["heads"], "num_layers": case["layers"], "dim": case["dim"], "freq_dim": 256,
            "temporal_rope_scaling_factor": 0.19676}


def bench_loop(case, steps):
    """The guided loop as the published program runs it: two passes of one sample per step. Seconds, the best of a few."""
    d, config = case["dim"], configuration(case)
    weights = {}
    for tower, channels, out in (("video_model.", 48, 192), ("audio_model.", 20, 20)):
        weights |= random_blocks(tower, d, case["ffn_dim"], case["layers"]) | random_ends(tower, d, channels, out, 64)
    model, (f, h, w) = Ovi(weights, config, config, torch.bfloat16), case["grid"]
    start = torch.randn(1, 48, f, 2 * h, 2 * w), torch.randn(1, 20, case["sounds"])
    rows = [torch.randn(1, case["text_len"], 64) for _ in range(2)]
    times = []
    with torch.inference_mode():
        for _ in range(6):
            begin = time.perf_counter()
            (v, a), sigmas = start, torch.linspace(1, 0, steps + 1)
            for now, after in zip(sigmas[:-1], sigmas[1:]):
                positive, negative = (model.forward(v, a, 1000 * now[None], r) for r in rows)
                v, a = (x + (after - now) * (n + g * (p - n)) for x, p, n, g in zip((v, a), positive, negative, (4, 3)))
            times.append(time.perf_counter() - begin)
    return min(times[1:])


def bench_case(case):
    """One case of bench_ovi: a block pair of random weights in bfloat16. Seconds, the best of a few runs."""
    d, config = case["dim"], configuration(case)
    weights = {}
    for tower in ("video_model.", "audio_model."):
        weights |= random_blocks(tower, d, case["ffn_dim"], case["layers"])
    model = Ovi(weights, config, config, torch.bfloat16)
    b, grid = case["batch"], case["grid"]
    v, a = torch.randn(b, math.prod(grid), d), torch.randn(b, case["sounds"], d)
    e0, text = torch.randn(b, 1, 6, d), torch.randn(b, case["text_len"], d).to(torch.bfloat16)
    tables = model.tables(grid, case["sounds"])
    times = []
    with torch.inference_mode():
        for _ in range(case["repeats"] + 1):
            start = time.perf_counter()
            model.blocks(v, a, e0, e0, text, text, tables, range(case["layers"]))
            times.append(time.perf_counter() - start)
    return min(times[1:])


def bench(program):
    cases = {}
    for line in subprocess.run([program], capture_output=True, text=True, check=True).stdout.splitlines():
        case = json.loads(line)
        cases[case["case"]] = case
        torch.set_num_threads(case["threads"])
        eager = bench_case(case) if "dim" in case else bench_loop(cases[case["of"]], case["steps"])
        print(json.dumps({"case": case["case"], "phonofilm_s": case["seconds"], "eager_s": round(eager, 4),
                          "times_faster": round(eager / case["seconds"], 2), "fraction_of_peak": case.get("fraction_of_peak")}), flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "gradients":
        record_gradients(sys.argv[2], sys.argv[3])
    elif len(sys.argv) == 3 and sys.argv[1] == "bench":
        bench(sys.argv[2])
    else:
        sys.exit(__doc__)
