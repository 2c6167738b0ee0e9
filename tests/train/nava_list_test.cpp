// NAVA's lists of clips, in its publisher's layout.
#include "phonofilm/train/nava_list.h"

#include <cmath>
#include <fstream>

#include "phonofilm/base/error.h"
#include "support/support.h"

using namespace phonofilm;
using namespace phonofilm::train;

namespace {

std::vector<NavaEntry> read(const test::TemporaryFolder& folder, const std::string& lines, Dropped& dropped,
                            NavaSource source = {}) {
  source.data = folder.file("list.jsonl");
  std::ofstream(source.data) << lines;
  return read_nava_list(source, dropped);
}

std::string with_text(const std::string& text) {
  return R"({"video_info": [{"data_path": "a.mp4"}], "text_list": [{"text_type": "caption", )" + text + "}]}";
}

}  // namespace

TEST_CASE("nava list: a line in the publisher's layout") {
  const test::TemporaryFolder folder;
  Dropped dropped;
  const std::string line =
      R"({"video_info": [{"data_path": "bad.mp4", "is_valid": false},)"
      R"( {"bos_url": "films/a.mp4", "fps": 25, "duration": 7.2, "image_width": 640}],)"
      R"( "audio_splits_info": [{"data_path": "/sound/a.wav", "duration": 3}],)"
      R"( "audio_splits_info_tagging": {"any": ["thing"]}, "text_list": [{"text_type": "title", "text": "no"},)"
      R"( {"text_type": "caption", "text": "She: <S>Hello.<E>", "speech_start": [0.5], "speech_end": [1.5]}]})";
  const auto films = read(folder, line + "\n\n" + line + "\r\n", dropped);
  REQUIRE(films.size() == 2);
  CHECK(films[0].path == folder.file("films/a.mp4"));
  CHECK(films[0].caption == "She: <S>Hello.<E>");
  CHECK(films[1].spans.at(0).end == 1.5);
  CHECK(films[0].fps == 25);
  CHECK(films[0].seconds == 7.2);
  const auto sounds = read(folder, line, dropped, {.data = "", .modal = "text_to_audio"});
  CHECK(sounds.at(0).path == "/sound/a.wav");
  CHECK(sounds.at(0).seconds == 3);
  CHECK(dropped.total() == 0);
}

TEST_CASE("nava list: a null list of sounds is none") {
  const test::TemporaryFolder folder;
  Dropped dropped;
  const std::string line =
      R"({"audio_splits_info": null, "video_info": [{"data_path": "a.mp4"}], "text_list": [{"text": "a bell"}]})";
  const auto sounds = read(folder, line, dropped, {.data = "", .modal = "text_to_audio"});
  REQUIRE(sounds.size() == 1);
  CHECK(sounds[0].path == folder.file("a.mp4"));
}

TEST_CASE("nava list: a set of spoken lines wraps its text, and one voice stands for the whole clip") {
  const test::TemporaryFolder folder;
  Dropped dropped;
  const NavaSource speech{.data = "", .modal = "text_to_audio", .name = "books_tts"};
  const auto entries = read(
      folder, with_text(R"("text": "Good evening.")") + "\n" + with_text(R"("text": "<S>No.<E>")"), dropped, speech);
  REQUIRE(entries.size() == 1);
  CHECK(entries[0].caption == "<S>Good evening.<E>");
  CHECK(std::isinf(entries[0].spans.at(0).end));
  CHECK(dropped.total() == 1);
  CHECK(NavaSource{.data = "x/speech_tts.jsonl"}.is_speech());
  CHECK_FALSE(NavaSource{.data = "x/speech_tts.jsonl", .name = "films"}.is_speech());
}

TEST_CASE("nava list: damaged and contradictory lines are left out with their reason") {
  const std::vector<std::pair<std::string, std::string>> lines{
      {"{\"video_info\": ", "no JSON"},
      {"\xff\xfe", "no JSON"},
      {std::string(5000, '['), "no JSON"},
      {"[1, 2]", "not in NAVA's layout"},
      {R"({"video_info": {"data_path": "a"}})", "not in NAVA's layout"},
      {R"({"video_info": [3], "text_list": []})", "not in NAVA's layout"},
      {R"({"video_info": [], "text_list": []})", "no valid clip"},
      {R"({"video_info": null, "text_list": [{"text": "a"}]})", "no valid clip"},
      {R"({"video_info": [{"data_path": 7}], "text_list": [{"text": "a"}]})", "not in NAVA's layout"},
      {R"({"video_info": [{"data_path": "a", "fps": -1}], "text_list": [{"text": "a"}]})", "impossible"},
      {R"({"video_info": [{"data_path": "a"}], "text_list": [{"text": "a", "is_valid": 0}]})", "no valid caption"},
      {with_text(R"("text": "")"), "no valid caption"},
      {with_text(R"("text": "<S>a<E>")"), "differ in number"},
      {with_text(R"("text": "a", "speech_start": [1], "speech_end": [2])"), "differ in number"},
      {with_text(R"("text": "<S>a", "speech_start": [1], "speech_end": [2])"), "differ in number"},
      {with_text(R"("text": "<E>a<S>", "speech_start": [1], "speech_end": [2])"), "pair up"},
      {with_text(R"("text": "<S>a<E>", "speech_start": [2], "speech_end": [1])"), "ends before"},
      {with_text(R"("text": "<S>a<E>", "speech_start": ["0"], "speech_end": [1])"), "not in NAVA's layout"},
  };
  for (const auto& [line, reason] : lines) {
    CAPTURE(line);
    const test::TemporaryFolder folder;
    Dropped dropped;
    CHECK(read(folder, line, dropped).empty());
    CHECK(dropped.total() == 1);
    CHECK(join(dropped.notices(), "").find(reason) != std::string::npos);
  }
  Dropped dropped;
  CHECK_THROWS_WITH_AS(read_nava_list({.data = "nowhere.jsonl"}, dropped), doctest::Contains("no such file"),
                       InvalidRequest);
}
