#include <filesystem>

#include "phonofilm/base/error.h"
#include "phonofilm/cli/film_form.h"
#include "phonofilm/pipeline/request.h"

namespace phonofilm::cli {
namespace {

class GenerateForm : public server::FilmForm {
 public:
  Fields fields() override {
    Fields fields = request_.fields();
    fields.push_back({"image", &image_, "first frame: an upload"});
    fields.push_back({"voices", &voices_, "reference voices: uploads, the i-th for the i-th <S>...<E>, or empty for none"});
    return fields;
  }
  void check() override {
    pipeline::check(request_);
    PF_CHECK(image_.empty() || request_.video, InvalidRequest, "generate", "a first frame needs a film with a picture");
  }

 private:
  pipeline::GenerateRequest request_;
  std::string image_;
  std::vector<std::string> voices_;
};

std::vector<std::string> voice_names() {
  std::vector<std::string> names;
  for (int i = 0; i < 8; ++i) names.push_back(concat("voice.", i));
  return names;
}

}  // namespace

server::FilmFormat film_format(const std::string& model) {
  server::FilmFormat format;
  format.blank = [] { return std::make_unique<GenerateForm>(); };
  format.inputs = {{"image", "image", {"image"}, "first frame"},
                   {"voices", "audio", voice_names(), "reference voices, the i-th for the i-th <S>...<E>"}};
  format.models = {{.id = std::filesystem::path(model).lexically_normal().filename().string()}};
  return format;
}

}  // namespace phonofilm::cli
