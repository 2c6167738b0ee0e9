#include "phonofilm/text/synthetic_tokenizer.h"

#include <sentencepiece_trainer.h>

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "phonofilm/base/error.h"

namespace phonofilm::text {
namespace {

constexpr std::int64_t kFewest = 512;  // 256 bytes, the letters of the sentences, and some words
constexpr std::int64_t kMost = 768;    // more than that the sentences do not give

const std::vector<std::string>& sentences() {
  static const std::vector<std::string> all{
      "A woman in a red coat walks along the beach while waves roll in behind her.",
      "Two men sit at a wooden table in a small kitchen and talk about the weather.",
      "The camera slowly moves closer to the face of an old man who smiles.",
      "A black dog runs across the green grass and barks at a yellow ball.",
      "Rain falls on the roof of a car, thunder rolls far away, and the wind blows through the trees.",
      "A young singer stands on a stage in front of a crowd and holds a microphone.",
      "<S>I never thought that it would end like this<E> she says, and looks out of the window.",
      "He turns to the camera and says <S>Welcome back, everyone, to the show<E> with a warm voice.",
      "<AUDCAP>Footsteps on gravel, birds singing, a soft male voice, quiet piano music<ENDAUDCAP>",
      "<AUDCAP>A clear female voice speaking, distant traffic, the sound of a closing door<ENDAUDCAP>",
      "Audio: glass breaks, people shout, an engine starts and a siren can be heard.",
      "Audio: a crackling fire, crickets at night, slow guitar music in the background.",
      "In the city at night, bright lights are reflected on the wet street between tall buildings.",
      "A train passes through the snow, and steam rises into the cold blue sky.",
      "A close-up of two hands that play the piano, with soft light from the left.",
      "Children laugh and play in the water of a fountain on a hot summer day.",
      "The metal ball falls, hits the floor with a bright ring and bounces to the right wall.",
      "jitter, bad hands, blur, distortion; robotic, muffled, echo, distorted",
      "The quick brown fox jumps over the lazy dog. THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG!",
      "0 1 2 3 4 5 6 7 8 9 10 20 24 48 100 720 960 1280 2025; 5 s, 16 kHz, 24 frames per second",
      "! \" # $ % & ' ( ) * + , - . / : ; < = > ? @ [ \\ ] ^ _ ` { | } ~",
  };
  return all;
}

class Sentences : public sentencepiece::SentenceIterator {
 public:
  bool done() const override { return next_ == sentences().size(); }
  void Next() override { ++next_; }
  const std::string& value() const override { return sentences()[next_]; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  std::size_t next_ = 0;
};

std::unordered_map<std::string, std::string> settings(std::int64_t pieces) {
  return {{"model_type", "unigram"},        {"vocab_size", std::to_string(pieces)},
          {"hard_vocab_limit", "false"},    {"byte_fallback", "true"},
          {"character_coverage", "1.0"},    {"normalization_rule_name", "nmt_nfkc"},
          {"pad_id", "0"},                  {"eos_id", "1"},
          {"bos_id", "2"},                  {"unk_id", "3"},
          {"num_threads", "1"},             // sums in one order: the same bytes each time
          {"minloglevel", "2"}};            // errors are returned
}

}  // namespace

std::string make_synthetic_tokenizer(std::int64_t most_pieces) {
  PF_CHECK(most_pieces >= kFewest, InvalidRequest, "tokenizer", "a tokenizer of ", most_pieces,
           " pieces cannot be made: bytes, letters and a few words are ", kFewest);
  Sentences iterator;
  std::string model;
  const auto status = sentencepiece::SentencePieceTrainer::Train(settings(std::min(most_pieces, kMost)), &iterator, &model);
  if (!status.ok()) throw Error("tokenizer", concat("SentencePiece cannot train: ", status.ToString()));
  return model;
}

}  // namespace phonofilm::text
