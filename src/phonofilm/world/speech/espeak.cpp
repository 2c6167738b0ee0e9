// The only file that knows espeak-ng, a C library with one global state: everything happens under one lock.
#include <espeak-ng/speak_lib.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <mutex>

#include "phonofilm/base/error.h"
#include "phonofilm/base/text.h"
#include "phonofilm/world/speech/speech.h"

namespace phonofilm::world {
namespace {

constexpr const char* kOperation = "speak";
constexpr const char* kLanguage = "en-us";
constexpr int kVolume = 70;  // of 100: louder voices would start its gain control, which is a state that lasts
constexpr float kPeak = 0.5f;

struct RawEvent {
  espeak_EVENT_TYPE type;
  std::int64_t sample;
  int position;      // of the word's first letter, from 1
  std::string name;  // of a phoneme
};

// What one call of espeak_Synth delivers.
struct Delivery {
  std::vector<short> samples;
  std::vector<RawEvent> events;
};

std::string phoneme_name(const espeak_EVENT& event) {
  const char* begin = event.id.string;
  return {begin, std::find(begin, begin + sizeof event.id.string, '\0')};
}

int collect(short* samples, int count, espeak_EVENT* events) {
  auto* delivery = static_cast<Delivery*>(events->user_data);
  if (delivery == nullptr) return 0;
  if (samples != nullptr) delivery->samples.insert(delivery->samples.end(), samples, samples + count);
  for (const espeak_EVENT* e = events; e->type != espeakEVENT_LIST_TERMINATED; ++e) {
    const bool phoneme = e->type == espeakEVENT_PHONEME;
    delivery->events.push_back({e->type, e->sample, e->text_position, phoneme ? phoneme_name(*e) : ""});
  }
  return 0;
}

// The library as an object that exists once, because its state does.
class Engine {
 public:
  static Engine& instance() {
    static Engine engine;
    return engine;
  }
  double rate() const { return rate_; }

  Delivery say(const Voice& voice, const std::string& text) {
    const std::lock_guard lock(mutex_);
    const std::string name = concat(kLanguage, "+", voice.variant);
    const bool found = espeak_SetVoiceByName(name.c_str()) == EE_OK;
    // An unknown variant is passed over in silence; a known one stands in the identifier of the voice.
    const espeak_VOICE* current = espeak_GetCurrentVoice();
    const bool varied = current != nullptr && current->identifier != nullptr &&
                        std::string(current->identifier).ends_with("+" + voice.variant);
    PF_CHECK(found && varied, ResourceError, kOperation, "espeak-ng has no voice '", name,
             "'; its data may be of another version");
    espeak_SetParameter(espeakPITCH, voice.pitch, 0);
    espeak_SetParameter(espeakRANGE, voice.range, 0);
    espeak_SetParameter(espeakRATE, int(std::lround(voice.rate / voice.tract)), 0);
    espeak_SetParameter(espeakVOLUME, kVolume, 0);
    Delivery delivery;
    const espeak_ERROR status = espeak_Synth(text.c_str(), text.size() + 1, 0, POS_CHARACTER, 0, espeakCHARS_UTF8,
                                             /*unique_identifier=*/nullptr, &delivery);
    PF_CHECK(status == EE_OK, ResourceError, kOperation, "espeak-ng failed on '", text, "' (", int(status), ")");
    return delivery;
  }

 private:
  // The library stays initialised to the end of the process: taking it down can wait for a thread that never ran.
  Engine() {
    constexpr int kDontExit = 0x8000;
    rate_ = espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, /*buflength=*/0, /*path=*/nullptr,
                              espeakINITIALIZE_PHONEME_EVENTS | kDontExit);
    PF_CHECK(rate_ > 0, ResourceError, kOperation, "the data of espeak-ng cannot be loaded; install espeak-ng-data");
    espeak_SetSynthCallback(collect);
  }
  std::mutex mutex_;
  int rate_ = 0;
};

bool is_pause(const std::string& phoneme) { return phoneme.empty() || phoneme.starts_with('_'); }

void check_words(const std::vector<std::string>& words) {
  PF_CHECK(!words.empty(), InvalidRequest, kOperation, "at least one word is needed");
  for (const std::string& word : words) {
    const bool letters = std::all_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    PF_CHECK(!word.empty() && letters, InvalidRequest, kOperation, "'", word, "' is not a word of small letters");
  }
}

// Where the sound ends: behind it is silence, whose length depends on what was spoken before.
std::int64_t end_of_sound(const std::vector<short>& samples) {
  const auto last = std::find_if(samples.rbegin(), samples.rend(), [](short sample) { return sample != 0; });
  return samples.rend() - last;
}

// Phonemes end where the next one begins, the last one where the sound ends. The pauses before the first and behind the
// last are cut.
struct PhonemeEvent {
  std::string name;
  int position;
  std::int64_t begin, end;  // samples
};

std::vector<PhonemeEvent> phonemes_of(const Delivery& delivery) {
  std::vector<PhonemeEvent> phonemes;
  for (const RawEvent& event : delivery.events) {
    if (event.type != espeakEVENT_PHONEME) continue;
    if (!phonemes.empty()) phonemes.back().end = event.sample;
    phonemes.push_back({event.name, event.position, event.sample, std::int64_t(delivery.samples.size())});
  }
  while (!phonemes.empty() && is_pause(phonemes.back().name)) phonemes.pop_back();
  const auto first = std::find_if(phonemes.begin(), phonemes.end(), [](const auto& p) { return !is_pause(p.name); });
  phonemes.erase(phonemes.begin(), first);
  if (!phonemes.empty()) phonemes.back().end = std::max(end_of_sound(delivery.samples), phonemes.back().begin + 1);
  return phonemes;
}

// Cuts [begin, end), brings the peak to kPeak and fades the last 5 ms out.
Recording cut(const std::vector<short>& samples, std::int64_t begin, std::int64_t end, double rate) {
  Recording recording{{samples.begin() + begin, samples.begin() + end}, rate};
  float peak = 1;
  for (const float sample : recording.samples) peak = std::max(peak, std::abs(sample));
  const auto size = std::int64_t(recording.samples.size());
  const auto fade = std::min<std::int64_t>(size, std::llround(0.005 * rate));
  for (std::int64_t n = 0; n < size; ++n) {
    recording.samples[size_t(n)] *= kPeak / peak * float(std::min(1.0, double(size - n) / double(fade)));
  }
  return recording;
}

}  // namespace

bool speech_available() { return true; }

Speech speak(const Voice& voice, const std::vector<std::string>& words) {
  check_words(words);
  Engine& engine = Engine::instance();
  const std::string text = join(words, " ");
  const Delivery delivery = engine.say(voice, text);
  const std::vector<PhonemeEvent> phonemes = phonemes_of(delivery);
  PF_CHECK(!phonemes.empty(), ResourceError, kOperation, "espeak-ng said nothing for '", text, "'");
  // Played faster by `tract`, everything sounds higher, resonances included.
  const double rate = engine.rate() * voice.tract;
  const std::int64_t begin = phonemes.front().begin;
  const auto seconds = [&](std::int64_t sample) { return double(sample - begin) / rate; };
  Speech speech{cut(delivery.samples, begin, phonemes.back().end, rate), {}, {}};
  int position = 1;
  for (const std::string& word : words) {
    double start = -1, end = -1;
    for (const PhonemeEvent& p : phonemes) {
      if (p.position != position || is_pause(p.name)) continue;
      if (start < 0) start = seconds(p.begin);
      end = seconds(p.end);
    }
    PF_CHECK(start >= 0, ResourceError, kOperation, "espeak-ng gave no time for '", word, "' in '", text, "'");
    speech.words.push_back({word, start, end});
    position += int(word.size()) + 1;
  }
  for (const PhonemeEvent& p : phonemes) speech.phonemes.push_back({p.name, seconds(p.begin), seconds(p.end)});
  return speech;
}

}  // namespace phonofilm::world
