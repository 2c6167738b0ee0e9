// phonofilm show: what a film is and how it was made, in words and in two pictures.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/fields.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/json_text.h"
#include "phonofilm/base/log.h"
#include "phonofilm/base/text.h"
#include "phonofilm/cli/commands.h"
#include "phonofilm/cli/film_settings.h"
#include "phonofilm/media/film.h"
#include "phonofilm/media/image.h"
#include "phonofilm/media/pictures.h"

namespace fs = std::filesystem;

namespace phonofilm::cli {
namespace {

constexpr std::int64_t kSheetColumns = 4, kSheetRows = 4;
constexpr std::int64_t kPictureWidth = 1280, kSpectrogramHeight = 420;

struct ShowOptions {
  std::string film, folder;
  bool json = false, pictures = true;
};

std::string number(double value, int decimals) {
  char text[48];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

void print_line(const char* name, const std::string& value) { std::printf("  %-10s %s\n", name, value.c_str()); }

void print_facts(const std::string& path, const media::FilmFacts& facts) {
  std::printf("%s\n", path.c_str());
  print_line("container", concat(facts.container, ", ", human_bytes(double(facts.file_bytes)), ", ",
                                 number(facts.seconds, 3), " s"));
  if (facts.has_video) {
    print_line("picture", concat(facts.video_codec, ", ", facts.width, "x", facts.height, ", ", number(facts.fps, 3),
                                 " frames per second, ", facts.video_frames, " frames, ", facts.pixel_format));
    print_line("color", concat(facts.color, " (primaries/transfer/matrix/range)"));
  }
  if (facts.has_audio) {
    print_line("sound", concat(facts.audio_codec, ", ", facts.sample_rate, " Hz, ",
                               facts.channels == 1 ? std::string("mono") : facts.channels == 2 ? std::string("stereo")
                               : concat(facts.channels, " channels"), ", ", number(facts.audio_seconds, 3), " s"));
  }
  if (facts.has_video && facts.has_audio) {
    print_line("clock", concat("picture starts at ", number(facts.video_start, 4), " s, sound at ",
                               number(facts.audio_start, 4), " s, ", facts.priming_samples,
                               " priming samples cut off by the edit list"));
  }
}

// Text of unknown origin goes to a terminal, which must not obey it; its lines stay.
std::string harmless(const std::string& text) {
  std::vector<std::string> lines = split(text, '\n');
  std::transform(lines.begin(), lines.end(), lines.begin(), printable);
  return join(lines, "\n");
}

void print_metadata(const media::Metadata& metadata) {
  for (const auto& [key, value] : metadata) {
    const bool settings = key == media::kSettingsKey || (key == "comment" && value.starts_with('{'));
    if (!settings) print_line(harmless(key).c_str(), harmless(value));
  }
  const nlohmann::json settings = embedded_settings(metadata);
  if (settings.is_null()) {
    std::printf("  no settings are embedded: the film was not made by phonofilm, or they were stripped\n");
  } else if (settings.is_discarded()) {
    std::printf("  the embedded settings are damaged (not JSON)\n");
  } else {
    std::printf("settings and measurements\n%s\n", harmless(json_text(settings, 2)).c_str());
  }
}

nlohmann::json facts_json(const media::FilmFacts& facts) {
  nlohmann::json json = {{"container", facts.container}, {"file_bytes", facts.file_bytes}, {"seconds", facts.seconds}};
  if (facts.has_video) {
    json["video"] = {{"codec", facts.video_codec}, {"pixel_format", facts.pixel_format}, {"color", facts.color},
                     {"width", facts.width}, {"height", facts.height}, {"frames", facts.video_frames},
                     {"fps", facts.fps}, {"start", facts.video_start}};
  }
  if (facts.has_audio) {
    json["audio"] = {{"codec", facts.audio_codec}, {"sample_rate", facts.sample_rate}, {"channels", facts.channels},
                     {"seconds", facts.audio_seconds}, {"start", facts.audio_start},
                     {"priming_samples", facts.priming_samples}};
  }
  return json;
}

void print_json(const std::string& path, const media::Film& film) {
  nlohmann::json json = {{"file", path}, {"facts", facts_json(film.facts)}, {"metadata", film.metadata}};
  const nlohmann::json settings = embedded_settings(film.metadata);
  if (!settings.is_null() && !settings.is_discarded()) json["settings"] = settings;
  std::printf("%s\n", json_text(json, 2).c_str());
}

// The pictures and their names, beside the film or in the folder that was asked for.
std::vector<std::string> write_pictures(const ShowOptions& options) {
  media::FilmLimits limits;
  limits.truncate = true;
  const media::Film read = media::read_film(options.film, limits);
  const Clip& clip = read.clip;
  const double shown = std::max(clip.video_seconds(), clip.audio_seconds());
  if (read.facts.seconds > shown + 1) {
    log::warn(concat("the pictures show the first ", human_seconds(shown), " of ", human_seconds(read.facts.seconds)));
  }
  const fs::path film(options.film);
  const fs::path folder = options.folder.empty() ? film.parent_path() : fs::path(options.folder);
  make_folder(options.folder);
  std::vector<std::string> names;
  const auto write = [&](const char* ending, const Tensor& picture) {
    names.push_back((folder / (film.stem().string() + ending)).string());
    media::write_png(names.back(), picture);
  };
  if (clip.has_video()) write("_sheet.png", media::contact_sheet(clip, kSheetColumns, kSheetRows));
  if (clip.has_video() && clip.has_audio()) {
    write("_spectrogram.png", media::film_strip_with_spectrogram(clip, kPictureWidth));
  } else if (clip.has_audio()) {
    write("_spectrogram.png",
          media::spectrogram_image(clip.waveform, clip.sample_rate, kPictureWidth, kSpectrogramHeight));
  }
  return names;
}

void show(const ShowOptions& options) {
  const media::Film film = media::inspect_film(options.film);
  if (options.json) {
    print_json(options.film, film);
  } else {
    print_facts(options.film, film.facts);
    print_metadata(film.metadata);
  }
  if (!options.pictures) return;
  for (const std::string& name : write_pictures(options)) {
    std::fprintf(options.json ? stderr : stdout, "wrote %s\n", name.c_str());
  }
}

}  // namespace

void add_show_command(CLI::App& app) {
  const auto options = std::make_shared<ShowOptions>();
  CLI::App* command =
      app.add_subcommand("show", "Describe a film: container, embedded settings, contact sheet, spectrogram");
  command->add_option("FILM", options->film, "film or sound file")->required();
  command->add_option("-o,--output", options->folder, "folder for the pictures (default: beside the film)");
  command->add_flag("--json", options->json, "print JSON instead of text");
  command->add_flag("!--no-pictures", options->pictures, "write no pictures");
  command->callback([options] { show(*options); });
}

}  // namespace phonofilm::cli
