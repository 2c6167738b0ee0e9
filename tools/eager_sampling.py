#!/usr/bin/env python3
"""The embedded model's sampling loop in eager PyTorch, to time phonofilm against.

    pip install torch safetensors numpy
    tools/eager_sampling.py build/release/src/phonofilm/cli/phonofilm [models/mini]

runs phonofilm and this script with the same prompt, seed and settings (Euler, text guidance alone, both passes in
one batch), checks in float32 that both arrive at the same latents, and prints the time of the denoising loop of both
in bfloat16 as one JSON line. Attention is torch's own scaled_dot_product_attention.
"""
import json
import math
import re
import subprocess
import sys
import tempfile
import time

import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import load_file

PROMPT = "a red rubber ball falls and bounces three times"
STEPS, GUIDANCE, SEED = 25, 2.0, 1


class Model:
    """Weights by their names in model.safetensors; every method is a part of NAVA's transformer."""

    def __init__(self, folder, dtype):
        config = json.load(open(folder + "/backbone/config.json"))
        self.text, self.c = config["text_encoder"], config["transformer"]
        self.dtype, self.heads = dtype, self.c["num_heads"]
        self.w = {k: v.to(dtype if v.dim() > 1 else torch.float32)
                  for k, v in load_file(folder + "/backbone/model.safetensors").items()}

    def linear(self, name, x):
        return F.linear(x.to(self.dtype), self.w[name + ".weight"].flatten(1), self.w[name + ".bias"].to(self.dtype))

    def norm(self, name, x, eps=1e-6):
        return F.layer_norm(x.float(), x.shape[-1:], self.w[name + ".weight"], self.w[name + ".bias"], eps)

    def split(self, x, heads):
        return x.unflatten(-1, (heads, -1)).transpose(1, 2)

    def rms(self, name, x):
        y = x.float() * torch.rsqrt(x.float().square().mean(-1, keepdim=True) + 1e-6)
        return (y * self.w[name + ".weight"]).to(self.dtype)

    def tokenize(self, text):
        known = {word: i + 2 for i, word in enumerate(self.text["words"])}
        ids = [known.get(word, 1) for word in re.findall(r"[\w'-]+", text.lower())]
        return torch.tensor([ids + [0] * (self.text["max_tokens"] - len(ids))])

    def encode(self, tokens):
        p = "text_encoder."
        words = (self.w[p + "word_embedding.weight"][tokens] + self.w[p + "position_embedding"]).float()
        x, padding = words, tokens.eq(0)
        for i in range(self.text["layers"]):
            q = f"{p}layers.{i}."
            h = self.norm(q + "norm1", x)
            heads = [self.split(self.linear(q + n, h), self.text["heads"]) for n in "qkv"]
            mask = torch.zeros(padding.shape).masked_fill(padding, -1e9).to(self.dtype)[:, None, None]
            mixed = F.scaled_dot_product_attention(*heads, attn_mask=mask)
            x = x + self.linear(q + "o", mixed.transpose(1, 2).flatten(2)).float()
            hidden = F.gelu(self.linear(q + "fc1", self.norm(q + "norm2", x)), approximate="tanh")
            x = x + self.linear(q + "fc2", hidden).float()
        rows = self.norm(p + "word_norm", words) + self.norm(p + "norm", x)
        if self.text.get("neighbours", 0) > 0:
            filters, given = self.w[p + "neighbours.conv.weight"], words.masked_fill(padding[..., None], 0).transpose(1, 2)
            mixed = F.conv1d(given.to(self.dtype), filters, padding=self.text["neighbours"], groups=len(filters))
            rows = rows + self.norm(p + "neighbours.norm", mixed.transpose(1, 2))
        rows = rows.masked_fill(padding[..., None], 0)
        p = "transformer.text_embedding."
        return self.linear(p + "2", F.gelu(self.linear(p + "0", rows), approximate="tanh"))

    def axis(self, count, pairs, theta, scale):
        frequency = torch.exp(-math.log(theta) / pairs * torch.arange(pairs, dtype=torch.float64))
        return torch.outer(torch.arange(count, dtype=torch.float64) * scale, frequency)

    def rope(self, frames, rows, columns, sounds):
        t, y, x = self.c["rope_pairs"]
        theta = self.c["rope_theta_time"]
        grid = torch.cat([self.axis(frames, t, theta, self.c["rope_video_scale"])[:, None, None].expand(-1, rows, columns, -1),
                          self.axis(rows, y, 10000, 1)[None, :, None].expand(frames, -1, columns, -1),
                          self.axis(columns, x, 10000, 1)[None, None].expand(frames, rows, -1, -1)], -1).flatten(0, 2)
        sound = F.pad(self.axis(sounds, t, theta, self.c["temporal_rope_scaling_factor"]), (0, y + x))
        return [torch.polar(torch.ones_like(a), a).to(torch.complex64) for a in (grid, sound)]

    def rotate(self, x, rope):
        pairs = torch.view_as_complex(self.split(x, self.heads).float().unflatten(-1, (-1, 2)).contiguous())
        return torch.view_as_real(pairs * rope).flatten(-2).to(self.dtype)

    def attend_self(self, streams):
        """streams: (block, suffix, tokens, modulation, rope), one per set of weights; one joint attention."""
        parts = []
        for block, suffix, x, m, rope in streams:
            h = (F.layer_norm(x, x.shape[-1:]) * (1 + m[1]) + m[0]).to(self.dtype)
            p = block + "self_attn."
            parts.append([self.rotate(self.rms(p + "norm_q" + suffix, self.linear(p + "q" + suffix, h)), rope),
                          self.rotate(self.rms(p + "norm_k" + suffix, self.linear(p + "k" + suffix, h)), rope),
                          self.split(self.linear(p + "v" + suffix, h), self.heads)])
        y = F.scaled_dot_product_attention(*(torch.cat(side, 2) for side in zip(*parts))).transpose(1, 2).flatten(2)
        return y.split([s[2].shape[1] for s in streams], 1)

    def finish(self, block, suffix, x, y, m, text):
        x = x + self.linear(block + "self_attn.o" + suffix, y).float() * m[2]
        p = block + "cross_attn."
        q = self.split(self.rms(p + "norm_q" + suffix, self.linear(p + "q" + suffix, self.norm(block + "norm3" + suffix, x))), self.heads)
        y = F.scaled_dot_product_attention(q, *text).transpose(1, 2).flatten(2)
        x = x + self.linear(p + "o" + suffix, y).float()
        h = (F.layer_norm(x, x.shape[-1:]) * (1 + m[4]) + m[3]).to(self.dtype)
        p = block + "ffn" + suffix
        return x + self.linear(p + ".2", F.gelu(self.linear(p + ".0", h), approximate="tanh")).float() * m[5]

    def text_keys(self, context):
        keys = {}
        for i in range(self.c["num_double_layers"] + self.c["num_single_layers"]):
            block = self.block(i)
            for suffix in ("", "_audio") if "double" in block else ("",):
                p = block + "cross_attn."
                keys[block, suffix] = [self.split(self.rms(p + "norm_k" + suffix, self.linear(p + "k" + suffix, context)), self.heads),
                                       self.split(self.linear(p + "v" + suffix, context), self.heads)]
        return keys

    def block(self, i):
        doubles = self.c["num_double_layers"]
        return f"transformer.double_blocks.{i}." if i < doubles else f"transformer.single_blocks.{i - doubles}."

    def time(self, sigma):
        half = self.c["freq_dim"] // 2
        angle = 1000 * sigma * torch.exp(-math.log(10000) / half * torch.arange(half, dtype=torch.float64))
        wave = torch.cat([angle.cos(), angle.sin()]).float()
        w = lambda name: (self.w[f"transformer.{name}.weight"].float(), self.w[f"transformer.{name}.bias"])
        e = F.linear(F.silu(F.linear(wave, *w("time_embedding.0"))), *w("time_embedding.2"))
        return e, F.linear(F.silu(e), *w("time_projection.1")).view(6, -1)

    def embed_audio(self, x):
        p, pad = "transformer.patch_embedding_audio.", self.c["audio_embed_kernel"] // 2
        conv = lambda n, y, bias=None: F.conv1d(y.to(self.dtype), self.w[p + n + ".weight"], bias, padding=pad)
        y = F.silu(conv("0", x, self.w[p + "0.bias"].to(self.dtype)))
        return conv("2.w2", F.silu(conv("2.w1", y)) * conv("2.w3", y)).transpose(1, 2).float()

    def head(self, name, x, e):
        m = self.w[f"transformer.{name}.modulation"].float()[0] + e
        return self.linear(f"transformer.{name}.head", F.layer_norm(x, x.shape[-1:]) * (1 + m[1]) + m[0]).float()

    def velocity(self, video, audio, sigma, keys, rope):
        b, channels, frames, rows, columns = video.shape
        patches = video.view(b, channels, frames, rows // 2, 2, columns // 2, 2).permute(0, 2, 3, 5, 1, 4, 6)
        v = self.linear("transformer.patch_embedding", patches.flatten(4).flatten(1, 3)).float()
        grid = self.w["transformer.position_embedding.grid"].float().flatten(1).T
        first = self.w["transformer.position_embedding.first_frame"]
        v = v + torch.cat([grid + first, grid.repeat(frames - 1, 1)])
        a = self.embed_audio(audio)
        e, e0 = self.time(sigma)
        table = lambda block, suffix: e0 + self.w[f"{block}modulation{suffix}.modulation"].float()[0]
        for i in range(self.c["num_double_layers"]):
            block = self.block(i)
            mv, ma = table(block, ""), table(block, "_audio")
            yv, ya = self.attend_self([(block, "", v, mv, rope[0]), (block, "_audio", a, ma, rope[1])])
            v, a = (self.finish(block, "", v, yv, mv, keys[block, ""]),
                    self.finish(block, "_audio", a, ya, ma, keys[block, "_audio"]))
        x, joint = torch.cat([v, a], 1), torch.cat(rope)
        for i in range(self.c["num_double_layers"], self.c["num_double_layers"] + self.c["num_single_layers"]):
            block = self.block(i)
            m = table(block, "")
            x = self.finish(block, "", x, self.attend_self([(block, "", x, m, joint)])[0], m, keys[block, ""])
        out = self.head("head", x[:, :v.shape[1]], e).view(b, frames, rows // 2, columns // 2, 2, 2, channels)
        return (out.permute(0, 6, 1, 2, 4, 3, 5).reshape(video.shape),
                self.head("head_audio", x[:, v.shape[1]:], e).transpose(1, 2))


@torch.inference_mode()
def sample(model, video_shape, audio_shape):
    generator = torch.Generator().manual_seed(SEED)
    video, audio = torch.randn(video_shape, generator=generator), torch.randn(audio_shape, generator=generator)
    start = time.perf_counter()
    keys = model.text_keys(model.encode(torch.cat([model.tokenize(PROMPT), model.tokenize("")])))
    rope = model.rope(video_shape[2], video_shape[3] // 2, video_shape[4] // 2, audio_shape[2])
    for i in range(STEPS):
        vv, va = model.velocity(video.expand(2, -1, -1, -1, -1), audio.expand(2, -1, -1), 1 - i / STEPS, keys, rope)
        video = video - (vv[1:] + GUIDANCE * (vv[:1] - vv[1:])) / STEPS
        audio = audio - (va[1:] + GUIDANCE * (va[:1] - va[1:])) / STEPS
    return video, audio, time.perf_counter() - start


def run_phonofilm(program, folder, dtype, film):
    subprocess.run([program, "generate", PROMPT, "--model", folder, "--seed", str(SEED), "--steps", str(STEPS), "--solver", "euler",
                    "--shift", "1", "--text-guidance", str(GUIDANCE), "--align-guidance", "0", "--dtype", dtype, "--dump-latents", "-o", film],
                   check=True, capture_output=True)
    shown = subprocess.run([program, "show", film, "--json", "--no-pictures"], check=True, capture_output=True, text=True).stdout
    return json.loads(shown)["settings"]["seconds"]


def main():
    program, folder = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "models/mini"
    with tempfile.TemporaryDirectory() as scratch:
        run_phonofilm(program, folder, "float32", scratch + "/film.mp4")
        with safe_open(scratch + "/film.latents.safetensors", "pt") as file:
            video, audio = file.get_tensor("video"), file.get_tensor("audio")
        own = sample(Model(folder, torch.float32), video.shape, audio.shape)
        error = max(((a - b).norm() / b.norm()).item() for a, b in zip(own, (video, audio)))
        if error > 1e-3:
            sys.exit(f"the two do not compute the same: relative error {error:.2e}")
        times = [run_phonofilm(program, folder, "bfloat16", scratch + "/film.mp4") for _ in range(3)]
    model = Model(folder, torch.bfloat16)
    eager = min(sample(model, video.shape, audio.shape)[2] for _ in range(4))
    ours = min(t["encode"] + t["denoise"] for t in times)
    print(json.dumps({"bench": "eager_sampling", "steps": STEPS, "relative_error_float32": error, "threads": torch.get_num_threads(),
                      "eager_ms": round(1000 * eager, 1), "phonofilm_ms": round(1000 * ours, 1), "ratio": round(eager / ours, 2)}))


if __name__ == "__main__":
    main()
