// Pieces of HTML that the sections of the evaluation page share.
#pragma once

#include <string>
#include <vector>

namespace phonofilm::eval {

// What a group is called: "Ground truth". Its key is the name behind its colour.
std::string title_of(const std::string& group);
std::string key_of(const std::string& group);

std::string cell(const std::string& content);
// A card with a table; `rows` are finished <tr> elements.
std::string table(const std::string& caption, const std::vector<std::string>& head, const std::string& rows);

}  // namespace phonofilm::eval
