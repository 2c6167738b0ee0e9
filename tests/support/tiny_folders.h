// Model folders in their publishers' layouts, put together from the small random weights of testdata/goldens, for tests
// of whole families. Files are links, because nothing writes to them.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <string>

#include "phonofilm/families/nava/checkpoint.h"
#include "phonofilm/families/nava/voices.h"
#include "phonofilm/families/registry.h"
#include "phonofilm/families/wan22.h"
#include "support/support.h"

namespace phonofilm::test {

// One token per letter, NAVA's voice sentinel as one token, and an end mark: toy text encoders know some hundred
// tokens.
inline families::TokenizeFn letters(const std::string& /*path*/, std::int64_t longest) {
  return [longest](const std::string& text) {
    std::vector<std::int64_t> ids;
    const std::string sentinel = nava::kVoiceSentinel;
    for (size_t at = 0; at < text.size() && std::int64_t(ids.size()) + 1 < longest;) {
      const bool voice = text.compare(at, sentinel.size(), sentinel) == 0;
      ids.push_back(voice ? 2 : 3 + std::int64_t(static_cast<unsigned char>(text[at])) % 60);
      at += voice ? sentinel.size() : 1;
    }
    ids.push_back(1);
    return ids;
  };
}

class ModelFolder {
 public:
  std::string root() const { return folder_.path().string(); }
  std::string file(const std::string& name) const { return folder_.file(name); }

  // A file of testdata/goldens under another name, in the place of what was there.
  void link(const std::string& golden, const std::string& name) const {
    const std::filesystem::path path = file(name);
    std::filesystem::create_directories(path.parent_path());
    std::filesystem::remove(path);
    std::filesystem::create_symlink(testdata("goldens/" + golden), path);
  }
  void remove(const std::string& name) const { std::filesystem::remove(file(name)); }

  std::unique_ptr<families::Generator> load(families::LoadOptions options = {}) const {
    options.open_tokenizer = letters;
    return families::load_generator(root(), options);
  }

 protected:
  // Something stands in the tokenizer's place, which `letters` does not read.
  void link_wan22() const {
    for (const char* name :
         {wan22::kTextEncoderFile, wan22::kVideoVaeFile, wan22::kTextConfigFile, wan22::kVaeConfigFile}) {
      link(std::string("ovi-tiny/") + name, name);
    }
    link("ovi-tiny/README.md", wan22::kTokenizerFile);
  }

 private:
  TemporaryFolder folder_;
};

struct OviFolder : ModelFolder {
  OviFolder() {
    for (const char* part : {"Ovi", "MMAudio"}) link(std::string("ovi-tiny/") + part, part);
    link_wan22();
  }
};

struct NavaFolder : ModelFolder {
  NavaFolder() {
    link("nava-tiny/NAVA.safetensors", "NAVA.safetensors");
    link("nava-tiny/config.json", nava::kConfigFile);
    link("ltx-audio-tiny/ltx-2.3-audio_vae.safetensors", nava::kSoundFile);
    link("redimnet-tiny/M-vb2+vox2+cnc-ft_mix.pt", nava::kSpeakerFile);
    link_wan22();
  }
};

}  // namespace phonofilm::test
