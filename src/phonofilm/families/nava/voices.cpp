#include "phonofilm/families/nava/voices.h"

#include "phonofilm/base/error.h"
#include "phonofilm/base/prompt_marks.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::nava {
namespace {

constexpr double kRate = 16000, kShortVoice = 1;  // hertz; seconds
constexpr double kSilence = 1e-3;                 // largest sample, full scale 1: -60 dB

void note_weak(const Tensor& voice, size_t number, std::vector<std::string>& notices) {
  const double seconds = double(voice.size(-1)) / kRate;
  if (voice.abs().max().item<double>() < kSilence) {
    notices.push_back(phonofilm::concat("reference voice ", number, " is silent: its line will sound like nobody in particular"));
  } else if (seconds < kShortVoice) {
    notices.push_back(phonofilm::concat("reference voice ", number, " lasts ", seconds, " s; a timbre wants three seconds or more"));
  }
}

}  // namespace

std::string with_voice_marks(const std::string& prompt) {
  const std::string open(kSpeechMarks.open), marked = open + kVoiceSentinel;
  std::string result;
  size_t at = 0;
  for (size_t found = prompt.find(open); found != std::string::npos; found = prompt.find(open, at)) {
    result += prompt.substr(at, found - at) + marked;
    at = found + (prompt.compare(found, marked.size(), marked) == 0 ? marked.size() : open.size());
  }
  return result + prompt.substr(at);
}

std::vector<std::int64_t> voice_positions(const std::vector<std::int64_t>& ids, const families::TokenizeFn& tokenize) {
  const std::int64_t sentinel = tokenize(kVoiceSentinel).at(0);
  std::vector<std::int64_t> positions;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] == sentinel) positions.push_back(std::int64_t(i));
  }
  return positions;
}

Voices bind_voices(const std::vector<Tensor>& voices, const std::vector<std::int64_t>& positions, std::int64_t embed_dim,
                   const std::function<Tensor(const Tensor&)>& embed, std::vector<std::string>& notices) {
  if (voices.empty()) return {};
  PF_CHECK(!positions.empty(), InvalidRequest, "voices", voices.size(), " reference voices for a prompt in which nobody speaks; put what "
           "is said between <S> and <E>");
  if (voices.size() > positions.size()) {
    notices.push_back(phonofilm::concat(voices.size(), " reference voices for ", positions.size(), " spoken lines: the last ",
                                        voices.size() - positions.size(), " are not used"));
  }
  std::vector<Tensor> embeddings;
  for (size_t i = 0; i < voices.size() && i < positions.size(); ++i) {
    if (voices[i].defined()) note_weak(voices[i], i + 1, notices);
    embeddings.push_back(voices[i].defined() ? embed(voices[i]) : at::zeros({embed_dim}));
  }
  if (embeddings.size() == 1 && positions.size() > 1) {
    notices.push_back(phonofilm::concat("one reference voice speaks all ", positions.size(), " lines"));
    return {at::stack(embeddings), positions};
  }
  while (embeddings.size() < positions.size()) embeddings.push_back(at::zeros({embed_dim}));
  return {at::stack(embeddings), positions};
}

}  // namespace phonofilm::nava
