#include "phonofilm/cli/sample_writer.h"

namespace phonofilm::cli {

train::SampleWriter sample_writer() { return {}; }

}  // namespace phonofilm::cli
