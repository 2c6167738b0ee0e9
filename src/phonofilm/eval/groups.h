// The groups of films that an evaluation compares: one table of what they are called and what they answer.
#pragma once

#include <string>
#include <vector>

namespace phonofilm::eval {

struct GroupText {
  std::string name;         // in reports: "ground_truth"
  std::string title;        // on pages: "Ground truth"
  std::string description;
};

// In the order in which tables show them.
const std::vector<GroupText>& group_texts();
// Throws std::out_of_range for a name that is not among them.
const GroupText& group_text(const std::string& name);

}  // namespace phonofilm::eval
