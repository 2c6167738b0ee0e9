// The embedded page against the files that it was made from.
#include "phonofilm/server/web_assets.h"

#include <algorithm>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

using namespace phonofilm::server;

namespace {

namespace fs = std::filesystem;

const fs::path kWeb = fs::path(PHONOFILM_SOURCE_DIR) / "web";

std::string read(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

TEST_CASE("web assets: every file of the folder is in the program, byte for byte, and no other") {
  std::set<std::string> wanted, found;
  for (const auto& entry : fs::recursive_directory_iterator(kWeb)) {
    if (entry.is_regular_file()) wanted.insert(fs::relative(entry.path(), kWeb).generic_string());
  }
  for (const WebAsset& file : web_assets()) {
    CAPTURE(file.path);
    found.insert(std::string(file.path));
    CHECK(file.bytes == read(kWeb / file.path));
  }
  CHECK(found == wanted);
  CHECK(found.contains("index.html"));
  CHECK(std::is_sorted(web_assets().begin(), web_assets().end(), [](auto& a, auto& b) { return a.path < b.path; }));
}

TEST_CASE("web assets: the page names no other server, has no inline code and makes no markup of texts") {
  for (const WebAsset& file : web_assets()) {
    CAPTURE(file.path);
    const bool has_svg = file.path == "icon.svg" || file.path == "dom/elements.js";  // SVG's namespace is only a name
    if (!has_svg) CHECK(file.bytes.find("http://") == std::string_view::npos);
    for (const char* banned : {"https://", "eval(", "new Function", "innerHTML", "document.write", "<style", " style="}) {
      CAPTURE(banned);
      CHECK(file.bytes.find(banned) == std::string_view::npos);
    }
  }
}

TEST_CASE("web assets: what the page and its modules load is there") {
  std::set<std::string> paths;
  for (const WebAsset& file : web_assets()) paths.insert(std::string(file.path));
  for (const WebAsset& file : web_assets()) {
    if (!file.path.ends_with(".js")) continue;
    const std::string text(file.bytes);
    for (std::size_t at = text.find("from '"); at != text.npos; at = text.find("from '", at + 1)) {
      const std::string target = text.substr(at + 6, text.find('\'', at + 6) - at - 6);
      CAPTURE(file.path);
      CAPTURE(target);
      CHECK(paths.contains((fs::path(file.path).parent_path() / target).lexically_normal().generic_string()));
    }
  }
}
