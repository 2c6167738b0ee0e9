#include "phonofilm/train/voice_bank.h"

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <optional>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/text.h"
#include "phonofilm/speaker_encoders/redimnet/redimnet.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/train/latent_cache.h"
#include "phonofilm/train/utterances.h"
#include "phonofilm/weights/safetensors.h"

namespace phonofilm::train {
namespace {

constexpr double kShortest = 1, kLongest = 3;  // seconds

std::string describe(const VoiceBankOptions& o) {
  return concat("4 ", o.utterances, " ", o.made_utterances, " ", o.seed, " ", file_fingerprint(o.speaker_encoder));
}

// Words of one utterance are joined by spaces, utterances by lines.
std::string packed(const std::vector<std::vector<std::string>>& words) {
  std::vector<std::string> lines;
  for (const auto& line : words) lines.push_back(join(line, " "));
  return join(lines, "\n");
}

std::vector<std::vector<std::string>> unpacked(const std::string& text) {
  std::vector<std::vector<std::string>> words;
  for (const std::string& line : split(text, '\n')) words.push_back(split(line, ' '));
  return words;
}

std::optional<VoiceBank> find_voices(const std::string& path, const std::string& description) {
  if (!is_file(path)) return std::nullopt;
  const auto file = weights::SafetensorsFile::open(path);
  const auto found = file.metadata().find("contents");
  if (found == file.metadata().end() || found->second != description) return std::nullopt;
  std::map<std::string, VoiceEntries> voices;
  for (const auto& [name, embeddings] : file.tensors()) {
    const auto words = file.metadata().find(name);
    PF_CHECK(words != file.metadata().end(), CheckpointError, "load", path, ": the words of ", name,
             " are missing; delete it");
    voices[name] = {embeddings, unpacked(words->second)};
    PF_CHECK(std::int64_t(voices[name].words.size()) == embeddings.size(0), CheckpointError, "load", path, ": ", name,
             " has ", embeddings.size(0), " embeddings and the words of ", voices[name].words.size(), "; delete it");
  }
  return VoiceBank(std::move(voices));
}

VoiceEntries make_entries(const world::Voice& voice, const speaker_encoders::ReDimNet& encoder,
                          std::int64_t utterances, std::uint64_t seed) {
  const at::NoGradGuard no_grad;
  Random random(mix_seed(seed, "reference voice " + voice.id));
  std::vector<Tensor> embeddings;
  VoiceEntries entries;
  for (std::int64_t i = 0; i < utterances; ++i) {
    const auto samples = std::int64_t(random.uniform(kShortest, kLongest) * double(kUtteranceRate));
    Utterance utterance = draw_utterance(voice, samples, random);
    embeddings.push_back(encoder.embedding(utterance.waveform.unsqueeze(0)));
    entries.words.push_back(std::move(utterance.words));
  }
  entries.embeddings = at::stack(embeddings);
  return entries;
}

VoiceBank make_voices(const VoiceBankOptions& options, const Observer& observer) {
  const auto encoder = speaker_encoders::load_redimnet(options.speaker_encoder);
  std::vector<world::Voice> voices = world::voices();
  const size_t listed = voices.size();
  if (options.made_utterances > 0) {
    voices.insert(voices.end(), world::made_voices().begin(), world::made_voices().end());
  }
  std::map<std::string, VoiceEntries> made;
  std::mutex mutex;
  for_all(std::int64_t(voices.size()), [&](std::int64_t i) {
    VoiceEntries entries = make_entries(
        voices[size_t(i)], *encoder, size_t(i) < listed ? options.utterances : options.made_utterances, options.seed);
    const std::lock_guard lock(mutex);
    made[voices[size_t(i)].id] = std::move(entries);
    if (!observer({"listen to voices", std::int64_t(made.size()), std::int64_t(voices.size())})) {
      throw Cancelled("encode", "stopped while listening to voices");
    }
  });
  return VoiceBank(std::move(made));
}

bool share_a_word(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  const auto among_b = [&](const auto& word) { return std::find(b.begin(), b.end(), word) != b.end(); };
  return std::any_of(a.begin(), a.end(), among_b);
}

}  // namespace

std::vector<std::string> VoiceBank::names() const {
  std::vector<std::string> names;
  for (const auto& [name, entries] : voices_) names.push_back(name);
  return names;
}

std::int64_t VoiceBank::width() const { return voices_.begin()->second.embeddings.size(1); }

Tensor VoiceBank::pick(const std::string& voice, const std::vector<std::string>& other_than, Random& random) const {
  const VoiceEntries& entries = voices_.at(voice);
  const std::int64_t count = entries.embeddings.size(0), first = random.below(count);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t at = (first + i) % count;
    if (!share_a_word(entries.words[size_t(at)], other_than)) return entries.embeddings[at];
  }
  return entries.embeddings[first];
}

VoiceBank load_or_make_voices(const std::string& path, const VoiceBankOptions& options, const Observer& observer) {
  const std::string description = describe(options);
  if (auto found = find_voices(path, description)) return std::move(*found);
  VoiceBank bank = make_voices(options, observer);
  make_folder(std::filesystem::path(path).parent_path().string());
  weights::TensorMap tensors;
  weights::Metadata metadata{{"contents", description}};
  for (const auto& [name, entries] : bank.voices()) {
    tensors[name] = entries.embeddings;
    metadata[name] = packed(entries.words);
  }
  weights::save_safetensors(path, tensors, metadata);
  return bank;
}

}  // namespace phonofilm::train
