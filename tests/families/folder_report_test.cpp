// What families say about folders: complete ones, and ones with a part that is missing, damaged, or of other shapes.
#include "phonofilm/families/folder_report.h"

#include <algorithm>
#include <filesystem>

#include "families/usual_film.h"
#include "phonofilm/base/files.h"
#include "phonofilm/families/registry.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/weights/safetensors.h"
#include "support/support.h"

using namespace phonofilm;
using families::FolderReport;
using families::PartReport;

namespace {

namespace fs = std::filesystem;

const std::string kRoot = fs::path(test::testdata("")).parent_path().parent_path().string();

// A copy of the toy Ovi (testdata/goldens/ovi-tiny) that a test may spoil.
struct Copy {
  test::TemporaryFolder folder;
  Copy() {
    for (const char* part : {"Ovi", "Wan2.2-TI2V-5B", "MMAudio"}) {
      fs::copy(test::testdata(std::string("goldens/ovi-tiny/") + part), folder.file(part), fs::copy_options::recursive);
    }
  }
  FolderReport report() const {
    const auto report = families::inspect_folder(folder.path().string());
    REQUIRE(report);
    return *report;
  }
};

const PartReport& part(const FolderReport& report, const std::string& name) {
  const auto found = std::find_if(report.parts.begin(), report.parts.end(), [&](const PartReport& p) { return p.name == name; });
  REQUIRE(found != report.parts.end());
  return *found;
}

}  // namespace

TEST_CASE("folder report: a complete toy Ovi but for its tokenizer") {
  const FolderReport report = Copy().report();
  CHECK(report.family == "ovi");
  CHECK(report.variants == std::vector<std::string>{"720x720_5s"});
  REQUIRE(report.films.size() == 1);
  CHECK(report.films[0].seconds == doctest::Approx(121 / 24.0));
  CHECK_FALSE(report.complete());
  REQUIRE(report.parts.size() == 6);
  for (const PartReport& p : report.parts) {
    CAPTURE(p.name);
    CHECK(p.problems.empty());
    CHECK(p.found == (p.name != "tokenizer"));
  }
  const PartReport& towers = part(report, "towers 720x720_5s");
  CHECK(towers.tensors == 237);
  CHECK(towers.parameters == 1'491'668);
  CHECK(towers.dtypes == std::vector<std::string>{"BF16"});
  CHECK(towers.bytes == fs::file_size(test::testdata("goldens/ovi-tiny/Ovi/model.safetensors")));
  CHECK(towers.source == "huggingface.co/chetwinlow1/Ovi, model.safetensors");
  CHECK(part(report, "vocoder").licence.find("CC-BY-NC") == 0);
  CHECK(part(report, "vocoder").source == "huggingface.co/hkchengrex/MMAudio, ext_weights/best_netG.pt");
  CHECK(part(report, "tokenizer").source == "huggingface.co/Wan-AI/Wan2.2-TI2V-5B, google/umt5-xxl/spiece.model");
}

TEST_CASE("folder report: with a tokenizer it is complete") {
  const Copy copy;
  make_folder(copy.folder.file("Wan2.2-TI2V-5B/google/umt5-xxl"));
  write_file_atomically(copy.folder.file("Wan2.2-TI2V-5B/google/umt5-xxl/spiece.model"), "pieces");
  CHECK(copy.report().complete());
}

TEST_CASE("folder report: an Ovi without its towers is an Ovi that lacks them") {
  const Copy copy;
  fs::remove(copy.folder.file("Ovi/model.safetensors"));
  const FolderReport report = copy.report();
  CHECK(report.variants.empty());
  CHECK_FALSE(part(report, "towers 720x720_5s").found);
}

TEST_CASE("folder report: every misfit of a part is told, and the others are still looked at") {
  const Copy copy;
  const std::string towers = copy.folder.file("Ovi/model.safetensors");
  weights::TensorMap tensors = weights::SafetensorsFile::open(towers).tensors();
  tensors["video_model.head.head.bias"] = at::zeros({7}, at::kBFloat16);
  tensors["video_model.extra"] = at::zeros({1}, at::kBFloat16);
  tensors.erase("audio_model.blocks.1.norm3.weight");
  weights::save_safetensors(towers, tensors);
  const FolderReport report = copy.report();
  const std::vector<std::string> expected{"\"video_model.head.head.bias\": expected [192], got [7]",
                                          "missing \"audio_model.blocks.1.norm3.weight\" [96]",
                                          "unexpected \"video_model.extra\""};
  CHECK(part(report, "towers 720x720_5s").problems == expected);
  CHECK(part(report, "video autoencoder").usable());
}

TEST_CASE("folder report: without the JSON beside them, toy weights do not fit the published shapes") {
  const Copy copy;
  fs::remove(copy.folder.file("Wan2.2-TI2V-5B/vae.json"));
  const PartReport vae = part(copy.report(), "video autoencoder");
  CHECK(vae.found);
  CHECK(vae.problems.size() > 180);
}

TEST_CASE("folder report: damaged weights and damaged JSON are problems of their parts") {
  const Copy copy;
  fs::resize_file(copy.folder.file("MMAudio/ext_weights/v1-16.pth"), 1000);
  write_file_atomically(copy.folder.file("Wan2.2-TI2V-5B/t5.json"), R"({"dimm": 40})");
  const FolderReport report = copy.report();
  REQUIRE(part(report, "audio autoencoder").problems.size() == 1);
  CHECK(part(report, "audio autoencoder").problems[0].find("truncated") != std::string::npos);
  REQUIRE(part(report, "text encoder").problems.size() == 1);
  CHECK(part(report, "text encoder").problems[0].find("did you mean 'dim'") != std::string::npos);
  CHECK(part(report, "vocoder").usable());
}

TEST_CASE("folder report: the embedded model, whole and with a part taken from another") {
  const auto whole = families::inspect_folder(kRoot + "/models/mini");
  REQUIRE(whole);
  CHECK(whole->family == "nava mini");
  CHECK(whole->complete());
  CHECK(whole->parts.size() == 7);
  const test::TemporaryFolder folder;
  fs::copy(kRoot + "/models/mini", folder.file("mini"), fs::copy_options::recursive);
  fs::remove(folder.file("mini/vocoder/model.safetensors"));
  fs::copy_file(kRoot + "/models/mini/audio_autoencoder/model.safetensors",
                folder.file("mini/video_autoencoder/model.safetensors"), fs::copy_options::overwrite_existing);
  const auto spoilt = families::inspect_folder(folder.file("mini"));
  REQUIRE(spoilt);
  CHECK_FALSE(part(*spoilt, "vocoder").found);
  REQUIRE(part(*spoilt, "video autoencoder").problems.size() == 1);
  CHECK(part(*spoilt, "video autoencoder").problems[0].find("do not fit the model") != std::string::npos);
  CHECK(part(*spoilt, "audio autoencoder").usable());
}

TEST_CASE("folder report: a LoRA beside the embedded model's weights may be missing, but not of another model") {
  const test::TemporaryFolder folder;
  fs::copy(kRoot + "/models/mini", folder.file("mini"), fs::copy_options::recursive);
  const std::string lora = folder.file("mini/backbone/lora.safetensors");
  fs::remove(lora);
  CHECK(families::inspect_folder(folder.file("mini"))->complete());
  weights::save_safetensors(lora, {{"blocks.9.q.lora_A.weight", at::zeros({2, 8})}});
  const auto spoilt = families::inspect_folder(folder.file("mini"));
  REQUIRE(part(*spoilt, "text encoder and transformer").problems.size() == 1);
  CHECK(part(*spoilt, "text encoder and transformer").problems[0].find("blocks.9.q") != std::string::npos);
}

TEST_CASE("folder report: the usual film is the one that the loaded model makes") {
  const std::string folder = kRoot + "/models/mini";
  const auto report = families::inspect_folder(folder);
  REQUIRE(report);
  REQUIRE(report->films.size() == 1);
  test::expect_usual_film(report->films[0], *families::load_generator(folder, at::kBFloat16));
}

TEST_CASE("folder report: a folder of nobody's") {
  const test::TemporaryFolder folder;
  CHECK_FALSE(families::inspect_folder(folder.path().string()));
}
