// What passes between decode_upload and its child: the task as JSON, and the head of the answer. Private to workers/.
#pragma once

#include <cstdint>
#include <string>

#include "phonofilm/workers/upload_decoder.h"

namespace phonofilm::workers {

struct DecoderTask {
  DecodeRequest request{};
  SandboxLimits limits{};
  Fields fields();
};

// Behind it come the pictures (uint8), the samples (float32) and the text, which is the error's message. Both sides are
// the same program on the same machine: numbers are in its own order.
struct AnswerHead {
  static constexpr std::int64_t kMagic = 0x31646f636564'6670;  // "pfdecod1"
  static constexpr std::int64_t kLongestText = 4000;

  std::int64_t magic = kMagic;
  std::int64_t exit_code = 0;  // of the Error, 0 for none: which kind it was
  std::int64_t frames = 0, height = 0, width = 0;
  std::int64_t channels = 0, samples = 0, sample_rate = 0;
  std::int64_t text = 0;  // bytes
  double fps = 0;
};
static_assert(sizeof(AnswerHead) == 80);

}  // namespace phonofilm::workers
