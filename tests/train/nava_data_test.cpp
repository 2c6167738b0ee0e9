// NAVA's training data without its networks: draws and dropouts.
#include "phonofilm/train/nava_data.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/train/nava_batch.h"
#include "support/support.h"
#include "train/nava_small_backbone.h"

using namespace phonofilm;
using namespace phonofilm::train;
using test::small_backbone;
using nlohmann::json;

namespace {

NavaRecipe two_modalities() {
  const json options{{"model", "m"}, {"cache", "c"}, {"validation_clips", 0},
                     {"sources", {{{"data", "a.jsonl"}, {"weight", 3}}, {{"data", "b.jsonl"}, {"weight", 1}},
                                  {{"data", "c.jsonl"}, {"modal", "text_to_audio"}}}},
                     {"modal_prob", {{"text_to_av", 1}, {"text_to_audio", 3}}}};
  return read_nava_recipe(options, "test");
}

// 3 clips of the first source, 5 of the second, 2 of the third; two shapes of films.
std::vector<NavaClip> ten_clips() {
  std::vector<NavaClip> clips;
  const std::vector<size_t> sources{0, 0, 0, 1, 1, 1, 1, 1, 2, 2};
  for (size_t i = 0; i < sources.size(); ++i) {
    const bool film = sources[i] < 2;
    clips.push_back({std::to_string(i), "clip" + std::to_string(i), sources[i],
                     film ? Shape{48, 3, 2 + std::int64_t(i % 2), 2} : Shape{}, {128, 9}});
  }
  return clips;
}

EncodedClip speaking_clip(double value) {
  return {at::full({48, 3, 2, 2}, value).to(at::kBFloat16), at::full({128, 9}, value).to(at::kBFloat16),
          at::full({7, 4}, value).to(at::kBFloat16), at::tensor({2, 5}, at::kLong), at::full({2, 6}, value)};
}

// Of n independent draws of probability p: within four standard deviations.
bool is_rate(double count, double n, double p) { return std::abs(count / n - p) < 4 * std::sqrt(p * (1 - p) / n); }

}  // namespace

TEST_CASE("nava data: modalities, sources and clips are drawn at their shares, in batches of one shape") {
  const NavaData data(two_modalities(), ten_clips());
  Random random(7);
  constexpr int kDraws = 8000;
  std::map<std::string, double> counts;
  double films = 0;
  for (int i = 0; i < kDraws; ++i) {
    const NavaDraw draw = data.draw(3, random);
    films += draw.modality == NavaModality::text_to_av;
    for (const std::string& file : draw.files) {
      CHECK((file < "8") == (draw.modality == NavaModality::text_to_av));
      if (file < "8") CHECK((file[0] - draw.files[0][0]) % 2 == 0);  // equal shapes
    }
    ++counts[draw.files.back()];
  }
  CHECK(is_rate(films, kDraws, 0.25));
  for (int i = 0; i < 10; ++i) {
    CAPTURE(i);
    const double share = i < 3 ? 0.25 * 0.75 / 3 : i < 8 ? 0.25 * 0.25 / 5 : 0.75 / 2;
    CHECK(is_rate(counts[std::to_string(i)], kDraws, share));
  }
  Random first(7), second(7);
  CHECK(data.draw(3, first).files == NavaData(two_modalities(), ten_clips()).draw(3, second).files);
}

TEST_CASE("nava data: held-out clips are never drawn, and one clip always stays") {
  NavaRecipe recipe = two_modalities();
  recipe.options.validation_clips = 4;
  const NavaData data(recipe, ten_clips());
  const auto held = data.held_out();
  CHECK(held.at(NavaModality::text_to_av).size() == 4);
  CHECK(held.at(NavaModality::text_to_audio).size() == 1);
  Random random(3);
  for (int i = 0; i < 400; ++i) {
    const NavaDraw draw = data.draw(2, random);
    for (const std::string& file : held.at(draw.modality))
      CHECK(std::count(draw.files.begin(), draw.files.end(), file) == 0);
  }
  CHECK_THROWS_WITH_AS(NavaData(recipe, {ten_clips()[0]}), doctest::Contains("text_to_audio"), InvalidRequest);
  CHECK_THROWS_WITH_AS(NavaData(recipe, {ten_clips()[0]}, {"it cannot be read"}),
                       doctest::Contains("what was left out:\n  it cannot be read"), InvalidRequest);
}

TEST_CASE("nava data: nothing of a held-out film is drawn, in whatever list, modality or cache") {
  NavaRecipe recipe = two_modalities();
  recipe.options.validation_clips = 2;
  // Six films, each in both lists of films, spelt differently, and its sound alone.
  const auto clips_in = [](const std::string& cache, bool reversed) {
    std::vector<NavaClip> clips;
    for (int i = 0; i < 6; ++i) {
      const std::string name = std::to_string(reversed ? 5 - i : i), film = "films/" + name;
      clips.push_back({cache + "a" + name, film, 0, {48, 3, 2, 2}, {128, 9}});
      clips.push_back({cache + "b" + name, "films/./" + name, 1, {48, 3, 2, 2}, {128, 9}});
      clips.push_back({cache + "c" + name, film, 2, {}, {128, 9}});
    }
    return clips;
  };
  const auto held_films = [](const NavaData& data) {
    std::map<NavaModality, std::set<char>> names;
    for (const auto& [modality, files] : data.held_out()) {
      CHECK(files.size() == 2);
      for (const std::string& file : files) names[modality].insert(file.back());
    }
    return names;
  };
  const NavaData data(recipe, clips_in("one/", false));
  const auto held = held_films(data);
  CHECK((held.at(NavaModality::text_to_av) == held.at(NavaModality::text_to_audio)));
  CHECK((held_films(NavaData(recipe, clips_in("elsewhere/", true))) == held));
  Random random(5);
  std::set<std::string> drawn;
  for (int i = 0; i < 600; ++i) {
    for (const std::string& file : data.draw(2, random).files) drawn.insert(file);
  }
  CHECK(drawn.size() == 3 * 4);
  for (const std::string& file : drawn) CHECK_FALSE(held.at(NavaModality::text_to_av).contains(file.back()));
}

TEST_CASE("nava batch: every dropout happens at its rate") {
  NavaTaskOptions options;
  Random random(11);
  constexpr int kBatches = 6000;
  double dropped = 0, null_voices = 0, spans = 0, images = 0, masked = 0;
  const std::vector<EncodedClip> clips{speaking_clip(1), speaking_clip(2)};
  options.caption_drop = 0.2;
  for (int i = 0; i < kBatches; ++i) {
    const NavaMode mode = draw_nava_mode(NavaModality::text_to_av, options, random);
    images += mode.image;
    masked += mode.masked;
    const Batch batch = make_nava_batch(clips, mode, options, small_backbone(), random);
    std::int64_t without_text = 0;
    for (std::int64_t b = 0; b < 2; ++b) {
      if (batch.at("rows")[b].any().item<bool>()) {
        for (std::int64_t s = 0; s < 2; ++s) null_voices += !batch.at("voices")[b][s].any().item<bool>();
        spans += 2;
      } else {
        ++without_text;
      }
    }
    dropped += double(without_text);
    CHECK(without_text < 2);
  }
  CHECK(is_rate(images, kBatches, 0.5));
  CHECK(is_rate(masked, kBatches, 0.2));
  CHECK(is_rate(null_voices, spans, 0.1));
  // Each sample by 0.2, but where both fell (0.04) one was kept.
  CHECK(is_rate(dropped, 2 * kBatches, 0.2 - 0.04 / 2));
  for (int i = 0; i < 200; ++i) CHECK(draw_caption_drops(1, 0.9, random) == std::vector<bool>{false});
}

TEST_CASE("nava batch: a sample without caption has zero rows and no voice; the others keep theirs") {
  NavaTaskOptions options;
  options.caption_drop = 0.5;
  options.spk_emb_prob = 1;
  Random random(2);
  const std::vector<EncodedClip> clips{speaking_clip(1), speaking_clip(2), speaking_clip(3)};
  bool seen = false;
  for (int i = 0; i < 20; ++i) {
    const Batch batch = make_nava_batch(clips, {NavaModality::text_to_av}, options, small_backbone(), random);
    const std::vector<nava::Voices> voices = voices_of(batch);
    for (std::int64_t b = 0; b < 3; ++b) {
      const bool dropped = !batch.at("rows")[b].any().item<bool>();
      seen = seen || dropped;
      CHECK(voices[size_t(b)].positions == (dropped ? std::vector<std::int64_t>{} : std::vector<std::int64_t>{2, 5}));
      CHECK(voices[size_t(b)].embeddings.size(0) == (dropped ? 0 : 2));
      if (!dropped) {
        CHECK(batch.at("rows")[b][6][0].item<double>() == double(b + 1));
        CHECK_FALSE(batch.at("rows")[b][7].any().item<bool>());  // behind the valid rows
        CHECK(voices[size_t(b)].embeddings[1][0].item<double>() == double(b + 1));
      }
    }
  }
  CHECK(seen);
}

TEST_CASE("nava batch: modes and contents follow the modality") {
  NavaTaskOptions options;
  options.image_condition = options.mask_modality = 1;
  Random random(1);
  for (const NavaModality modality : kNavaModalities) {
    CAPTURE(name_of(modality));
    const NavaMode mode = draw_nava_mode(modality, options, random);
    CHECK(mode.image == (modality == NavaModality::text_to_av || modality == NavaModality::text_to_video));
    CHECK(mode.masked == (modality == NavaModality::text_to_av));
    const Batch batch = make_nava_batch({speaking_clip(1)}, mode, options, small_backbone(), random);
    CHECK(batch.contains("video") == has_picture(modality));
    CHECK(batch.contains("audio") == has_sound(modality));
    CHECK(batch.contains("voices") == has_sound(modality));
    const NavaMode read = NavaMode::from_code(batch.at("mode")[0].item<std::int64_t>());
    CHECK(read.modality == modality);
    CHECK(read.image == mode.image);
    CHECK(read.masked == mode.masked);
  }
  nava::NavaConfig narrow = small_backbone();
  narrow.text_len = 5;
  CHECK_THROWS_AS(make_nava_batch({speaking_clip(1)}, {}, options, narrow, random), CheckpointError);
}

TEST_CASE("nava recipe: what it refuses") {
  const json good{{"model", "m"}, {"cache", "c"}, {"sources", {{{"data", "a.jsonl"}}}}};
  CHECK(read_nava_recipe(good, "r").probability[0] == 1);
  const auto refuses = [&](const json& patch, const char* text) {
    json options = good;
    options.merge_patch(patch);
    CAPTURE(patch.dump());
    CHECK_THROWS_WITH_AS(read_nava_recipe(options, "r"), doctest::Contains(text), InvalidRequest);
  };
  refuses({{"frames", 120}}, "the nearest is 121");
  refuses({{"height", 32}}, "both height and width");
  refuses({{"height", 40}, {"width", 32}}, "multiples of 16");
  refuses({{"modal_prob", {{"text_to_audio", 1}}}}, "no source has such clips");
  refuses({{"modal_prob", {{"text_to_av", 0}}}}, "nothing to draw");
  refuses({{"modal_prob", {{"text_to_sound", 1}}}}, "unknown option");
  refuses({{"sources", json::array()}}, "must list");
  refuses({{"sources", {{{"data", "a"}, {"modal", "text_to_aw"}}}}}, "did you mean 'text_to_av'");
  refuses({{"caption_drop", 2}}, "between 0 and 1");
  refuses({{"capton_drop", 0.1}}, "did you mean 'caption_drop'");
  refuses({{"start", "wna"}}, "did you mean 'wan'");
}
