// The tokenizer of synthetic checkpoints is a SentencePiece model that knows UMT5's special ids and can cut any text.
#include "phonofilm/text/synthetic_tokenizer.h"

#include <sentencepiece_processor.h>

#include "phonofilm/base/error.h"
#include "support/support.h"

using namespace phonofilm;

TEST_CASE("synthetic tokenizer: ids stay within the vocabulary, special ones are UMT5's, every text survives") {
  for (const std::int64_t most : {std::int64_t(512), std::int64_t(256384)}) {
    const std::string model = text::make_synthetic_tokenizer(most);
    sentencepiece::SentencePieceProcessor processor;
    REQUIRE(processor.LoadFromSerializedProto(model).ok());
    CHECK(processor.GetPieceSize() <= most);
    CHECK(processor.GetPieceSize() > 400);
    CHECK(processor.pad_id() == 0);
    CHECK(processor.eos_id() == 1);
    CHECK(processor.bos_id() == 2);
    CHECK(processor.unk_id() == 3);
    for (const std::string prompt : {"A woman says <S>Hello<E> at the sea.", "Eine Möwe schreit; 波の音。", "\xF0\x9F\x90\x95"}) {
      CAPTURE(prompt);
      std::vector<int> ids;
      std::string back;
      REQUIRE(processor.Encode(prompt, &ids).ok());
      for (const int id : ids) CHECK(id > 3);
      REQUIRE(processor.Decode(ids, &back).ok());
      CHECK(back == prompt);
    }
  }
}

TEST_CASE("synthetic tokenizer: made twice it is the same, of too few pieces it is refused") {
  CHECK(text::make_synthetic_tokenizer(600) == text::make_synthetic_tokenizer(600));
  CHECK_THROWS_AS(text::make_synthetic_tokenizer(511), InvalidRequest);
}
