#include <nlohmann/json.hpp>

#include "fuzz/fuzz_text.h"
#include "phonofilm/base/error.h"
#include "phonofilm/base/fields.h"

namespace {

struct Options {
  bool flag = false;
  std::int64_t steps = 20;
  double scale = 1;
  std::string solver = "euler";
  std::vector<std::int64_t> sizes;
  std::vector<double> weights;
  std::vector<std::string> names;

  phonofilm::Fields fields() {
    return {{"flag", &flag, ""},   {"steps", &steps, "", 1.0, 1000.0},
            {"scale", &scale, "", 0.0, 10.0}, {"solver", &solver, "", {}, {}, {"euler", "unipc"}},
            {"sizes", &sizes, ""}, {"weights", &weights, ""}, {"names", &names, ""}};
  }
};

}  // namespace

// A config.json or a line of a prompt list: what is accepted lies within the bounds.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace phonofilm;
  try {
    Options options;
    read_json(parse_json(fuzz::text_of(data, size), "fuzz"), options.fields(), "fuzz");
    if (options.steps < 1 || options.steps > 1000 || options.scale < 0 || options.scale > 10) __builtin_trap();
  } catch (const InvalidRequest&) {
  }
  return 0;
}
