// phonofilm world render | show | stats: the rendered world as files, as a picture and in numbers.
#include <cmath>
#include <cstdio>
#include <ctime>
#include <map>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/log.h"
#include "phonofilm/base/progress.h"
#include "phonofilm/cli/commands.h"
#include "phonofilm/cli/interrupt.h"
#include "phonofilm/media/film.h"
#include "phonofilm/media/image.h"
#include "phonofilm/media/pictures.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/world/world.h"

namespace phonofilm::cli {
namespace {

// Which films: shared by the three subcommands.
struct FilmChoice {
  std::string scene = "impacts";
  std::int64_t seed = 0, count = 1;
  std::int64_t size = 96, width = 0;
  double seconds = 2;
  double fps = 24;
  std::int64_t rate = 16000;
  bool stereo = false;

  Fields fields() {
    return {{"scene", &scene, "what is filmed", {}, {}, world::scene_names()},
            {"seed", &seed, "seed of the first film; the next ones count up", 0, 1e15},
            {"count", &count, "number of films", 1, 1e6},
            {"size", &size, "height of the picture in pixels", 32, 2048},
            {"width", &width, "width of the picture in pixels; 0 makes it square", 0, 2048},
            {"seconds", &seconds, "length; frames are 4n + 1", 1, 10},
            {"fps", &fps, "frames per second", 4, 120},
            {"rate", &rate, "samples of sound per second", 8000, 96000},
            {"stereo", &stereo, "two channels, panned by where things are"}};
  }
  world::RenderOptions options() const {
    world::RenderOptions options = world::options_for(seconds, size, fps, rate);
    if (width > 0) options.width = width;
    options.channels = stereo ? 2 : 1;
    return options;
  }
  world::Sample render(std::int64_t index) const {
    return world::render(scene, std::uint64_t(seed + index), options());
  }
};

// NAME.mp4, NAME.json (the truth) and NAME.png (the first frame).
void write_sample(const std::string& stem, const world::Sample& sample) {
  const nlohmann::json truth = world::to_json(sample.truth);
  media::write_film(stem + ".mp4", sample.clip, {{"title", sample.truth.caption}, {media::kSettingsKey, truth.dump()}});
  media::write_png(stem + ".png", sample.clip.frames[0]);
  save_json(stem + ".json", truth);
}

void render_films(const FilmChoice& choice, const std::string& folder) {
  make_folder(folder);
  TerminalProgress progress;
  const InterruptGuard interrupt;
  for (std::int64_t i = 0; i < choice.count; ++i) {
    PF_CHECK(!interrupt.requested(), Cancelled, "world render", "stopped after ", i, " of ", choice.count, " films");
    char number[32];
    std::snprintf(number, sizeof number, "_%06lld", static_cast<long long>(choice.seed + i));
    const world::Sample sample = choice.render(i);
    write_sample(folder + "/" + choice.scene + number, sample);
    progress.show({"render", i + 1, choice.count, sample.truth.caption});
  }
}

// What is seen to happen in a film: strikes, and where words begin.
std::vector<double> moments(const world::Truth& truth) {
  std::vector<double> times;
  for (const world::Event& event : truth.events) times.push_back(event.time);
  for (const world::Span& word : world::spans_of(truth, "word")) times.push_back(word.start);
  return times;
}

// One strip per film: frames above the spectrogram, with a line at every strike and every beginning of a word.
void show_films(const FilmChoice& choice, const std::string& path) {
  constexpr std::int64_t kWidth = 1500, kMost = 40;
  PF_CHECK(choice.count <= kMost, InvalidRequest, "world show", "--count: one picture holds at most ", kMost,
           " films, got ", choice.count);
  std::vector<Tensor> strips;
  for (std::int64_t i = 0; i < choice.count; ++i) {
    const world::Sample sample = choice.render(i);
    media::EventMarks marks;
    marks.video = marks.audio = moments(sample.truth);
    strips.push_back(media::film_strip_with_spectrogram(sample.clip, kWidth, marks));
    std::printf("%lld  %s\n", static_cast<long long>(choice.seed + i), sample.truth.caption.c_str());
  }
  media::write_png(path, at::cat(strips, 0));
  log::info(concat("wrote ", path));
}

using Tally = std::map<std::string, std::int64_t>;

void print_tally(const char* title, const Tally& tally) {
  if (tally.empty()) return;
  std::printf("%s\n", title);
  for (const auto& [name, count] : tally) std::printf("  %-12s %8lld\n", name.c_str(), static_cast<long long>(count));
}

struct Statistics {
  Tally scenes, colors, materials, voices, words, objects, surfaces, strikes, intervals;

  void add(const world::Truth& truth) {
    ++scenes[truth.scene];
    for (const world::Span& word : world::spans_of(truth, "word")) ++words[word.label];
    ++objects[concat(truth.objects.size())];
    ++strikes[concat(truth.events.size() < 10 ? " " : "", truth.events.size())];
    for (const world::Object& object : truth.objects) {
      ++colors[object.color];
      ++materials[object.material];
      const auto voice = object.details.find("voice");
      if (voice != object.details.end()) ++voices[voice->second];
    }
    for (size_t i = 0; i < truth.events.size(); ++i) {
      ++surfaces[truth.events[i].surface];
      if (i > 0) add_interval(truth.events[i].time - truth.events[i - 1].time);
    }
  }
  void add_interval(double seconds) {
    char name[16];
    std::snprintf(name, sizeof name, "%.1f-%.1f s", std::floor(seconds * 10) / 10, std::floor(seconds * 10) / 10 + 0.1);
    ++intervals[name];
  }
  void print() const {
    print_tally("scenes", scenes);
    print_tally("colours", colors);
    print_tally("materials", materials);
    print_tally("voices", voices);
    print_tally("words", words);
    print_tally("objects per film", objects);
    print_tally("strikes per film", strikes);
    print_tally("surfaces", surfaces);
    print_tally("intervals between strikes", intervals);
  }
};

void print_statistics(const FilmChoice& choice) {
  constexpr std::int64_t kMostTimed = 100;
  Statistics statistics;
  for (std::int64_t i = 0; i < choice.count; ++i) {
    statistics.add(world::truth_of(choice.scene, std::uint64_t(choice.seed + i), choice.options()));
  }
  statistics.print();
  const std::int64_t timed = std::min(choice.count, kMostTimed);
  const std::clock_t start = std::clock();  // time of the processor, whatever else runs beside
  for (std::int64_t i = 0; i < timed; ++i) choice.render(i);
  const double seconds = double(std::clock() - start) / CLOCKS_PER_SEC;
  std::printf("vocabulary of captions: %zu words\n", world::caption_words({choice.scene}).size());
  std::printf("rendering: %.2f ms per film, %.0f films per second and core\n", 1e3 * seconds / double(timed),
              double(timed) / seconds);
}

// A subcommand with its own copy of the choice, which lives as long as the command.
std::shared_ptr<FilmChoice> add_films(CLI::App& command, std::int64_t count) {
  auto choice = std::make_shared<FilmChoice>();
  choice->count = count;
  add_flags(command, choice->fields());
  return choice;
}

}  // namespace

void add_world_command(CLI::App& app) {
  CLI::App* world = app.add_subcommand("world", "Films of the rendered world, whose truth is known");
  world->require_subcommand(1);

  CLI::App* render = world->add_subcommand("render", "Write films (.mp4), first frames (.png) and their truth (.json)");
  auto folder = std::make_shared<std::string>();
  render->add_option("-o,--out", *folder, "folder to write into")->required();
  render->callback([choice = add_films(*render, 1), folder] { render_films(*choice, *folder); });

  CLI::App* show = world->add_subcommand("show", "Draw several films with their spectrograms into one picture");
  auto path = std::make_shared<std::string>("world.png");
  show->add_option("-o,--out", *path, "picture to write")->capture_default_str();
  show->callback([choice = add_films(*show, 6), path] { show_films(*choice, *path); });

  CLI::App* stats = world->add_subcommand("stats", "Count scenes, colours, words and strikes; measure the rendering rate");
  stats->callback([choice = add_films(*stats, 500)] { print_statistics(*choice); });
}

}  // namespace phonofilm::cli
