#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "phonofilm/base/files.h"
#include "phonofilm/base/log.h"
#include "phonofilm/base/text.h"
#include "phonofilm/cli/commands.h"
#include "phonofilm/cli/film_settings.h"
#include "phonofilm/eval/seams.h"
#include "phonofilm/eval/svg_plot.h"
#include "phonofilm/media/film.h"

namespace phonofilm::cli {
namespace {

struct FilmOptions {
  std::string film, out;
  std::vector<double> joints;
  double stretch = 2;
  Fields fields() {
    return {{"joints", &joints, "where parts of the film were joined, seconds (default: as the film says)", 0.0, 1e5},
            {"stretch", &stretch, "seconds over which offsets are gathered", 0.1, 1e5}};
  }
};

void print(const eval::LongFilm& film) {
  std::printf("%-18s %8s %12s %8s\n", "stretch, s", "events", "median, ms", "50 ms");
  for (const eval::DriftBin& bin : film.drift) {
    const bool any = bin.events > 0;
    std::printf("%7.1f to %7.1f %8lld %12s %8s\n", bin.start, bin.end, static_cast<long long>(bin.events),
                any ? eval::fixed(bin.median_ms, 1).c_str() : "-",
                any ? (eval::fixed(100 * bin.within_50, 1) + "%").c_str() : "-");
  }
  if (!film.seams.empty())
    std::printf("%-18s %12s %8s %12s %8s\n", "joint, s", "loudness, dB", "rank", "picture", "rank");
  for (const eval::SeamStep& seam : film.seams) {
    std::printf("%-18.3f %12.1f %7.1f%% %12.2f %7.1f%%\n", seam.time, seam.loudness_db, 100 * seam.loudness_rank,
                seam.picture, 100 * seam.picture_rank);
  }
}

std::vector<double> joints_of(const media::Film& film, const FilmOptions& options) {
  if (!options.joints.empty()) return options.joints;
  return embedded_joints(embedded_settings(film.metadata), options.film);
}

void run(const FilmOptions& options) {
  const media::Film read = media::read_film(options.film);
  const eval::SyncResult sync = eval::measure_sync(read.clip);
  const eval::LongFilm film{eval::drift_of(sync, read.clip.audio_seconds(), options.stretch),
                            eval::seams_of(read.clip, joints_of(read, options))};
  print(film);
  if (options.out.empty()) return;
  make_folder(options.out);
  save_json(options.out + "/report.json", eval::to_json(film));
  write_file_atomically(options.out + "/index.html", eval::long_film_page(film, options.film));
  log::info(concat("wrote ", options.out, "/index.html and report.json"));
}

}  // namespace

void add_eval_film_command(CLI::App& eval) {
  const auto options = std::make_shared<FilmOptions>();
  CLI::App* command = eval.add_subcommand("film", "Does a long film of falling balls drift, and do its joints show?");
  command->add_option("film", options->film, "the film")->required();
  command->add_option("-o,--out", options->out, "folder for a report; none is written without it");
  add_flags(*command, options->fields());
  command->callback([options] { run(*options); });
}

}  // namespace phonofilm::cli
