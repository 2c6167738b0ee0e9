#include "phonofilm/pipeline/segment_voices.h"

#include <algorithm>

#include "phonofilm/base/prompt_marks.h"

namespace phonofilm::pipeline {
namespace {

// Lines of every prompt.
std::vector<std::size_t> line_counts(const GenerateRequest& request) {
  std::vector<std::size_t> counts{std::size_t(count_spoken_lines(request.prompt))};
  for (const std::string& prompt : request.then) counts.push_back(std::size_t(count_spoken_lines(prompt)));
  return counts;
}

}  // namespace

std::vector<Tensor> segment_voices(const GenerateRequest& request, std::size_t prompt,
                                   const std::vector<Tensor>& voices) {
  const std::vector<std::size_t> lines = line_counts(request);
  std::size_t first = 0, later = 0;
  for (std::size_t k = 0; k < prompt; ++k) first += lines[k];
  for (std::size_t k = prompt + 1; k < lines.size(); ++k) later += lines[k];
  if (first + lines[prompt] + later == 0) return voices;
  if (lines[prompt] == 0) return {};
  if (voices.size() <= 1) return voices;
  first = std::min(first, voices.size());
  // The last lines get what is left over, so that the model can tell that it is not used.
  const std::size_t last = later == 0 ? voices.size() : std::min(first + lines[prompt], voices.size());
  std::vector<Tensor> own(voices.begin() + std::ptrdiff_t(first), voices.begin() + std::ptrdiff_t(last));
  if (own.size() == 1 && lines[prompt] > 1) own.emplace_back();  // else it would speak all of them
  return own;
}

}  // namespace phonofilm::pipeline
