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

// A field (a string, or a list of strings) whose values are files. A client names an upload there; what is stored names
// the artifacts that the job keeps of them.
struct InputField {
  std::string name;
  // Which content types are taken: "image", "audio" or "video"; "sound" is both of sounds and of films, "film" likewise
  // with films first.
  std::string kind;
  std::vector<std::string> artifacts;  // of jobs::kArtifactNames, one for each file that the field takes
  std::string help;
  std::string title{};  // for people, in a word or two; empty: the name will do
};

// Fields that belong together, for forms.
struct FieldGroup {
  std::string title;
  std::vector<std::string> names;
};

// width, height and seconds: of films for which nothing else is asked.
struct ModelCard {
  std::string id, family{};
  std::optional<std::int64_t> width{}, height{};
  std::optional<double> fps{}, seconds{};
  std::vector<std::string> takes{};  // names of those inputs that it can make a film with
  bool follows_image = false;  // the size is that of a given first frame
};

struct FilmFormat {
  std::function<std::unique_ptr<FilmForm>()> blank;
  std::vector<InputField> inputs{};
  std::vector<ModelCard> models{};  // the first is the default
  std::vector<FieldGroup> groups{};  // in their order; fields of no group stand behind them
};

// Content types that files of a kind are taken in; of no kind: of all.
std::vector<std::string> accepted_types(const std::string& kind = "");

// The content type that a file of ours is served with, by its ending; "application/octet-stream" for others.
std::string content_type_of(std::string_view name);

}  // namespace phonofilm::server
