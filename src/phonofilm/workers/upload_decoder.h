// Files of unknown origin, decoded by a child process in the sandbox (sandbox.h): the parent opens the file and hands
// over the descriptor, the child sends back pictures and samples. Whatever a file does to its decoder, this process
// goes on.
//
//   const Clip clip = decode_upload("upload", {.kind = "picture"}, {.command = {own_program(), "decode-upload"}});
#pragma once

#include "phonofilm/base/fields.h"
#include "phonofilm/tensor/clip.h"
#include "phonofilm/workers/sandbox.h"

namespace phonofilm::workers {

// What to decode, and how much of it at most. Limits are checked against what the file states before it is decoded, and
// against what comes out.
struct DecodeRequest {
  // "picture": frames [1, H, W, 3]; "sound": the waveform; "film": both, as far as they are there; "look": the first
  // picture and an empty waveform, likewise.
  std::string kind = "picture";
  std::int64_t max_side = 8192, max_pixels = 40'000'000;  // of a picture
  std::int64_t max_frames = 3000;
  double max_seconds = 60;                                  // of a film or sound
  std::int64_t max_file_bytes = 512 << 20;
  std::int64_t max_bytes = 1 << 30;                        // of all that comes back
  std::int64_t max_channels = 8;                           // in the file; at most two come back
  std::int64_t sample_rate = 0, channels = 0;              // as in the file unless given
  bool truncate = false;                                   // stop at max_seconds instead of refusing what is longer
  bool pictures = true;                // of a film; false: they are not decoded, whatever their size
  double fps = 0;                      // of a film, 0: its own
  std::int64_t height = 0, width = 0;  // that its pictures cover, their middle kept; 0: their own
  double max_fps = 240;                // of a film's pictures, in the file
  std::int64_t max_sample_rate = 384'000;  // of sound, in the file
  Fields fields();
};

struct DecoderOptions {
  std::vector<std::string> command{};  // program and arguments that call run_decoder_child() with one more argument
  SandboxLimits limits{};
  std::int64_t seconds = 120;  // of the wall clock, from start to end
};

// Throws InvalidRequest for a file that is damaged or beyond the limits, MediaError where the decoder was ended by its
// limits of time or memory or in any other way that says little, ResourceError where no child can be started. Messages
// name the file as `name`.
Clip decode_upload(const std::string& path, const std::string& name, const DecodeRequest& request,
                   const DecoderOptions& options);

// The child's whole life: reads the file on descriptor 0, writes the answer to descriptor 1. task: what decode_upload
// wrote. Returns the exit code.
int run_decoder_child(const std::string& task);


}  // namespace phonofilm::workers
