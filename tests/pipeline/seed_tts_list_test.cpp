// Lists of Seed-TTS-eval.
#include "phonofilm/pipeline/seed_tts_list.h"

#include <fstream>

#include "phonofilm/base/error.h"
#include "support/support.h"

using namespace phonofilm;
using namespace phonofilm::pipeline;

namespace {

struct List {
  test::TemporaryFolder folder;
  std::vector<PromptRow> read(const std::string& text, const GenerateRequest& defaults = {}) {
    std::ofstream(folder.file("meta.lst")) << text;
    const auto seconds = [](const std::string& path) -> double {
      PF_CHECK(path.find("nowhere") == std::string::npos, MediaError, "read", path, ": no such file");
      return path.find("empty") == std::string::npos ? 4.0 : 0.0;
    };
    return read_prompt_list(folder.file("meta.lst"), defaults, seconds);
  }
};

}  // namespace

TEST_CASE("seed-tts list: a line becomes sound alone, of a length by letters, with the publisher's settings") {
  List list;
  const auto rows = list.read("utt-1|twelve chars|wavs/a.wav|six ab\r\n\nutt/2|四个汉字|/b.wav|八个汉字八个汉字\n");
  REQUIRE(rows.size() == 2);
  const GenerateRequest& r = rows[0].request;
  CHECK(rows[0].problem.empty());
  CHECK(rows[0].name == "utt-1");
  CHECK(rows[0].files.voices == std::vector<std::string>{list.folder.file("wavs/a.wav")});
  CHECK(r.prompt == "<S>six ab<E>");
  CHECK_FALSE(r.video);
  CHECK(r.seconds == doctest::Approx(50.0 / 25));  // half of the letters of a reference of 100 tokens
  CHECK(r.align_guidance == 0);
  CHECK(r.audio_guidance == 2);
  CHECK(r.timbre_guidance == 3);
  CHECK(rows[1].line == 3);
  CHECK(rows[1].name == "utt_2");
  CHECK(rows[1].files.voices == std::vector<std::string>{"/b.wav"});
  CHECK(rows[1].request.seconds == doctest::Approx(200.0 / 25));  // letters, not bytes
}

TEST_CASE("seed-tts list: tokens are counted as the publisher's program does") {
  CHECK(seed_tts_tokens(30, 20, 4.0) == 150);
  CHECK(seed_tts_tokens(1, 3, 4.0) == 33);       // cut, not rounded
  CHECK(seed_tts_tokens(20, 20, 4.01) == 101);   // of the reference: rounded up
  CHECK(seed_tts_tokens(20, 20, 0.28) == 7);     // which floating point would make 8
  CHECK(seed_tts_tokens(1, 1000, 4.0) == 0);
  CHECK(seed_tts_tokens(5, 0, 4.0) == 0);
}

TEST_CASE("seed-tts list: settings of the command line go before the publisher's") {
  List list;
  GenerateRequest mine;
  mine.align_guidance = 2;
  mine.text_guidance = 5;
  mine.timbre_guidance = 0;
  mine.seconds = 3;
  mine.sample_rate = 16000;
  const GenerateRequest r = list.read("a|bcd|nowhere.wav|efg\n", mine)[0].request;  // nothing to measure
  CHECK(r.align_guidance == 2);
  CHECK(r.text_guidance == 5);
  CHECK(r.audio_guidance == -1);
  CHECK(r.timbre_guidance == 0);
  CHECK(r.seconds == 3);
  CHECK(r.sample_rate == 16000);
}

TEST_CASE("seed-tts list: a line that cannot be used says why and does not stop the others") {
  List list;
  const auto rows = list.read("a|bc|nowhere.wav|de\na|bc|empty.wav|de\na|bc|c.wav\na|bc|c.wav|d|e\n|bc|c.wav|d\n"
                              "a|bc|c.wav|<S>d\na|b\xff|c.wav|d\na|bcdefghijk" + std::string(200, 'x') + "|c.wav|d\n"
                              "a|bc|c.wav|de\na|bc|c.wav|de\n");
  REQUIRE(rows.size() == 10);
  const char* problems[] = {"nowhere.wav: no such file",
                            "does not say how long",
                            "got 3 parts",
                            "got 5 parts",
                            "is empty",
                            "inside an open",
                            "not UTF-8",
                            "too short",
                            "",
                            "stands twice"};
  for (size_t i = 0; i < rows.size(); ++i) {
    CAPTURE(i);
    CAPTURE(rows[i].problem);
    CHECK(rows[i].problem.find(problems[i]) != std::string::npos);
    CHECK(rows[i].problem.empty() == (i == 8));
  }
  CHECK(list.read("../../etc/passwd|bc|c.wav|de\n")[0].name == "_._.._etc_passwd");
  CHECK_THROWS_WITH_AS(list.read("\n"), doctest::Contains("holds no prompts"), InvalidRequest);
  CHECK_THROWS_WITH_AS(read_prompt_list(list.folder.file("meta.lst"), {}), doctest::Contains("how long"),
                       InvalidRequest);
}
