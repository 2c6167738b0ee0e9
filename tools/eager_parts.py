#!/usr/bin/env python3
"""Ovi's other networks in eager PyTorch, as what phonofilm's are timed against (random weights of the published sizes).

    pip install torch safetensors numpy transformers
    tools/eager_parts.py vae build/release/bench/bench_wan22_vae      # Wan 2.2 video autoencoder, decoding
    tools/eager_parts.py umt5 build/release/bench/bench_umt5          # one layer of UMT5-XXL (transformers)
    tools/eager_parts.py vocoder build/release/bench/bench_vocoder    # BigVGAN, 16 kHz

Both programs run in turn on the same two threads, several times; the fastest of each counts.
"""
import json
import subprocess
import sys
import tempfile
import time

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

THREADS, ROUNDS = 2, 3


def run(program, *arguments):
    out = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def seconds_of(work):
    start = time.perf_counter()
    with torch.inference_mode():
        result = work()
    return time.perf_counter() - start, result


def report(what, ours, eager, **more):
    print(json.dumps({"what": what, "phonofilm_s": round(ours, 4), "eager_s": round(eager, 4),
                      "times_faster": round(eager / ours, 2), **more}), flush=True)


class WanDecoder:
    """The decoder over a whole film at once; a causal convolution over all frames is what the published chunks give."""

    def __init__(self, weights, dtype):
        self.w = {k: v.to(dtype) for k, v in weights.items()}

    def conv(self, name, x):
        weight, bias = self.w[name + ".weight"], self.w[name + ".bias"]
        time_taps, space = weight.shape[2], weight.shape[3] // 2
        return F.conv3d(F.pad(x, (space, space, space, space, time_taps - 1, 0)), weight, bias)

    def norm(self, name, x):
        gamma = self.w[name + ".gamma"]
        return F.normalize(x, dim=1) * x.shape[1] ** 0.5 * gamma

    def residual(self, p, x):
        y = self.conv(p + "residual.2", F.silu(self.norm(p + "residual.0", x)))
        y = self.conv(p + "residual.6", F.silu(self.norm(p + "residual.3", y)))
        return y + (self.conv(p + "shortcut", x) if p + "shortcut.weight" in self.w else x)

    def frames(self, x):
        return x.transpose(1, 2).flatten(0, 1)

    def attention(self, p, x):
        y = self.norm(p + "norm", self.frames(x))
        q, k, v = F.conv2d(y, self.w[p + "to_qkv.weight"], self.w[p + "to_qkv.bias"]).flatten(2).transpose(1, 2).chunk(3, -1)
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(y.shape)
        y = F.conv2d(y, self.w[p + "proj.weight"], self.w[p + "proj.bias"])
        return x + y.unflatten(0, (x.shape[0], -1)).transpose(1, 2)

    def upsample(self, p, x):
        if p + "time_conv.weight" in self.w and x.shape[2] > 1:  # the first frame is not doubled and is not history
            rest = self.conv_time(p + "time_conv", x[:, :, 1:])
            b, c, t, h, w = rest.shape
            rest = rest.view(b, 2, c // 2, t, h, w).permute(0, 2, 3, 1, 4, 5).reshape(b, c // 2, 2 * t, h, w)
            x = torch.cat([x[:, :, :1], rest], 2)
        y = F.interpolate(self.frames(x).float(), scale_factor=2, mode="nearest-exact").to(x.dtype)
        y = F.conv2d(y, self.w[p + "resample.1.weight"], self.w[p + "resample.1.bias"], padding=1)
        return y.unflatten(0, (x.shape[0], -1)).transpose(1, 2)

    def conv_time(self, name, x):
        return F.conv3d(F.pad(x, (0, 0, 0, 0, 2, 0)), self.w[name + ".weight"], self.w[name + ".bias"])

    def spread(self, x, out, time):
        """The shortcut around a stage: channels repeated, then unfolded into time and space."""
        b, c, t, h, w = x.shape
        y = x.repeat_interleave(out * time * 4 // c, 1).view(b, out, time, 2, 2, t, h, w)
        y = y.permute(0, 1, 5, 2, 6, 3, 7, 4).reshape(b, out, t * time, 2 * h, 2 * w)
        return y[:, :, time - 1:]

    def decode(self, z):
        x = self.conv("decoder.conv1", self.conv("conv2", z))
        x = self.residual("decoder.middle.0.", x)
        x = self.residual("decoder.middle.2.", self.attention("decoder.middle.1.", x))
        for stage in range(4):
            p, y = f"decoder.upsamples.{stage}.upsamples.", x
            for block in range(3):
                y = self.residual(f"{p}{block}.", y)
            if stage < 3:
                y = self.upsample(p + "3.", y)
                y = y + self.spread(x, y.shape[1], 2 if stage < 2 else 1)
            x = y
        x = self.conv("decoder.head.2", F.silu(self.norm("decoder.head.0", x)))
        b, c, t, h, w = x.shape
        return x.view(b, 3, 2, 2, t, h, w).permute(0, 1, 4, 5, 3, 6, 2).reshape(b, 3, t, 2 * h, 2 * w).clamp(-1, 1)


def latent_statistics(program_folder, latent):
    """Random films need no true statistics, but both sides must undo the same ones: read off conv2's input."""
    stats = load_file(program_folder + "/statistics.safetensors")
    return latent * stats["std"].view(1, -1, 1, 1, 1) + stats["mean"].view(1, -1, 1, 1, 1)


def vae(program):
    with tempfile.TemporaryDirectory() as folder:
        best = {}
        for _ in range(ROUNDS):
            for dtype in ("float32", "bfloat16"):
                line = next(l for l in run(program, "decode", folder, dtype, THREADS, 1) if l["name"] == "decode")
                best[dtype] = min(best.get(dtype, 1e9), line["ms"] / 1e3)
            weights = load_file(folder + "/weights.safetensors")
            z = latent_statistics(folder, load_file(folder + "/latent.safetensors")["latent"])
            for dtype in (torch.float32, torch.bfloat16):
                decoder, key = WanDecoder(weights, dtype), "eager " + str(dtype)[6:]
                seconds, video = seconds_of(lambda: decoder.decode(z.to(dtype)))
                best[key] = min(best.get(key, 1e9), seconds)
                if dtype == torch.float32:
                    ours = load_file(folder + "/video_float32.safetensors")["video"]
                    difference = ((video - ours).norm() / video.norm()).item()
        report("vae decode, both float32", best["float32"], best["eager float32"], difference=difference)
        report("vae decode, bfloat16 against eager float32", best["bfloat16"], best["eager float32"])
        report("vae decode, both bfloat16", best["bfloat16"], best["eager bfloat16"])


def umt5(program):
    from transformers import UMT5Config, UMT5EncoderModel
    config = UMT5Config(vocab_size=256, d_model=4096, d_kv=64, num_heads=64, d_ff=10240, num_layers=1, dropout_rate=0)
    model = UMT5EncoderModel(config).eval().to(torch.bfloat16)
    ids = torch.randint(3, 256, (1, 128))
    ours, eager = 1e9, 1e9
    for _ in range(ROUNDS):
        line = run(program, THREADS)[0]
        ours = min(ours, line["seconds"])
        for _ in range(4):
            eager = min(eager, seconds_of(lambda: model(ids).last_hidden_state)[0])
    report("one layer of UMT5-XXL, 128 tokens, bfloat16", ours, eager, fraction_of_peak=line["fraction_of_peak"])


class BigVgan:
    """Published sizes, weight norm folded, random weights."""
    RATES, KERNELS = (4, 4, 2, 2, 2, 2), (8, 8, 4, 4, 4, 4)

    def __init__(self, dtype):
        self.dtype = dtype
        make = lambda *shape: (0.5 * torch.randn(shape) / (shape[1] * shape[2]) ** 0.5).to(dtype)
        self.pre, self.post, self.stages = make(1536, 80, 7), make(1, 24, 7), []
        self.taps = torch.randn(1, 1, 12).to(dtype)
        for i, kernel in enumerate(self.KERNELS):
            c = 1536 >> (i + 1)
            blocks = [[(make(c, c, k), make(c, c, k), d) for d in (1, 3, 5)] for k in (3, 7, 11)]
            self.stages.append((make(2 * c, c, kernel), blocks, torch.zeros(1, c, 1, dtype=dtype)))

    def snake(self, x, alpha):
        taps = self.taps.expand(x.shape[1], -1, -1)
        y = 2 * F.conv_transpose1d(F.pad(x, (5, 5), mode="replicate"), taps, stride=2, groups=x.shape[1])[..., 15:-15]
        y = y + (y * alpha.exp()).sin().square() / (alpha.exp() + 1e-9)
        return F.conv1d(F.pad(y, (5, 6), mode="replicate"), taps, stride=2, groups=x.shape[1])

    def forward(self, mel):
        x = F.conv1d(mel.to(self.dtype), self.pre, padding=3)
        for rate, (up, blocks, alpha) in zip(self.RATES, self.stages):
            x = F.conv_transpose1d(x, up, stride=rate, padding=(up.shape[2] - rate) // 2)
            total = 0
            for block in blocks:
                y = x
                for first, second, d in block:
                    k = first.shape[2]
                    h = F.conv1d(self.snake(y, alpha), first, dilation=d, padding=d * (k - 1) // 2)
                    y = y + F.conv1d(self.snake(h, alpha), second, padding=(k - 1) // 2)
                total = total + y
            x = total / 3
        return F.conv1d(self.snake(x, torch.zeros(1, 24, 1, dtype=self.dtype)), self.post, padding=3).tanh()


def vocoder(program):
    frames = 64  # about a second; the published five seconds are five of these
    torch.set_num_threads(1)
    best = {}
    for _ in range(ROUNDS):
        for line in run(program, frames):
            if line["name"] == "bigvgan":
                best[line["dtype"]] = min(best.get(line["dtype"], 1e9), line["ms"] / 1e3)
        for dtype in (torch.float32, torch.bfloat16):
            model, mel, key = BigVgan(dtype), torch.randn(1, 80, frames), "eager " + str(dtype)[6:]
            best[key] = min(best.get(key, 1e9), seconds_of(lambda: model.forward(mel))[0])
    for dtype in ("float32", "bfloat16"):
        report(f"vocoder, one second, one thread, {dtype}", best[dtype], best["eager " + dtype])


if __name__ == "__main__":
    parts = {"vae": vae, "umt5": umt5, "vocoder": vocoder}
    if len(sys.argv) != 3 or sys.argv[1] not in parts:
        sys.exit(__doc__)
    torch.set_num_threads(THREADS)
    parts[sys.argv[1]](sys.argv[2])
