// A line that was to be said against the words that were heard.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace phonofilm::recognisers {

struct WordErrors {
  std::int64_t substituted = 0, left_out = 0, added = 0;
  // For every word that was to be said: which heard word is it; none where it was left out or replaced by another.
  std::vector<std::optional<std::size_t>> heard_as;
  std::int64_t right() const;  // words said, in order
  // (substituted + left out + added) / words to be said: the word error rate; may exceed 1.
  double rate() const;
};

// The alignment with the fewest errors (Levenshtein 1966), and of those the one with the most words right.
WordErrors word_errors(const std::vector<std::string>& said, const std::vector<std::string>& heard);

}  // namespace phonofilm::recognisers
