// What a model folder holds, as plain data: the parts that a family needs, whether they are there and fit, and where the
// missing ones come from.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "phonofilm/weights/tensor_map.h"

namespace phonofilm::families {

struct PartReport {
  std::string name, file;         // "text encoder"; its path below the folder
  std::string source{}, licence{};  // where its publisher keeps it, and under which terms; empty where unknown
  bool optional = false;          // a film can be made without it
  bool found = false;
  std::uint64_t bytes = 0;        // of the file
  std::int64_t tensors = 0, parameters = 0;  // of weights
  std::vector<std::string> dtypes{};         // by their safetensors names
  std::vector<std::string> problems{};       // why it cannot be used: damage, and every tensor that does not fit

  bool usable() const { return found && problems.empty(); }
  bool fault() const { return found ? !problems.empty() : !optional; }
};

// The film that is made where nothing is asked for but a prompt.
struct UsualFilm {
  std::int64_t width = 0, height = 0;
  double seconds = 0, fps = 0;
  bool follows_image = false;  // the size is that of a given first frame, as near as the model comes
};

struct FolderReport {
  std::string family;                   // "ovi"
  std::vector<std::string> variants{};  // that are there
  std::vector<UsualFilm> films{};       // of each of them; none where the folder is too damaged to tell
  std::vector<std::string> notes{};     // for people
  std::vector<PartReport> parts{};      // all that are needed, and what else is there
  bool takes_voices = false, keeps_films = false;  // as ModelInfo has them of the loaded model

  bool complete() const;
};

// Every problem that `tensors` have with the model; reads no values.
using FindMisfits = std::function<std::vector<std::string>(const weights::TensorMap& tensors)>;

// Fills in what `folder`/part.file tells by its header: size, tensors, dtypes, and problems if it is damaged or does not fit.
// Errors that `misfits` throws are problems too.
PartReport inspect_weights(PartReport part, const std::string& folder, const FindMisfits& misfits);

// The same for a file without tensors.
PartReport inspect_file(PartReport part, const std::string& folder);

}  // namespace phonofilm::families
