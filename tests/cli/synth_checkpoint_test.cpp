// phonofilm synth-checkpoint and phonofilm inspect of model folders, through the real program.
#include <fstream>
#include <nlohmann/json.hpp>

#include "phonofilm/media/audio_file.h"
#include "phonofilm/tensor/ops.h"
#include "program.h"

using namespace phonofilm;
using test::run_program;

namespace fs = std::filesystem;

TEST_CASE("cli: a toy checkpoint is made, is complete, and is not made twice") {
  const test::TemporaryFolder folder;
  const std::string root = folder.file("ovi");
  const auto made = run_program("synth-checkpoint --family ovi --scale toy --seed 3 -o " + root);
  INFO(made.error);
  REQUIRE(made.exit_code == 0);
  CHECK(made.output.find("wrote " + root) == 0);

  const auto looked = run_program("inspect " + root);
  CHECK(looked.exit_code == 0);
  for (const char* text : {"family: ovi", "variants: 720x720_5s", "spiece.model", "CC-BY-NC-4.0", "1491668"}) {
    CAPTURE(text);
    CHECK(looked.output.find(text) != std::string::npos);
  }
  const std::string film = folder.file("film.mp4");
  const auto generated = run_program(
      "generate 'A bell. <S>Hello.<E> Audio: a bell' --steps 2 --exact-size --height 64 --width 64 --seconds 0.4 "
      "--model " +
      root + " -o " + film);
  INFO(generated.error);
  CHECK(generated.exit_code == 0);
  CHECK(generated.says("AUDCAP"));  // the tag of the 720 weights, with a notice
  const auto shown = nlohmann::json::parse(run_program("show --json --no-pictures " + film).output);
  CHECK(shown["facts"]["video"]["frames"] == 9);
  CHECK(shown["settings"]["model"] == "ovi 720x720_5s");
  CHECK(shown["settings"]["settings"]["audio_guidance"] == 3);

  const auto again = run_program("synth-checkpoint --scale toy -o " + root);
  CHECK(again.exit_code == 2);
  CHECK(again.says("is there already; choose another folder or pass --overwrite"));
  CHECK(run_program("synth-checkpoint --scale toy --overwrite -o " + root).exit_code == 0);
}

TEST_CASE("cli: a toy checkpoint of NAVA's makes a film with voices, and a list of films") {
  const test::TemporaryFolder folder;
  const std::string root = folder.file("nava"), voice = folder.file("voice.wav"), film = folder.file("film.mp4");
  REQUIRE(run_program("synth-checkpoint --family nava --scale toy -o " + root).exit_code == 0);
  CHECK(run_program("inspect " + root).exit_code == 0);
  media::write_wav(voice, 0.3 * at::sin(at::arange(44100 * 2) * 0.06).unsqueeze(0), 44100);

  const std::string small = " --steps 2 --height 64 --width 64 --seconds 0.4 --model " + root;
  const auto made = run_program("generate 'He says <S>Hi<E>, she <S>Oh<E>'" + small + " --voice none --voice " + voice +
                                " -o " + film);
  INFO(made.error);
  REQUIRE(made.exit_code == 0);
  const auto shown = nlohmann::json::parse(run_program("show --json --no-pictures " + film).output);
  CHECK(shown["facts"]["audio"]["channels"] == 2);
  CHECK(shown["facts"]["audio"]["sample_rate"] == 48000);
  CHECK(shown["settings"]["settings"]["timbre_guidance"] == 3);
  CHECK(shown["settings"]["voices"] == nlohmann::json{"none", "voice.wav"});

  CHECK(run_program("generate 'nobody speaks'" + small + " --voice " + voice + " -o " + film)
            .says("between <S> and <E>"));
  std::ofstream(folder.file("list.jsonl")) << R"({"prompt": "<S>Hi<E>", "spk_wavs": ["voice.wav"]})" << "\n"
                                           << R"({"text": "<S>Hi<E>", "spk_wavs": ["nobody.wav"]})" << "\n";
  const auto plan = run_program("generate '<S>Hi<E>'" + small + " --dry-run --voice " + voice);
  CHECK(plan.says("4 passes"));
  CHECK(run_program("generate '<S>Hi<E>'" + small + " --dry-run --voice nobody.wav").says("nobody.wav: cannot be opened: No such file"));
  const auto films = run_program("batch " + folder.file("list.jsonl") + small + " -o " + folder.file("films"));
  CHECK(films.output.find("2 films: 1 made, 0 were there, 1 failed") != std::string::npos);
  CHECK(films.says("nobody.wav"));
}

TEST_CASE("cli: NAVA's own units: latent frames, 16 kHz, tiles, and a list of Seed-TTS-eval") {
  const test::TemporaryFolder folder;
  const std::string root = folder.file("nava"), model = " --steps 2 --model " + root;
  REQUIRE(run_program("synth-checkpoint --family nava --scale toy -o " + root).exit_code == 0);
  const std::string film = folder.file("film.mp4"), latents = folder.file("film.latents.safetensors");
  const auto made = run_program(
      "generate 'A bell' --height 64 --width 96 --latent-frames 2 --vae-tiling --vae-tile 3x4 "
      "--vae-tile-stride 2x3 --dump-latents -o " +
      film + model);
  INFO(made.error);
  REQUIRE(made.exit_code == 0);
  const auto shown = nlohmann::json::parse(run_program("show --json --no-pictures " + film).output)["settings"];
  CHECK(shown["film"]["frames"] == 5);
  CHECK(shown["settings"]["latent_frames"] == 2);
  CHECK(shown["settings"]["seconds"] == 0);
  CHECK(shown["vae_tiling"]["tile"] == "3x4");
  CHECK(run_program("decode " + latents + " -o " + film + " --model " + root).exit_code == 0);
  CHECK(run_program("generate 'A bell' --vae-tile 3x4 -o " + film + model).says("add --vae-tiling"));
  CHECK(run_program("generate 'A bell' --vae-tiling --vae-tile 3by4 -o " + film + model)
            .says("--vae-tile: expected rows x columns"));

  media::write_wav(folder.file("a.wav"), 0.3 * at::sin(at::arange(16000) * 0.06).unsqueeze(0), 16000);
  std::ofstream(folder.file("meta.lst")) << "one|hello there|a.wav|hello\ntwo|hello|nobody.wav|hello\n";
  const auto sounds = run_program("batch " + folder.file("meta.lst") + " --sample-rate 16000 --dump-latents -o " +
                                  folder.file("sounds") + model);
  INFO(sounds.error);
  CHECK(sounds.output.find("2 films: 1 made, 0 were there, 1 failed") != std::string::npos);
  CHECK(sounds.says("nobody.wav"));
  const std::string kept = folder.file("sounds/one.latents.safetensors"), again = folder.file("again.wav");
  CHECK(run_program("decode " + kept + " -o " + again + " --model " + root).exit_code == 0);
  for (const std::string& sound : {folder.file("sounds/one.wav"), again}) {
    const auto facts = nlohmann::json::parse(run_program("show --json --no-pictures " + sound).output);
    CHECK(facts["facts"]["audio"]["sample_rate"] == 16000);
    CHECK(facts["settings"]["voices"] == nlohmann::json{"a.wav"});  // names stay with the latents
    CHECK(facts["settings"]["film"]["samples"] == 160 * (4 * 11 - 3));  // 25 tokens of "hello there", 11 of "hello"
  }
}

TEST_CASE("cli: inspect of a model folder says what is missing and where it comes from, and exits with 3") {
  const std::string toy = test::testdata("goldens/ovi-tiny");
  const auto looked = run_program("inspect " + toy);
  CHECK(looked.exit_code == 3);
  CHECK(looked.output.find("missing: Wan2.2-TI2V-5B/google/umt5-xxl/spiece.model") != std::string::npos);
  CHECK(looked.output.find("huggingface.co/Wan-AI/Wan2.2-TI2V-5B") != std::string::npos);
  CHECK(looked.error.find("1 of 6 parts are missing or do not fit") != std::string::npos);

  const auto json = run_program("inspect " + toy + " --json --tensors");
  CHECK(json.exit_code == 3);
  const auto report = nlohmann::json::parse(json.output);
  CHECK(report["complete"] == false);
  CHECK(report["parts"].size() == 6);
  CHECK(report["parts"][2]["state"] == "missing");
  CHECK(report["files"].size() >= 5);
}

TEST_CASE("cli: inspect opens PyTorch's files, and the embedded model is complete") {
  const auto file = run_program("inspect " + test::testdata("goldens/ovi-tiny/MMAudio/ext_weights/best_netG.pt"));
  CHECK(file.exit_code == 0);
  CHECK(file.says("236470"));
  const auto mini =
      run_program("inspect " + fs::path(test::testdata("")).parent_path().parent_path().string() + "/models/mini");
  CHECK(mini.exit_code == 0);
  CHECK(mini.says("family: nava mini"));
}

TEST_CASE("cli: a scale that there is not is told before anything is written") {
  const test::TemporaryFolder folder;
  const auto scale = run_program("synth-checkpoint --scale tiny -o " + folder.file("a"));
  CHECK(scale.exit_code == 2);
  CHECK_FALSE(fs::exists(folder.file("a")));
}
