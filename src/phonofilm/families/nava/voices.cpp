#include "phonofilm/families/nava/voices.h"

#include <algorithm>

#include "phonofilm/base/error.h"
#include "phonofilm/base/prompt_marks.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::nava {
namespace {

constexpr double kRate = families::kVoiceRate, kShortVoice = 1, kLeastVoice = 0.1;  // hertz; seconds
constexpr double kSilence = 1e-3;                 // largest sample, full scale 1: -60 dB

void expect_voice(const Tensor& voice, size_t number) {
  PF_CHECK(double(voice.size(-1)) >= kLeastVoice * kRate && at::isfinite(voice).all().item<bool>(), InvalidRequest,
           "voices", "reference voice ", number, " lasts ", double(voice.size(-1)) / kRate,
           " s, or holds samples that are no numbers; at least ", kLeastVoice, " s are needed");
}

Tensor embedded(const Tensor& voice, size_t number, const std::function<Tensor(const Tensor&)>& embed,
                std::vector<std::string>& notices) {
  if (voice.abs().max().item<double>() < kSilence) {
    notices.push_back(phonofilm::concat("reference voice ", number, " is silent; its line may sound like anybody"));
  } else if (double(voice.size(-1)) < kShortVoice * kRate) {
    notices.push_back(phonofilm::concat("reference voice ", number, " lasts ", double(voice.size(-1)) / kRate,
                                        " s; a timbre wants three seconds or more"));
  }
  return embed(voice);
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

}  // namespace

std::string with_voice_marks(const std::string& prompt) {
  const std::string open(kSpeechMarks.open);
  const std::string bare = replaced(prompt, kVoiceSentinel, "");
  return replaced(bare, open, open + kVoiceSentinel);
}

std::vector<std::int64_t> voice_positions(const std::vector<std::int64_t>& ids, const families::TokenizeFn& tokenize) {
  const std::int64_t sentinel = tokenize(kVoiceSentinel).at(0);
  std::vector<std::int64_t> positions;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] == sentinel) positions.push_back(std::int64_t(i));
  }
  return positions;
}

bool wants_voices(const families::Prompt& prompt, const families::ClipSpec& spec) {
  const bool wanted =
      std::any_of(prompt.voices.begin(), prompt.voices.end(), [](const Tensor& voice) { return voice.defined(); });
  PF_CHECK(!wanted || spec.has_audio(), InvalidRequest, "voices", "reference voices need a sound");
  return wanted;
}

std::unique_ptr<speaker_encoders::ReDimNet> load_voice_encoder(const std::string& path, std::int64_t width) {
  auto encoder = speaker_encoders::load_redimnet(path);
  PF_CHECK(encoder->config().embed_dim == width, CheckpointError, "load", path, ": its embeddings have ",
           encoder->config().embed_dim, " numbers, the backbone takes ", width);
  return encoder;
}

void check_voices(const std::vector<Tensor>& voices, const SpokenLines& lines) {
  if (voices.empty()) return;
  PF_CHECK(lines.count > 0, InvalidRequest, "voices", voices.size(),
           " reference voices for a prompt in which nobody speaks; put what is said between <S> and <E>");
  PF_CHECK(!lines.positions.empty(), InvalidRequest, "voices", "all ", lines.count,
           " spoken lines lie beyond the tokens that the model reads; shorten what stands before them");
  for (size_t i = 0; i < std::min(voices.size(), lines.positions.size()); ++i) {
    if (voices[i].defined()) expect_voice(voices[i], i + 1);
  }
}

Voices bind_voices(const std::vector<Tensor>& voices, const SpokenLines& lines, std::int64_t embed_dim,
                   const std::function<Tensor(const Tensor&)>& embed, std::vector<std::string>& notices) {
  check_voices(voices, lines);
  if (voices.empty()) return {};
  const size_t positions = lines.positions.size();
  if (voices.size() > positions) {
    notices.push_back(phonofilm::concat(voices.size(), " reference voices for the ", positions,
                                        " spoken lines that the model reads: the last ", voices.size() - positions,
                                        " are not used"));
  }
  std::vector<Tensor> embeddings;
  for (size_t i = 0; i < std::min(voices.size(), positions); ++i) {
    embeddings.push_back(voices[i].defined() ? embedded(voices[i], i + 1, embed, notices) : at::zeros({embed_dim}));
  }
  if (embeddings.size() == 1 && positions > 1) {
    notices.push_back(phonofilm::concat("one reference voice speaks all ", positions, " lines"));
    return {at::stack(embeddings), lines.positions};
  }
  while (embeddings.size() < positions) embeddings.push_back(at::zeros({embed_dim}));
  return {at::stack(embeddings), lines.positions};
}

}  // namespace phonofilm::nava
