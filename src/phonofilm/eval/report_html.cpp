#include "phonofilm/eval/report_html.h"

#include "phonofilm/eval/groups.h"

namespace phonofilm::eval {

std::string title_of(const std::string& group) { return group_text(group).title; }

std::string key_of(const std::string& group) {
  return "<span class=\"key g-" + group + "\"></span>" + title_of(group);
}

std::string cell(const std::string& content) { return "<td>" + content + "</td>"; }

std::string table(const std::string& caption, const std::vector<std::string>& head, const std::string& rows) {
  std::string html = "<div class=\"card scroll\"><table><caption>" + caption + "</caption><thead><tr>";
  for (const std::string& name : head) {
    html += (name == "Figure" ? "<th scope=\"col\" class=\"name\">" : "<th scope=\"col\">") + name + "</th>";
  }
  return html + "</tr></thead><tbody>" + rows + "</tbody></table></div>";
}

}  // namespace phonofilm::eval
