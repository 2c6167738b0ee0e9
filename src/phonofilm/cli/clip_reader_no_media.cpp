#include "phonofilm/cli/clip_reader.h"

namespace phonofilm::cli {

train::ClipReader clip_reader() { return {}; }

}  // namespace phonofilm::cli
