"""Films for the stand-in server, rendered by the program itself: the sound belongs to the picture to the sample, so
that what
the page shows of it can be checked. Pictures on the way from noise to the film are mixed from the finished ones."""
import json
import random
import struct
import subprocess
import zlib
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Film:
    caption: str
    film: bytes      # .mp4
    poster: bytes    # .png
    settings: bytes  # .json with measured strikes
    strip: tuple     # width, height, rows of RGB: frames side by side
    sound: tuple     # the same: the spectrogram


def generate(program, folder, prompt, **settings):
    """The bytes of a film of the embedded model."""
    path = Path(folder) / "generated.mp4"
    run(program, "generate", prompt, "-o", path, *(f"--{name}={value}" for name, value in settings.items()))
    return path.read_bytes()


def render(program, folder, count, scene="hard_impacts", seed=11, size=192):
    """Renders `count` films with the world's truth, and what the page needs beside them."""
    folder = Path(folder)
    run(program, "world", "render", "--scene", scene, "--seed", seed, "--count", count, "--size", size, "--out", folder)
    return [film_of(program, path) for path in sorted(folder.glob("*.mp4"))]


def run(program, *arguments):
    subprocess.run([str(program), *map(str, arguments)], check=True, capture_output=True)


def film_of(program, path):
    truth = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    run(program, "show", path, "-o", path.parent)
    picture = read_png(path.with_name(f"{path.stem}_spectrogram.png").read_bytes())
    # The picture of `show`: a strip of frames above the spectrogram, with room for its scale at the left.
    strip, sound = cut(picture, 55, 1271, 8, 130), cut(picture, 55, 1271, 138, 394)
    return Film(truth["caption"], path.read_bytes(), path.with_suffix(".png").read_bytes(), settings_of(truth), strip,
        sound)


def cut(picture, left, right, top, bottom, every=2):
    """A part of a picture, of which every second pixel is kept."""
    rows = [row[3 * left:3 * right] for row in picture[2][top:bottom:every]]
    thin = [b"".join(row[i:i + 3] for i in range(0, len(row), 3 * every)) for row in rows]
    return len(thin[0]) // 3, len(thin), thin


def settings_of(truth):
    """Measures in the shape that workers write; the offsets are made up: early, late, far off."""
    offsets = [6.4, -18.2, 41.0, 4.1, 78.3, -9.0]
    impacts = [{"time": event["time"], "surface": event["surface"], "color": truth["objects"][event["object"]]["color"],
                "offset_ms": offsets[i % len(offsets)]} for i, event in enumerate(truth["events"])]
    settings = {"prompt": truth["caption"], "model": "mini", "steps": 30, "seed": truth["seed"], "solver": "unipc",
                "text_guidance": 3.0, "align_guidance": 1.0, "seconds": 2.0}
    return json.dumps({**settings, "measured": {"median_offset_ms": 9.0, "impacts": impacts}}).encode()


def mixed_with_noise(picture, sigma, seed):
    """A PNG of (1 - sigma) x picture + sigma x noise, in blocks of 4 x 4 pixels as a decoded latent has them."""
    width, height, rows = picture
    rng = random.Random(seed)
    lines = []
    for y, row in enumerate(rows):
        if y % 4 == 0:
            noise = [[rng.randrange(256) for _ in range(3)] for _ in range(width // 4 + 1)]
        lines.append(bytes(int((1 - sigma) * row[i] + sigma * noise[i // 12][i % 3]) for i in range(3 * width)))
    return write_png(width, height, lines)


def read_png(data):
    """Width, height and rows of RGB of an 8-bit RGB or RGBA picture without interlacing."""
    width, height, depth, color = struct.unpack(">IIBB", data[16:26])
    channels = {2: 3, 6: 4}[color]
    assert depth == 8 and data[28] == 0, "an 8-bit picture without interlacing"
    raw, stride = zlib.decompress(chunks_of(data)), width * channels
    rows, above = [], bytearray(stride)
    for y in range(height):
        start = y * (stride + 1)
        above = unfilter(raw[start], bytearray(raw[start + 1:start + 1 + stride]), above, channels)
        rows.append(b"".join(bytes(above[i:i + 3]) for i in range(0, stride, channels)))
    return width, height, rows


def chunks_of(data):
    """The compressed bytes of a PNG."""
    place, parts = 8, []
    while place < len(data):
        size, kind = struct.unpack(">I4s", data[place:place + 8])
        if kind == b"IDAT":
            parts.append(data[place + 8:place + 8 + size])
        place += 12 + size
    return b"".join(parts)


def unfilter(kind, row, above, channels):
    """Takes back the prediction that a row of a PNG was stored with (PNG specification, chapter 9)."""
    for i in range(len(row)):
        left = row[i - channels] if i >= channels else 0
        corner = above[i - channels] if i >= channels else 0
        guess = (0, left, above[i], (left + above[i]) // 2, paeth(left, above[i], corner))[kind]
        row[i] = (row[i] + guess) & 255
    return row


def paeth(left, above, corner):
    guess = left + above - corner
    return min((left, above, corner), key=lambda value: abs(guess - value))


def write_png(width, height, rows):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows), 3)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
