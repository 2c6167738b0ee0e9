#!/usr/bin/env python3
"""The sampling loop of the embedded model in PyTorch eager, to set its speed beside `phonofilm generate`.

    tools/torch_sampling.py [--model models/mini] [--threads 1 2] [--steps 25] [--repeats 5]
    tools/torch_sampling.py --compare film.latents.safetensors

Written as a PyTorch user would write it: stock operators, weights and activations of matrix products in bfloat16,
residual in float32, positive and negative prompt as one batch of 2, keys and values of the text computed once. Prints
one JSON line per thread count: the median time of the whole loop, without loading, text encoding and decoding.

--compare repeats, in float32, the film whose latents `phonofilm generate --solver euler --dtype float32
--keep-latents` left behind, and fails where they differ by more than a relative error of 1e-3. Needs torch only.
"""
import argparse
import json
import math
import re
import statistics
import struct
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F

DTYPES = {"F32": torch.float32, "BF16": torch.bfloat16, "F16": torch.float16}
NUMBERS = "zero one two three four five six seven eight nine".split()
PAD, UNKNOWN, FIRST_WORD = 0, 1, 2
VIDEO_SHAPE, AUDIO_SHAPE = (1, 16, 13, 8, 8), (1, 16, 64)  # of the embedded model's default film
# Small or sensitive: these stay in float32 whatever the dtype of the matrix products.
FLOAT32_NAMES = re.compile(r"norm|modulation|time_|position_embedding|word_embedding")


def read_safetensors(path):
    data = bytearray(Path(path).read_bytes())
    size = struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8:8 + size])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        dtype, (start, end) = DTYPES[entry["dtype"]], entry["data_offsets"]
        count = (end - start) // dtype.itemsize
        tensors[name] = torch.frombuffer(data, dtype=dtype, count=count, offset=8 + size + start).view(entry["shape"])
    return tensors, metadata


def tokenize(text, words, limit):
    """Ids [1, limit] of WordTokenizer: lower case, digits as words, a plural stands in for its singular and back."""
    ids, known = [], {word: FIRST_WORD + i for i, word in enumerate(words)}
    for word in re.findall(r"[A-Za-z0-9'\-\u0080-\U0010ffff]+|\S", text):
        word = NUMBERS[int(word)] if re.fullmatch("[0-9]", word) else word.lower()
        partner = word[:-1] if word.endswith("s") else word + "s"
        found = known.get(word, known.get(partner, UNKNOWN))
        if found != UNKNOWN or not re.fullmatch(r"[!-/:-@\[-`{-~]", word):
            ids.append(found)
    return torch.tensor([(ids + [PAD] * limit)[:limit]])


def split_heads(x, heads):
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def join_heads(x):
    return x.transpose(1, 2).flatten(2)


def rotations(positions, pairs, theta):
    """Unit complex numbers [L, pairs] of RoPE."""
    frequency = torch.exp(torch.arange(pairs, dtype=torch.float64) * (-math.log(theta) / pairs))
    angles = torch.outer(positions.double(), frequency)
    return torch.polar(torch.ones_like(angles), angles).to(torch.complex64)


class Model:
    def __init__(self, folder, dtype):
        folder = Path(folder) / "backbone"
        config = json.loads((folder / "config.json").read_text())
        self.text, self.c, self.dtype = config["text_encoder"], config["transformer"], dtype
        if self.c["add_spk_emb"] or self.c["no_split_norm_ffn"] or self.c["patch_size"] != [1, 2, 2]:
            sys.exit(f"{folder}/config.json: only the embedded model's kind of transformer is supported")
        tensors, _ = read_safetensors(folder / "model.safetensors")
        self.w = {name: t.to(torch.float32 if FLOAT32_NAMES.search(name) else dtype) for name, t in tensors.items()}

    def linear(self, name, x):
        weight = self.w[name + ".weight"]
        return F.linear(x.to(weight.dtype), weight, self.w[name + ".bias"])

    def conv(self, name, x):
        weight = self.w[name + ".weight"]
        return F.conv1d(x, weight, self.w.get(name + ".bias"), padding=weight.shape[2] // 2)

    def norm(self, name, x):
        return F.layer_norm(x, x.shape[-1:], self.w[name + ".weight"], self.w[name + ".bias"], eps=1e-6)

    def mlp(self, first, second, x):
        return self.linear(second, F.gelu(self.linear(first, x), approximate="tanh"))

    # Text encoder

    def encode_words(self, texts):
        """Rows [B, max_tokens, width], zero behind the last word."""
        ids = torch.cat([tokenize(text, self.text["words"], self.text["max_tokens"]) for text in texts])
        padding, heads = ids == PAD, self.text["heads"]
        mask = torch.zeros(padding.shape, dtype=self.dtype).masked_fill(padding, -1e9)[:, None, None]
        x = F.embedding(ids, self.w["text_encoder.word_embedding.weight"]) + self.w["text_encoder.position_embedding"]
        for i in range(self.text["layers"]):
            name = f"text_encoder.layers.{i}."
            h = self.norm(name + "norm1", x)
            q, k, v = (split_heads(self.linear(name + part, h), heads) for part in "qkv")
            x = x + self.linear(name + "o", join_heads(F.scaled_dot_product_attention(q, k, v, attn_mask=mask)))
            x = x + self.mlp(name + "fc1", name + "fc2", self.norm(name + "norm2", x))
        return self.norm("text_encoder.norm", x).masked_fill(padding[..., None], 0)

    # Transformer: streams are (suffix of the weight names, tokens [B, L, D], rotations [L, K / 2])

    def heads(self, name, norm_name, x, rotation=None):
        x = self.linear(name, x).float()
        x = split_heads(F.rms_norm(x, x.shape[-1:], self.w[norm_name + ".weight"], self.c["eps"]), self.c["num_heads"])
        if rotation is not None:
            pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
            x = torch.view_as_real(pairs * rotation).flatten(-2)
        return x.to(self.dtype)

    def blocks(self):
        for i in range(self.c["num_double_layers"]):
            yield f"transformer.double_blocks.{i}.", ("", "_audio")
        for i in range(self.c["num_single_layers"]):
            yield f"transformer.single_blocks.{i}.", ("",)

    def prepare_text(self, texts):
        """Keys and values of cross-attention by block and stream; they are the same in every step."""
        context = self.mlp("transformer.text_embedding.0", "transformer.text_embedding.2", self.encode_words(texts))
        prepared = {}
        for block, suffixes in self.blocks():
            for s in suffixes:
                name = block + "cross_attn."
                value = split_heads(self.linear(name + "v" + s, context), self.c["num_heads"])
                prepared[block + s] = self.heads(name + "k" + s, name + "norm_k" + s, context), value
        return prepared

    def modulated(self, x, shift, scale):
        return F.layer_norm(x, x.shape[-1:], eps=1e-6) * (1 + scale) + shift

    def block(self, block, streams, e0, text):
        rows, parts = [], []
        for s, x, rotation in streams:
            m = (e0 + self.w[f"{block}modulation{s}.modulation"]).unsqueeze(2).unbind(1)
            h, name = self.modulated(x, m[0], m[1]), block + "self_attn."
            rows.append(m)
            parts.append((self.heads(name + "q" + s, name + "norm_q" + s, h, rotation),
                          self.heads(name + "k" + s, name + "norm_k" + s, h, rotation),
                          split_heads(self.linear(name + "v" + s, h), self.c["num_heads"])))
        attended = F.scaled_dot_product_attention(*(torch.cat(part, 2) for part in zip(*parts)))
        attended = join_heads(attended).split([x.shape[1] for _, x, _ in streams], 1)
        after = []
        for (s, x, rotation), m, a in zip(streams, rows, attended):
            x = x + self.linear(f"{block}self_attn.o{s}", a) * m[2]
            q = self.heads(f"{block}cross_attn.q{s}", f"{block}cross_attn.norm_q{s}", self.norm(f"{block}norm3{s}", x))
            a = F.scaled_dot_product_attention(q, *text[block + s])
            x = x + self.linear(f"{block}cross_attn.o{s}", join_heads(a))
            x = x + self.mlp(f"{block}ffn{s}.0", f"{block}ffn{s}.2", self.modulated(x, m[3], m[4])) * m[5]
            after.append((s, x, rotation))
        return after

    def embed(self, video, audio):
        name, w, (pt, ph, pw) = "transformer.patch_embedding", self.w, self.c["rope_pairs"]
        b, channels, frames, rows, columns = video.shape
        h, wide = rows // 2, columns // 2
        patches = video.reshape(b, channels, frames, h, 2, wide, 2).permute(0, 2, 3, 5, 1, 4, 6).flatten(4).flatten(1, 3)
        x = F.linear(patches.to(self.dtype), w[name + ".weight"].flatten(1), w[name + ".bias"]).float()
        places = w["transformer.position_embedding.grid"].flatten(1).T.expand(frames, -1, -1).clone()
        places[0] += w["transformer.position_embedding.first_frame"]
        t, y, z = torch.meshgrid(torch.arange(frames), torch.arange(h), torch.arange(wide), indexing="ij")
        theta = self.c["rope_theta_time"]
        turn = torch.cat([rotations(t.flatten() * self.c["rope_video_scale"], pt, theta),
                          rotations(y.flatten(), ph, 10000), rotations(z.flatten(), pw, 10000)], 1)
        g = F.silu(self.conv(name + "_audio.0", audio.to(self.dtype)))
        g = F.silu(self.conv(name + "_audio.2.w1", g)) * self.conv(name + "_audio.2.w3", g)
        sound = self.conv(name + "_audio.2.w2", g).transpose(1, 2).float()
        times = torch.arange(audio.shape[2]) * self.c["temporal_rope_scaling_factor"]
        still = torch.ones(audio.shape[2], ph + pw, dtype=torch.complex64)
        sound_turn = torch.cat([rotations(times, pt, theta), still], 1)
        return [("", x + places.flatten(0, 1), turn), ("_audio", sound, sound_turn)]

    def head(self, name, x, e):
        shift, scale = (e.unsqueeze(1) + self.w[f"transformer.{name}.modulation"]).unsqueeze(2).unbind(1)
        return self.linear(f"transformer.{name}.head", self.modulated(x, shift, scale)).float()

    def velocity(self, video, audio, sigma, text):
        half = self.c["freq_dim"] // 2
        angle = 1000 * sigma * torch.exp(torch.arange(half, dtype=torch.float64) * (-math.log(10000) / half))
        wave = torch.cat([angle.cos(), angle.sin()]).float().expand(video.shape[0], -1)
        e = self.linear("transformer.time_embedding.2", F.silu(self.linear("transformer.time_embedding.0", wave)))
        e0 = self.linear("transformer.time_projection.1", F.silu(e)).unflatten(-1, (6, -1))
        streams = self.embed(video, audio)
        for block, suffixes in self.blocks():
            if len(suffixes) < len(streams):
                streams = [("", torch.cat([x for _, x, _ in streams], 1), torch.cat([turn for *_, turn in streams]))]
            streams = self.block(block, streams, e0, text)
        tokens, sounds = streams[0][1].split([streams[0][1].shape[1] - audio.shape[2], audio.shape[2]], 1)
        b, channels, frames, rows, columns = video.shape
        v = self.head("head", tokens, e).reshape(b, frames, rows // 2, columns // 2, 2, 2, channels)
        return v.permute(0, 6, 1, 2, 4, 3, 5).reshape(video.shape), self.head("head_audio", sounds, e).transpose(1, 2)


def sample(model, text, video, audio, steps, scale):
    sigmas = [1 - i / steps for i in range(steps)] + [0.0]
    for sigma, following in zip(sigmas, sigmas[1:]):
        passes = model.velocity(video.expand(2, -1, -1, -1, -1), audio.expand(2, -1, -1), sigma, text)
        guided = [n + scale * (p - n) for p, n in (v.split(1) for v in passes)]
        video, audio = (x + (following - sigma) * v for x, v in zip((video, audio), guided))
    return video, audio


def draw_noise(seed, video_shape=VIDEO_SHAPE, audio_shape=AUDIO_SHAPE):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(video_shape, generator=generator), torch.randn(audio_shape, generator=generator)


def compare(path, folder, scale):
    expected, metadata = read_safetensors(path)
    request = json.loads(metadata["request"])
    if request["solver"] != "euler" or request["shift"] not in (-1, 1) or not (request["video"] and request["audio"]):
        sys.exit(f"{path}: expected a film with picture and sound by --solver euler --shift 1")
    scale = request["text_guidance"] if request["text_guidance"] >= 0 else scale
    model = Model(folder, torch.float32)
    text = model.prepare_text([request["prompt"], request["negative_prompt"]])
    noise = draw_noise(request["seed"], expected["video"].shape, expected["audio"].shape)
    worst = 0.0
    for name, got in zip(("video", "audio"), sample(model, text, *noise, request["steps"], scale)):
        error = float((got - expected[name]).norm() / expected[name].norm())
        worst = max(worst, error if math.isfinite(error) else math.inf)
        print(json.dumps({"compare": name, "relative_error": error}))
    return 0 if worst < 1e-3 else 1


def measure(args):
    model = Model(args.model, getattr(torch, args.dtype))
    text, noise = model.prepare_text([args.prompt, ""]), draw_noise(seed=1)
    for threads in args.threads:
        torch.set_num_threads(threads)
        sample(model, text, *noise, 2, args.guidance)  # warm up
        times = []
        for _ in range(args.repeats):
            start = time.perf_counter()
            sample(model, text, *noise, args.steps, args.guidance)
            times.append(1000 * (time.perf_counter() - start))
        print(json.dumps({"bench": "torch_sampling", "stage": "denoise", "steps": args.steps,
                          "median_ms": round(statistics.median(times), 1), "threads": threads}), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=Path(__file__).resolve().parent.parent / "models" / "mini")
    parser.add_argument("--prompt", default="a red rubber ball falls")
    parser.add_argument("--guidance", type=float, default=2.0, help="text guidance, unless the compared film names one")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--dtype", choices=["bfloat16", "float32"], default="bfloat16")
    parser.add_argument("--compare", metavar="FILE", help="latents kept by phonofilm generate")
    args = parser.parse_args()
    with torch.inference_mode():
        return compare(args.compare, args.model, args.guidance) if args.compare else measure(args)


if __name__ == "__main__":
    sys.exit(main())
