// What the program tells the server about the films it can make. The server knows no model: a request is a field list.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "phonofilm/base/fields.h"
#include "phonofilm/jobs/job.h"

namespace phonofilm::server {

// A film as it is asked for; one object for each request that is read.
class FilmForm {
 public:
  virtual ~FilmForm() = default;
  virtual Fields fields() = 0;  // with the defaults, which the targets hold
  // What the fields' bounds do not say. Throws InvalidRequest.
  virtual void check() = 0;
};

// A field (a string, or a list of strings) that names uploads by their ids.
struct InputField {
  std::string name;
  std::string kind;  // "image", "audio" or "video": which content types are taken
  std::string help;
};

struct ModelCard {
  std::string id, family{};
  std::optional<std::int64_t> width{}, height{};
  std::optional<double> fps{}, seconds{};
};

// Pictures of a film in the making, which workers replace in place.
struct Preview {
  std::int64_t sequence = 0;  // grows with each; 0: there is none
  std::vector<std::string> names{};
};

struct FilmFormat {
  std::function<std::unique_ptr<FilmForm>()> blank;
  std::vector<InputField> inputs{};
  std::vector<ModelCard> models{};  // the first is the default
  // Of a running job; none where workers make no previews.
  std::function<Preview(const jobs::Job&)> preview{};
  std::function<std::string(const jobs::Job&, const std::string& name)> preview_path{};
  // Says to the worker of a running job that somebody looks.
  std::function<void(const jobs::Job&)> watch{};
};

// Content types that files of a kind are taken in; of no kind: of all.
std::vector<std::string> accepted_types(const std::string& kind = "");

// The content type that a file of ours is served with, by its ending; "application/octet-stream" for others.
std::string content_type_of(std::string_view name);

}  // namespace phonofilm::server
