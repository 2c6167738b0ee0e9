#include "phonofilm/cli/film_form.h"

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

}  // namespace

server::FilmFormat film_format(const std::string& model) {
  server::FilmFormat format;
  format.blank = [] { return std::make_unique<JobForm>(); };
  format.inputs = {{"image", "image", {pipeline::kImageUpload}, "first frame"},
                   {"voices", "audio", voice_uploads(), "reference voices, the i-th for the i-th <S>...<E>"}};
  const auto report = families::inspect_folder(find_model(model));
  format.models = {{.id = std::filesystem::path(model).lexically_normal().filename().string(),
                    .family = report ? report->family : ""}};
  return format;
}

}  // namespace phonofilm::cli
