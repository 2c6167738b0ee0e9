"""Plants violations in a small copy of the house and expects tools/check_*.py to name each of them."""
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tools"))
import check_includes  # noqa: E402
import check_layers  # noqa: E402

CMAKE = "phonofilm_library(NAME core FOLDERS tensor nn LINK phonofilm_base TORCH)\n"


class House(unittest.TestCase):
    """A temporary source tree in which every included header of ours exists."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)
        (self.root / "CMakeLists.txt").write_text(CMAKE, encoding="utf-8")

    def tearDown(self):
        self.folder.cleanup()

    def write(self, path, *includes, pragma=True):
        file = self.root / "src/phonofilm" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        head = "#pragma once\n" if pragma and path.endswith(".h") else ""
        file.write_text(head + "".join(f"#include {i}\n" for i in includes), encoding="utf-8")

    def expect_layers(self, *fragments):
        self.expect(check_layers.check(self.root), fragments)

    def expect_includes(self, *fragments):
        self.expect(check_includes.check(self.root), fragments)

    def expect(self, problems, fragments):
        self.assertEqual(len(problems), len(fragments), problems)
        for problem, fragment in zip(problems, fragments):
            self.assertIn(fragment, problem)


class Layers(House):
    def test_allowed_doors(self):
        self.write("base/text.h")
        self.write("train/trainer.cpp", '"phonofilm/base/text.h"', '"phonofilm/world/world.h"', "<ATen/core/Tensor.h>")
        self.write("world/world.h", '"phonofilm/tensor/tensor.h"', "<vector>")
        self.write("cli/main.cpp", '"phonofilm/media/film.h"', "<CLI/CLI.hpp>")
        self.expect_layers()

    def test_door_that_is_not_in_the_table(self):
        self.write("train/trainer.cpp", '"phonofilm/media/film.h"')
        self.expect_layers("library 'train' has no door to 'media'")

    def test_upward_door(self):
        self.write("tensor/shape.cpp", '"phonofilm/families/nava/config.h"')
        self.expect_layers("library 'core' has no door to 'models'")

    def test_folder_order_inside_a_library(self):
        self.write("tensor/shape.cpp", '"phonofilm/nn/module.h"')
        self.expect_layers("'tensor' stands below 'nn'")

    def test_families_never_include_each_other(self):
        self.write("families/ovi/tower.cpp", '"phonofilm/families/ovi/block.h"', '"phonofilm/families/nava/block.h"')
        self.expect_layers("families never include each other")

    def test_a_family_may_include_the_common_interface(self):
        self.write("families/ovi/tower.cpp", '"phonofilm/families/generator.h"')
        self.expect_layers()

    def test_third_party_libraries(self):
        self.write("base/text.cpp", "<ATen/core/Tensor.h>")
        self.write("eval/report.cpp", "<libpq-fe.h>", "<sqlite3.h>")
        self.write("jobs/queue.cpp", "<libpq-fe.h>", "<sqlite3.h>")
        self.write("world/world.cpp", "<libavcodec/avcodec.h>")
        self.expect_layers("'base' does not use torch", "'eval' does not use libpq", "'eval' does not use sqlite",
                           "'world' does not use ffmpeg")

    def test_unknown_folder(self):
        self.write("shed/rake.cpp")
        self.write("train/trainer.cpp", '"phonofilm/attic/box.h"')
        self.expect_layers("its folder is in no library", "folder 'attic' is in no library")

    def test_cmake_links_more_than_the_table(self):
        (self.root / "CMakeLists.txt").write_text(CMAKE.replace("phonofilm_base", "phonofilm_models"), encoding="utf-8")
        self.write("base/text.h")
        self.expect_layers("library 'core' has ['models']")

    def test_the_tables_doors_have_no_circle(self):
        for name in check_layers.LIBRARIES:
            for link in check_layers.LIBRARIES[name].links:
                self.assertNotIn(name, check_layers.reachable(link))


class Includes(House):
    def test_clean_files(self):
        self.write("tensor/tensor.h", "<ATen/core/Tensor.h>")
        self.write("tensor/ops.h", "<ATen/ops/abs.h>")
        self.write("nn/rope.h", '"phonofilm/tensor/tensor.h"')
        self.write("nn/rope.cpp", '"phonofilm/nn/rope.h"', '"phonofilm/tensor/ops.h"', "<nlohmann/json.hpp>")
        self.expect_includes()

    def test_whole_torch(self):
        self.write("nn/rope.cpp", "<torch/torch.h>")
        self.write("nn/table.cpp", "<ATen/ATen.h>")
        self.expect_includes("pulls in all of LibTorch", "pulls in all of LibTorch")

    def test_heavy_corner_outside_its_file(self):
        self.write("train/gradients.cpp", "<torch/csrc/autograd/autograd.h>")
        self.write("train/trainer.cpp", "<torch/csrc/autograd/autograd.h>")
        self.expect_includes("train/trainer.cpp: torch/csrc/autograd/autograd.h: is confined to")

    def test_heavy_headers_in_a_header(self):
        self.write("tensor/ops.h", "<ATen/ops/abs.h>")
        self.write("nn/a.h", '"phonofilm/tensor/ops.h"')
        self.write("nn/b.h", "<ATen/ops/abs.h>")
        self.write("nn/c.h", "<nlohmann/json.hpp>")
        self.write("nn/d.h", "<libavformat/avformat.h>")
        self.write("nn/e.h", "<spdlog/spdlog.h>")
        self.write("nn/f.h", "<CLI/CLI.hpp>")
        self.expect_includes("is for .cpp files", "too heavy", "json_fwd", "FFmpeg", "logging", "command-line")

    def test_command_line_headers_in_the_program(self):
        self.write("cli/commands.h", "<CLI/CLI.hpp>")
        self.expect_includes()

    def test_pragma_once(self):
        self.write("nn/rope.h", pragma=False)
        self.expect_includes("no #pragma once")

    def test_own_header_first(self):
        self.write("nn/rope.h")
        self.write("nn/rope.cpp", "<vector>", '"phonofilm/nn/rope.h"')
        self.expect_includes("its own header")

    def test_spelling_of_our_headers(self):
        self.write("nn/rope.h")
        self.write("nn/use.cpp", '"rope.h"', "<phonofilm/nn/rope.h>", '"phonofilm/nn/missing.h"')
        self.expect_includes("full path", "use quotes", "does not exist")


if __name__ == "__main__":
    unittest.main()
