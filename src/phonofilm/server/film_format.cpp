#include "phonofilm/server/film_format.h"

#include <map>

namespace phonofilm::server {

std::vector<std::string> accepted_types(const std::string& kind) {
  std::vector<std::string> kinds{kind}, types;
  if (kind.empty()) kinds = {"image", "audio", "video"};
  if (kind == "sound") kinds = {"audio", "video"};
  if (kind == "film") kinds = {"video", "audio"};
  for (const std::string& one : kinds) {
    for (const char* type : {"image/png", "image/jpeg", "image/webp", "audio/wav", "audio/flac", "audio/mpeg",
                             "audio/mp4", "audio/ogg", "video/mp4", "video/webm", "video/quicktime"}) {
      if (std::string_view(type).starts_with(one + "/")) types.push_back(type);
    }
  }
  return types;
}

std::string content_type_of(std::string_view name) {
  static const std::map<std::string_view, std::string> kTypes{
      {"mp4", "video/mp4"}, {"mov", "video/quicktime"}, {"m4a", "audio/mp4"},   {"wav", "audio/wav"},
      {"png", "image/png"}, {"jpg", "image/jpeg"},      {"webp", "image/webp"}, {"json", "application/json"}};
  const std::size_t dot = name.rfind('.');
  const auto found = kTypes.find(dot == name.npos ? "" : name.substr(dot + 1));
  return found == kTypes.end() ? "application/octet-stream" : found->second;
}

}  // namespace phonofilm::server
