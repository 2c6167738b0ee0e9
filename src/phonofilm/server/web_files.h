// The web page as it is served: plain files, read once at the start. No path of a request ever reaches the disk.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "phonofilm/server/http.h"

namespace phonofilm::server {

struct WebFile {
  std::string type, tag, bytes;
};

class WebFiles {
 public:
  // path: relative, with slashes. Files whose ending is not known are left out; known are .html, .css, .js, .json,
  // .svg, .png, .ico, .woff2, .webmanifest and .txt.
  void add(const std::string& path, std::string_view bytes);
  // path: decoded, without the slash at its beginning; "" is index.html. None: there is no such file.
  const WebFile* find(const std::string& path) const;

 private:
  std::map<std::string, WebFile> files_{};
};

// Every file of the folder and its folders, but no links. Throws InvalidRequest for a folder without index.html,
// ResourceError beyond 64 MB.
WebFiles read_web_folder(const std::string& folder);

// The page that is part of the program (web_assets.h).
WebFiles embedded_web();

// With a policy under which the page can load nothing but its own files.
Response web_response(const WebFile& file, const RequestHead& head);

}  // namespace phonofilm::server
