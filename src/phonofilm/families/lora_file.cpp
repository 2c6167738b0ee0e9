#include "phonofilm/families/lora_file.h"

#include <charconv>
#include <cmath>
#include <filesystem>

#include "phonofilm/base/error.h"
#include "phonofilm/nn/lora.h"
#include "phonofilm/weights/tensor_file.h"

namespace phonofilm::families {

LoraFile parse_lora(const std::string& text) {
  LoraFile lora{text};
  const size_t colon = text.rfind(':');
  if (colon != std::string::npos) {
    const char *begin = text.data() + colon + 1, *end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(begin, end, lora.scale);
    if (error == std::errc() && stop == end) lora.path = text.substr(0, colon);
    else lora.scale = 1;  // a colon of the file's name
  }
  PF_CHECK(!lora.path.empty() && std::isfinite(lora.scale), InvalidRequest, "lora", "'", text,
           "': expected FILE or FILE:SCALE, as in voice.safetensors:0.8");
  return lora;
}

std::string lora_names(const std::vector<LoraFile>& loras) {
  std::vector<std::string> names;
  for (const LoraFile& lora : loras) {
    const std::string name = std::filesystem::path(lora.path).filename().string();
    names.push_back(lora.scale == 1 ? name : concat(name, ":", lora.scale));
  }
  return join(names, " + ");
}

void add_loras(weights::TensorMap& tensors, const std::vector<LoraFile>& loras, const std::string& prefix) {
  for (const LoraFile& lora : loras) {
    nn::add_lora(tensors, weights::open_tensors(lora.path).tensors, lora.scale, lora.path, prefix);
  }
}

}  // namespace phonofilm::families
