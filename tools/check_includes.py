#!/usr/bin/env python3
"""Fails when an #include costs everybody compile time, or does not say where its header lives.

    tools/check_includes.py [SOURCE_ROOT]      (default: the repository that this file stands in)

Compile time is a feature (docs/architecture.md): torch/torch.h costs 35 s a file, ATen/core/Tensor.h 2 s.
"""
import re
import sys
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)

# Headers that pull in all of LibTorch.
WHOLE_TORCH = ("torch/torch.h", "torch/all.h", "torch/extension.h", "ATen/ATen.h", "ATen/Functions.h")
# Heavy corners of LibTorch, each confined to the .cpp files named here, behind a light header of ours.
HEAVY_CORNERS = {"torch/": ("nn/fused_autograd.cpp", "train/gradients.cpp", "train/recompute_runner.cpp")}
# All that a header may include of LibTorch.
LIGHT_TORCH = ("ATen/core/Tensor.h", "ATen/core/Generator.h")
# Included once per instruction set, inside its namespace.
REPEATED = ("nn/kernels/amx_tiles.h", "nn/kernels/lanes.h", "nn/kernels/row_kernels.h")
# Headers of others that belong into .cpp files, and the headers or whole folders that are exempt.
CPP_ONLY = {
    r"nlohmann/json\.hpp": ("json_fwd.hpp is enough for a header", ()),
    r"lib(av\w*|sw\w*)/": ("FFmpeg stays behind media/'s own headers", ()),
    r"(spdlog|fmt)/": ("logging stays in .cpp files", ()),
    r"CLI/": ("command-line parsing is for cli/", ("cli",)),
    r"boost/": ("it stays behind a header of ours", ("server/http_connection.h",)),  # private to two .cpp files
    r"(sqlite3|libpq|openssl/|sentencepiece|utf8proc|gumbo)": ("it stays behind a header of ours", ()),
}


def torch_problem(path, header):
    if header in WHOLE_TORCH:
        return "pulls in all of LibTorch; include phonofilm/tensor/ops.h in a .cpp file"
    for prefix, allowed in HEAVY_CORNERS.items():
        if header.startswith(prefix) and path not in allowed:
            return f"is confined to {', '.join(allowed)}"
    return None


def header_problem(path, header):
    """What is wrong with `header` inside the header file `path`, or None."""
    if header == "phonofilm/tensor/ops.h":
        return "is for .cpp files; headers include phonofilm/tensor/tensor.h"
    if re.match(r"(ATen|c10)/", header) and header not in LIGHT_TORCH and path != "tensor/ops.h":
        return "is too heavy for a header; phonofilm/tensor/tensor.h is enough"
    for pattern, (why, exempt) in CPP_ONLY.items():
        if re.match(pattern, header) and path not in exempt and path.split("/")[0] not in exempt:
            return why
    return None


def own_problem(root, quote, header):
    if quote == "<" and header.startswith("phonofilm/"):
        return "is ours: use quotes"
    if quote == '"' and not header.startswith("phonofilm/"):
        return 'our headers are included by full path ("phonofilm/..."), those of others in angle brackets'
    if header.startswith("phonofilm/") and not (root / "src" / header).is_file():
        return "does not exist"
    return None


def check_file(root, file):
    path = file.relative_to(root / "src/phonofilm").as_posix()
    text = file.read_text(encoding="utf-8")
    includes = INCLUDE.findall(text)
    if file.suffix == ".h" and path not in REPEATED and not re.search(r"^#pragma once$", text, re.MULTILINE):
        yield f"src/phonofilm/{path}: has no #pragma once"
    if file.suffix == ".cpp" and file.with_suffix(".h").is_file():
        own = f"phonofilm/{path[:-len('.cpp')]}.h"
        if not includes or includes[0][1] != own:
            yield f"src/phonofilm/{path}: must include its own header {own} first, which proves that it stands alone"
    for quote, header in includes:
        problem = torch_problem(path, header) or own_problem(root, quote, header)
        if file.suffix == ".h":
            problem = problem or header_problem(path, header)
        if problem:
            yield f"src/phonofilm/{path}: {header}: {problem}"


def check(root):
    files = sorted(f for f in (root / "src/phonofilm").rglob("*") if f.suffix in (".h", ".cpp"))
    return [problem for file in files for problem in check_file(root, file)]


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    problems = check(root)
    print("\n".join(problems) if problems else "includes: light, and spelled in full")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
