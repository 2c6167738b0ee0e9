// A model folder of random weights in NAVA's published layout, lists of clips in its publisher's layout, and a reader
// that renders the clips instead of reading them: a NAVA training in seconds.
#pragma once

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/families/nava/synthesis.h"
#include "phonofilm/families/wan22.h"
#include "phonofilm/train/nava_task.h"
#include "phonofilm/world/world.h"
#include "support/tiny_folders.h"

namespace phonofilm::test {

// A line of a list. spans: pairs of begin and end.
inline nlohmann::json toy_line(const std::string& path, const std::string& caption,
                               const std::vector<std::pair<double, double>>& spans = {}) {
  nlohmann::json text{{"text", caption},
                      {"text_type", "caption"},
                      {"speech_start", nlohmann::json::array()},
                      {"speech_end", nlohmann::json::array()}};
  for (const auto& [begin, end] : spans) {
    text["speech_start"].push_back(begin);
    text["speech_end"].push_back(end);
  }
  return {{"video_info", {{{"data_path", path}}}}, {"text_list", {text}}};
}

struct NavaToy {
  TemporaryFolder folder;
  std::map<std::string, std::int64_t> reads;  // of each clip
  std::map<std::string, train::ClipWish> wishes;  // the last of each

  NavaToy() {
    nava::synthesise(folder.file("model"), {.scale = families::Scale::toy, .seed = 4}, ignore_progress);
    const std::string tokenizer = folder.file("model/") + wan22::kTokenizerFile;
    make_folder(std::filesystem::path(tokenizer).parent_path().string());
    write_file_atomically(tokenizer, "letters");  // not read: letters stands for it
    write_list("films", {toy_line("clip1.mp4", "A ball. <S>Hi.<E>", {{0.1, 0.6}}),
                         toy_line("clip2.mp4", "Two <S>a<E> and <S>b<E>", {{0, 0.3}, {0.4, 0.9}}),
                         toy_line("clip3.mp4", "Nobody speaks"), toy_line("clip4.mp4", "Rain")});
    write_list("sounds", {toy_line("clip5.wav", "A bell"), toy_line("clip6.wav", "A drum <S>yes<E>", {{0.2, 0.5}}),
                          toy_line("clip7.wav", "Wood")});
  }

  void write_list(const std::string& name, const std::vector<nlohmann::json>& lines) const {
    std::ofstream file(folder.file(name + ".jsonl"));
    for (const auto& line : lines) file << (line.is_string() ? line.get<std::string>() : line.dump()) << "\n";
  }

  // recipes/nava/toy.json on this folder.
  nlohmann::json recipe() const {
    nlohmann::json json = train::read_recipe(std::string(PHONOFILM_SOURCE_DIR) + "/recipes/nava/toy.json");
    json["options"]["model"] = folder.file("model");
    json["options"]["cache"] = folder.file("cache");
    json["options"]["sources"] = {{{"data", folder.file("films.jsonl")}, {"modal", "text_to_av"}},
                                  {{"data", folder.file("sounds.jsonl")}, {"modal", "text_to_audio"}}};
    return json;
  }

  // "clip<n>": seed n of the world, 25 frames of 64 x 96, and its sound, as much of both as is wished for; other names
  // cannot be read.
  Clip read(const std::string& path, const train::ClipWish& wish) {
    const std::string name = std::filesystem::path(path).stem().string();
    ++reads[name];
    wishes[name] = wish;
    PF_CHECK(name.starts_with("clip"), MediaError, "read", path, ": is damaged");
    world::RenderOptions options = world::options_for(1.04, 64);
    options.width = 96;
    Clip clip = world::render("impacts", std::stoull(name.substr(4)), options).clip;
    const double pictures = wish.still ? 1 : std::ceil(wish.picture_seconds * clip.fps);
    const double samples = std::ceil(wish.sound_seconds * double(clip.sample_rate));
    clip.frames = clip.frames.narrow(0, 0, std::min(clip.frames.size(0), std::int64_t(pictures)));
    clip.waveform = clip.waveform.narrow(1, 0, std::min(clip.waveform.size(1), std::int64_t(samples)));
    return clip;
  }

  train::TaskTools tools() {
    return {.read_clip = [this](const std::string& path, const train::ClipWish& wish) { return read(path, wish); },
            .open_tokenizer = letters};
  }

  std::unique_ptr<train::Task> make(const nlohmann::json& recipe, const Observer& observer = ignore_progress) {
    return train::make_nava_task(train::parse_recipe(recipe, "toy"), tools(), observer);
  }
};

// A recipe that draws one modality alone.
inline nlohmann::json only(nlohmann::json recipe, const std::string& modality) {
  for (auto& [name, share] : recipe["options"]["modal_prob"].items()) share = name == modality ? 1 : 0;
  return recipe;
}

}  // namespace phonofilm::test
