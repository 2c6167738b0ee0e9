#include "phonofilm/recognisers/word_errors.h"

#include <algorithm>

namespace phonofilm::recognisers {
namespace {

using Words = std::vector<std::string>;

// Of alignments with as few errors that which finds more words right is better: a right word is worth a little, less in all
// than one error costs.
constexpr std::int64_t kError = 1 << 20, kRight = -1;

// cost[i][j]: the least between the first i words said and the first j heard.
std::vector<std::vector<std::int64_t>> costs(const Words& said, const Words& heard) {
  std::vector<std::vector<std::int64_t>> cost(said.size() + 1, std::vector<std::int64_t>(heard.size() + 1));
  for (std::size_t i = 0; i <= said.size(); ++i) {
    for (std::size_t j = 0; j <= heard.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = kError * std::int64_t(i + j);
        continue;
      }
      const std::int64_t both = cost[i - 1][j - 1] + (said[i - 1] == heard[j - 1] ? kRight : kError);
      cost[i][j] = std::min({both, cost[i - 1][j] + kError, cost[i][j - 1] + kError});
    }
  }
  return cost;
}

}  // namespace

std::int64_t WordErrors::right() const {
  return std::count_if(heard_as.begin(), heard_as.end(), [](const auto& place) { return place.has_value(); });
}

double WordErrors::rate() const {
  const double errors = double(substituted + left_out + added);
  return errors / double(std::max<std::size_t>(heard_as.size(), 1));
}

WordErrors word_errors(const Words& said, const Words& heard) {
  const auto cost = costs(said, heard);
  WordErrors errors;
  errors.heard_as.resize(said.size());
  std::size_t i = said.size(), j = heard.size();
  while (i > 0 || j > 0) {
    const bool same = i > 0 && j > 0 && said[i - 1] == heard[j - 1];
    if (i > 0 && j > 0 && cost[i][j] == cost[i - 1][j - 1] + (same ? kRight : kError)) {
      --i, --j;
      if (same) errors.heard_as[i] = j;
      else ++errors.substituted;
    } else if (i > 0 && cost[i][j] == cost[i - 1][j] + kError) {
      --i, ++errors.left_out;
    } else {
      --j, ++errors.added;
    }
  }
  return errors;
}

}  // namespace phonofilm::recognisers
