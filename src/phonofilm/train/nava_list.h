// The lists of clips that NAVA trains on, in its publisher's layout: JSON lines of
//
//   {"video_info": [{"data_path": "a.mp4", "fps": 25, "duration": 7.2, "is_valid": true}],
//    "text_list": [{"text_type": "caption", "text": "She says: <S>Hello.<E>", "speech_start": [0.4], "speech_end":
//    [1.3]}]}
//
// "bos_url" may stand for "data_path"; relative paths begin at the list's folder. Of several entries the first valid
// one counts, of sound alone "audio_splits_info", if it is there, goes before "video_info". A null list is
// none. Everything else in a line is skipped. The files may be of any origin.
#pragma once

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "phonofilm/train/nava_options.h"

namespace phonofilm::train {

// When something is said, in seconds of the clip.
struct SpokenSpan {
  double begin = 0, end = 0;
};

struct NavaEntry {
  std::string path;               // of the clip
  std::string caption;            // with as many <S>...<E> as spans
  std::vector<SpokenSpan> spans;  // one to infinity: the whole clip, whatever its length
  double seconds = 0, fps = 0;    // as the list says; 0 where it does not

  bool tells_length() const { return seconds * fps > 0; }
  bool is_one_line() const { return spans.size() == 1 && std::isinf(spans[0].end); }
};

// What was left out, and why.
class Dropped {
 public:
  void add(const std::string& reason, const std::string& where);
  // Spoken lines that no voice could be taken of; their clips are kept.
  void add_voiceless(std::int64_t lines, const std::string& where);
  std::int64_t total() const;  // clips left out
  // A line for each reason: "3 clips left out: the caption's marks do not pair up (first: a.jsonl:7)".
  std::vector<std::string> notices() const;

 private:
  struct Reason {
    std::int64_t count = 0;
    std::string first;
  };
  std::map<std::string, Reason> reasons_;
  Reason voiceless_;
};

// Entries that may be trained on; lines that are damaged, marked as invalid, or whose marks and spans disagree are
// counted in `dropped`. With NavaSource::is_speech the whole text is one spoken line. Throws InvalidRequest where the
// file cannot be read.
std::vector<NavaEntry> read_nava_list(const NavaSource& source, Dropped& dropped);

}  // namespace phonofilm::train
