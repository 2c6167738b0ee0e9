// The web page: a folder of plain files, read once at the start. No path of a request ever reaches the disk.
#pragma once

#include <map>
#include <string>

#include "phonofilm/server/http.h"

namespace phonofilm::server {

struct WebFile {
  std::string type, tag, bytes;
};

class WebFiles {
 public:
  WebFiles() = default;
  // Reads every file of the folder and its folders whose ending is known: .html, .css, .js, .json, .svg, .png, .ico, .woff2,
  // .webmanifest, .txt. Throws InvalidRequest for a folder without index.html, ResourceError beyond 64 MB.
  explicit WebFiles(const std::string& folder);
  // path: decoded, without the slash at its beginning; "" is index.html. None: there is no such file.
  const WebFile* find(const std::string& path) const;

 private:
  std::map<std::string, WebFile> files_{};
};

// With a policy under which the page can load nothing but its own files.
Response web_response(const WebFile& file, const RequestHead& head);

}  // namespace phonofilm::server
