#include "phonofilm/cli/film_form.h"

#include <algorithm>
#include <filesystem>

#include "phonofilm/cli/find_model.h"
#include "phonofilm/families/registry.h"
#include "phonofilm/pipeline/film_job.h"

namespace phonofilm::cli {
namespace {

class JobForm : public server::FilmForm {
 public:
  Fields fields() override { return job_.fields(); }
  void check() override { pipeline::check(job_); }

 private:
  pipeline::FilmJob job_;
};

std::vector<std::string> voice_uploads() {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < pipeline::kMostVoices; ++i) names.push_back(pipeline::voice_upload(i));
  return names;
}

void add_usual_film(const families::FolderReport& report, const std::string& variant, server::ModelCard& card) {
  const auto& variants = report.variants;
  const auto found = variant.empty() ? variants.begin() : std::find(variants.begin(), variants.end(), variant);
  const auto index = size_t(found - variants.begin());
  if (index >= report.films.size()) return;
  const families::UsualFilm& film = report.films[index];
  card.width = film.width, card.height = film.height;
  card.seconds = film.seconds, card.fps = film.fps;
  card.follows_image = film.follows_image;
}

// The last name of a path, also of one that ends in a slash.
std::string last_name(const std::filesystem::path& path) {
  const std::filesystem::path plain = path.lexically_normal();
  return (plain.has_filename() ? plain : plain.parent_path()).filename().string();
}

server::ModelCard card_of(const std::string& model, const std::string& variant) {
  server::ModelCard card{.id = last_name(model)};
  const auto report = families::inspect_folder(find_model(model));
  if (!report) return card;
  card.family = report->family;
  add_usual_film(*report, variant, card);
  return card;
}

}  // namespace

server::FilmFormat film_format(const std::string& model, const std::string& variant) {
  server::FilmFormat format;
  format.blank = [] { return std::make_unique<JobForm>(); };
  format.inputs = {{"image", "image", {pipeline::kImageUpload}, "first frame"},
                   {"voices", "audio", voice_uploads(), "reference voices, the i-th for the i-th <S>...<E>"}};
  format.models = {card_of(model, variant)};
  return format;
}

}  // namespace phonofilm::cli
