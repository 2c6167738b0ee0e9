// Preparing the clips of a NAVA training: what is read of them, what is left out, and what the cache depends on.
#include "phonofilm/train/nava_prepare.h"

#include "nava_toy.h"
#include "phonofilm/tensor/ops.h"

using namespace phonofilm;
using namespace phonofilm::test;
using nlohmann::json;

TEST_CASE("nava task: what the encoders make does not depend on the precision of the training") {
  NavaToy toy;
  json recipe = toy.recipe();
  toy.make(recipe);
  const auto contents_of = [](const std::string& cache) {
    std::map<std::string, std::string> files;
    for (const auto& file : std::filesystem::recursive_directory_iterator(cache)) {
      if (file.is_regular_file()) files[file.path().filename().string()] = read_file(file.path().string());
    }
    return files;
  };
  recipe["dtype"] = "bfloat16";
  toy.make(recipe);
  CHECK(toy.reads.at("clip1") == 1);
  recipe["options"]["cache"] = toy.folder.file("other");
  toy.make(recipe);
  CHECK(toy.reads.at("clip1") == 2);
  CHECK((contents_of(toy.folder.file("other")) == contents_of(toy.folder.file("cache"))));
}

TEST_CASE("nava task: lengths that the list tells are asked before the cache, others of the file") {
  NavaToy toy;
  std::vector<json> films{toy_line("clip1.mp4", "A ball."), toy_line("clip2.mp4", "Rain"),
                          toy_line("clip3.mp4", "Wood")};
  for (size_t i = 0; i < 2; ++i) films[i]["video_info"][0].update({{"fps", 24}, {"duration", i == 0 ? 1.0 : 5.0}});
  toy.write_list("films", films);
  json recipe = toy.recipe();
  CHECK(toy.make(recipe)->notices().empty());
  CHECK(toy.wishes.at("clip1").longest_seconds == 0);
  CHECK(toy.wishes.at("clip3").longest_seconds == doctest::Approx(400.0 / 24));
  recipe["options"]["min_frames"] = 6;
  CHECK(toy.make(recipe)->notices().empty());
  CHECK(toy.reads.at("clip1") == 1);
  CHECK(toy.reads.at("clip3") == 2);  // nobody but its reading says how long it is
  recipe["options"]["max_frames"] = 100;
  CHECK(join(toy.make(recipe)->notices(), "").find("outside min_frames to max_frames (first: ") != std::string::npos);
  CHECK(toy.reads.at("clip2") == 1);
}

TEST_CASE("nava task: no more of a clip is wished for than is used, and as much as shows its length") {
  NavaToy toy;
  json recipe = toy.recipe();
  recipe["options"]["frames"] = 5;
  recipe["options"]["min_frames"] = 13;
  toy.write_list("films", {toy_line("clip1.mp4", "<S>Hi.<E>", {{0.1, 0.9}}), toy_line("clip2.mp4", "Rain")});
  CHECK(toy.make(recipe)->notices().empty());
  CHECK(toy.wishes.at("clip1").picture_seconds == doctest::Approx(13.0 / 24));
  CHECK(toy.wishes.at("clip1").sound_seconds == doctest::Approx(0.9));
  CHECK(toy.wishes.at("clip2").sound_seconds == doctest::Approx(5.0 / 24));
  CHECK(toy.wishes.at("clip5").picture_seconds == 0);
  recipe["options"]["min_frames"] = 29;
  CHECK_THROWS_WITH_AS(toy.make(recipe), doctest::Contains("a film of 25 frames; at least 29"), InvalidRequest);
  recipe["options"]["sources"][0]["modal"] = "text_to_video";
  recipe["options"]["modal_prob"] = {{"text_to_video", 1}, {"text_to_av", 0}};
  recipe["options"]["min_frames"] = 1;
  toy.make(recipe);
  CHECK(toy.wishes.at("clip1").sound_seconds == 0);
}

TEST_CASE("nava task: a line without a voice goes with the null voice, at every start; its clip stays") {
  NavaToy toy;
  toy.write_list("films", {toy_line("clip1.mp4", "<S>a<E> then <S>b<E>", {{0.1, 0.6}, {5, 6}}),
                           toy_line("clip2.mp4", "<S>c<E> then <S>d<E>", {{0.1, 0.6}, {0.7, 0.75}})});
  json recipe = only(toy.recipe(), "text_to_av");
  recipe["options"]["spk_emb_prob"] = 1;
  recipe["options"]["caption_drop"] = 0;
  for (int start = 0; start < 2; ++start) {
    const auto task = toy.make(recipe);
    CHECK(join(task->notices(), "\n").find("2 spoken lines go with the null voice") == 0);
    const Tensor voices = task->batch(1, 0).at("voices");
    CHECK(voices.select(1, 0).any(1).all().item<bool>());
    CHECK_FALSE(voices.select(1, 1).any().item<bool>());
  }
  CHECK(toy.reads.at("clip1") == 1);
}

TEST_CASE("nava task: sounds whose speech goes on beyond what is kept are left out") {
  NavaToy toy;
  toy.write_list("sounds", {toy_line("clip5.wav", "A bell"), toy_line("clip6.wav", "<S>yes<E>", {{0.2, 1.03}})});
  toy.write_list("lines_tts", {toy_line("clip7.wav", "Good evening.")});  // 1.04 s
  json recipe = toy.recipe();
  recipe["options"]["sources"].push_back({{"data", toy.folder.file("lines_tts.jsonl")}, {"modal", "text_to_audio"}});
  const std::string told = join(toy.make(recipe)->notices(), "\n");
  INFO(told);
  CHECK(told.find("1 clip left out: its speech goes on beyond max_seconds") != std::string::npos);
  CHECK(told.find("clip7.wav: [train] a spoken line of more than 1 s") != std::string::npos);
  CHECK_FALSE(toy.reads.contains("clip6"));
  recipe["options"]["max_seconds"] = 2;
  CHECK(toy.make(recipe)->notices().empty());
}

TEST_CASE("nava task: clips that cannot be used load no encoder") {
  NavaToy toy;
  std::filesystem::remove(toy.folder.file("model/") + wan22::kTextEncoderFile);
  toy.write_list("films", {toy_line("broken.mp4", "Static"), toy_line("clip1.mp4", "A ball.")});
  json recipe = only(toy.recipe(), "text_to_av");
  recipe["options"]["min_frames"] = 26;
  CHECK_THROWS_WITH_AS(toy.make(recipe), doctest::Contains("a film of 25 frames"), InvalidRequest);
  recipe["options"]["min_frames"] = 25;
  CHECK_THROWS_WITH_AS(toy.make(recipe), doctest::Contains(wan22::kTextEncoderFile), CheckpointError);
}
