// The web page (web/), which is part of the program: its files as they lie in the repository, compiled in as data. What type a
// file has and how it is answered is said where folders of pages are served.
#pragma once

#include <span>
#include <string_view>

namespace phonofilm::server {

struct WebAsset {
  std::string_view path;  // relative to web/: "film/transport.js"
  std::string_view bytes;
};

// Sorted by path. The definition is made by cmake/web_assets.cmake.
std::span<const WebAsset> web_assets();

}  // namespace phonofilm::server
