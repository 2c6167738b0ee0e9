// What a film is given by uploads of its job: files of unknown origin, each decoded by itself elsewhere.
#pragma once

#include <functional>

#include "phonofilm/pipeline/film_preparation.h"
#include "phonofilm/workers/session.h"
#include "phonofilm/workers/upload_decoder.h"

namespace phonofilm::workers {

// decode_upload() with the program's decoder child.
using DecodeFn = std::function<Clip(const std::string& path, const std::string& name, const DecodeRequest& request)>;

inline constexpr double kLongestUpload = 60;  // seconds of a film or sound that is followed or kept

class GivenUploads : public pipeline::GivenReader {
 public:
  // Both must outlive it.
  GivenUploads(const Session& session, const DecodeFn& decode) : session_(session), decode_(decode) {}
  Tensor picture(const std::string& file) override;
  Tensor voice(const std::string& file) override;
  pipeline::GivenLook look(const std::string& file, bool pictures) override;
  Clip clip(const std::string& file, const pipeline::ClipWanted& wanted) override;
  Tensor cover(const Tensor& picture, std::int64_t height, std::int64_t width) override;

 private:
  Clip decoded(const std::string& file, const DecodeRequest& request) const;
  const Session& session_;
  const DecodeFn& decode_;
};

}  // namespace phonofilm::workers
