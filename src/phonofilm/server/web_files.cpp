#include "phonofilm/server/web_files.h"

#include <filesystem>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/server/digest.h"
#include "phonofilm/server/syntax.h"
#include "phonofilm/server/web_assets.h"

namespace phonofilm::server {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMaxBytes = 64 << 20;

// None for files that are no part of a page.
std::string type_of(const fs::path& path) {
  static const std::map<std::string, std::string> kTypes{{".html", "text/html; charset=utf-8"},
                                                         {".css", "text/css; charset=utf-8"},
                                                         {".js", "text/javascript; charset=utf-8"},
                                                         {".json", "application/json"},
                                                         {".svg", "image/svg+xml"},
                                                         {".png", "image/png"},
                                                         {".ico", "image/x-icon"},
                                                         {".woff2", "font/woff2"},
                                                         {".webmanifest", "application/manifest+json"},
                                                         {".txt", "text/plain; charset=utf-8"}};
  const auto found = kTypes.find(path.extension().string());
  return found == kTypes.end() ? "" : found->second;
}

}  // namespace

void WebFiles::add(const std::string& path, std::string_view bytes) {
  const std::string type = type_of(path);
  if (type.empty()) return;
  files_.emplace(path, WebFile{type, concat('"', sha256_hex(bytes).substr(0, 32), '"'), std::string(bytes)});
}

const WebFile* WebFiles::find(const std::string& path) const {
  const auto found = files_.find(path.empty() ? "index.html" : path);
  return found == files_.end() ? nullptr : &found->second;
}

WebFiles read_web_folder(const std::string& folder) {
  WebFiles files;
  std::uintmax_t sum = 0;
  std::error_code unreadable;
  for (const auto& entry : fs::recursive_directory_iterator(folder, unreadable)) {
    if (!entry.is_regular_file() || entry.is_symlink()) continue;
    sum += entry.file_size();
    PF_CHECK(sum <= kMaxBytes, ResourceError, "serve", folder, ": the web page has more than ",
             human_bytes(double(kMaxBytes)));
    files.add(fs::relative(entry.path(), folder).generic_string(), read_file(entry.path().string()));
  }
  PF_CHECK(!unreadable && files.find("") != nullptr, InvalidRequest, "serve", folder,
           ": expected a folder with an index.html");
  return files;
}

WebFiles embedded_web() {
  WebFiles files;
  for (const WebAsset& file : web_assets()) files.add(std::string(file.path), file.bytes);
  return files;
}

Response web_response(const WebFile& file, const RequestHead& head) {
  Response response;
  response.set("ETag", file.tag);
  response.set("Cache-Control", "no-cache");
  response.set("Content-Type", file.type);
  response.set("Content-Security-Policy",
               "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; object-src 'none'; "
               "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  const std::string* known = head.header("if-none-match");
  if (known && matches_tag(*known, file.tag)) {
    response.status = 304;
  } else {
    response.body = file.bytes;
  }
  return response;
}

}  // namespace phonofilm::server
