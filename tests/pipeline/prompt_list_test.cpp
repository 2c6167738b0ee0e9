#include "phonofilm/pipeline/prompt_list.h"

#include <fstream>

#include "phonofilm/base/error.h"
#include "support/support.h"

using namespace phonofilm;
using namespace phonofilm::pipeline;

namespace {

struct List {
  test::TemporaryFolder folder;
  std::vector<PromptRow> read(const std::string& name, const std::string& text, const GenerateRequest& defaults = {}) {
    std::ofstream(folder.file(name)) << text;
    return read_prompt_list(folder.file(name), defaults);
  }
};

}  // namespace

TEST_CASE("prompt list: Ovi's CSV, with quotes, first frames and settings of our own") {
  List list;
  GenerateRequest defaults;
  defaults.steps = 7;
  const auto rows = list.read(
      "list.csv", "text_prompt,image_path,seed,audio\n\"a dog, it barks <S>wow<E>\",dog.png,5,false\na cat,,,\n",
      defaults);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].request.prompt == "a dog, it barks <S>wow<E>");
  CHECK(rows[0].request.seed == 5);
  CHECK_FALSE(rows[0].request.audio);
  CHECK(rows[0].request.steps == 7);
  CHECK(rows[0].files.image == list.folder.file("dog.png"));
  CHECK(rows[0].problem.empty());
  CHECK(rows[1].request.prompt == "a cat");
  CHECK(rows[1].files.image.empty());
}

TEST_CASE("prompt list: a cell that is no UTF-8 is that row's problem") {
  List list;
  const auto rows = list.read("list.csv", "prompt,seed\na cat,\xe9\na dog,4\n");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].problem.find("seed must be") != std::string::npos);
  CHECK(rows[1].problem.empty());
}

TEST_CASE("prompt list: JSON lines") {
  List list;
  const auto rows = list.read(
      "list.jsonl",
      "{\"prompt\": \"a bell\", \"seconds\": 2, \"image\": \"/tmp/x.png\"}\n\n{\"text_prompt\": \"a bell\"}\n");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].request.seconds == 2);
  CHECK(rows[0].files.image == "/tmp/x.png");
  CHECK(rows[1].line == 3);
  CHECK(rows[1].request.prompt == "a bell");
}

TEST_CASE("prompt list: NAVA's JSON lines, with reference voices") {
  List list;
  const auto rows = list.read(
      "list.jsonl",
      "{\"text\": \"<S>a<E>\", \"image_path\": \"a.png\", \"spk_wavs\": [\"a.wav\", \"None\", null, \"/b.wav\"]}\n"
      "{\"prompt\": \"a\", \"spk_wavs\": \"a.wav\"}\n{\"prompt\": \"a\", \"spk_wavs\": [3]}\n");
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].problem.empty());
  CHECK(rows[0].files.image == list.folder.file("a.png"));
  CHECK(rows[0].files.voices == std::vector<std::string>{list.folder.file("a.wav"), "", "", "/b.wav"});
  CHECK(list.read("twice.jsonl", "{\"prompt\": \"a\", \"text\": \"b\"}\n")[0].problem.find("twice") !=
        std::string::npos);
  CHECK(list.read("null.jsonl", "{\"prompt\": \"a\", \"spk_wavs\": null, \"image_path\": null}\n")[0].problem.empty());
  for (const int bad : {1, 2}) CHECK(rows[size_t(bad)].problem.find("list of paths") != std::string::npos);
}

TEST_CASE("prompt list: a bad row is marked and does not stop the others") {
  List list;
  const auto table =
      list.read("list.csv", "text_prompt,seed\na bell,3\na bell,three\n<S>never closed,1\na, b, c\n,2\n");
  REQUIRE(table.size() == 5);
  CHECK(table[0].problem.empty());
  CHECK(table[1].problem.find("seed") != std::string::npos);
  CHECK(table[2].problem.find("no <E> closes the <S>") != std::string::npos);
  CHECK(table[3].problem.find("3 cells for 2 columns") != std::string::npos);
  CHECK(table[4].problem.find("the prompt is empty") != std::string::npos);
  const auto lines = list.read(
      "list.jsonl", "{\"prompt\": \n[1]\n{\"prompt\": \"a\", \"sed\": 1}\n{\"prompt\": \"a\", \"image\": 3}\n");
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].problem.find("not valid JSON") != std::string::npos);
  CHECK(lines[1].problem.find("expected a JSON object") != std::string::npos);
  CHECK(lines[2].problem.find("did you mean 'seed'") != std::string::npos);
  CHECK(lines[3].problem.find("image must be a path") != std::string::npos);
}

TEST_CASE("prompt list: NAVA's lines with odd values, each with its reason") {
  const std::pair<const char*, const char*> lines[] = {
      {R"({"prompt": 3})", "prompt must be"},
      {R"({"prompt": null})", "the prompt is empty"},
      {R"({"spk_wavs": []})", "the prompt is empty"},
      {R"({"prompt": "a", "spk_wavs": "a.wav"})", "list of paths"},
      {R"({"prompt": "a", "spk_wavs": {"0": "a.wav"}})", "list of paths"},
      {R"({"prompt": "a", "spk_wavs": [["a.wav"]]})", "list of paths"},
      {R"({"prompt": "a", "spk_wavs": [1.5]})", "list of paths"},
      {R"({"prompt": "a", "image_path": ["a.png"]})", "image must be a path"},
      {R"({"prompt": "a", "image_path": "a.png", "image": "b.png"})", "twice"},
      {R"({"prompt": "a", "seed": "7"})", "seed must be"},
      {R"({"prompt": "a", "seed": 1e400})", ""},
      {R"({"prompt": "a", "seed": 18446744073709551615})", "seed must be"},
      {R"({"prompt": "a", "seconds": 3, "latent_frames": 37})", "leave one of them out"},
      {R"({"prompt": "a", "latent_frames": -1})", "latent_frames must be between"},
      {R"({"prompt": "a", "sample_rate": 16000.5})", "sample_rate must be"},
      {R"({"prompt": "a", "spk_wav": ["a.wav"]})", "unknown option"},
      {"[\"a\"]", "expected a JSON object"},
      {"\"a\"", "expected a JSON object"},
      {"{\"prompt\": \"\xff\"}", ""},
      {"{\"prompt\": \"a\"", "not valid JSON"}};
  List list;
  std::string text;
  for (const auto& [line, problem] : lines) text += std::string(line) + "\n";
  const auto rows = list.read("odd.jsonl", text + std::string(100, '[') + "\n{\"prompt\": \"sound\"}\n");
  REQUIRE(rows.size() == std::size(lines) + 2);
  for (size_t i = 0; i < std::size(lines); ++i) {
    CAPTURE(lines[i].first);
    CAPTURE(rows[i].problem);
    CHECK_FALSE(rows[i].problem.empty());
    CHECK(rows[i].problem.find(lines[i].second) != std::string::npos);
  }
  CHECK(rows[std::size(lines)].problem.find("nests deeper") != std::string::npos);
  CHECK(rows.back().problem.empty());
}

TEST_CASE("prompt list: files that are no list") {
  List list;
  CHECK_THROWS_WITH_AS(list.read("list.txt", "a bell\n"), doctest::Contains("lists end in .csv, .tsv, .jsonl, .lst"),
                       InvalidRequest);
  CHECK_THROWS_WITH_AS(list.read("list.csv", "a bell\na dog\n"), doctest::Contains("text_prompt among them"),
                       InvalidRequest);
  CHECK_THROWS_WITH_AS(list.read("list.csv", "text_prompt\n"), doctest::Contains("holds no prompts"), InvalidRequest);
  CHECK_THROWS_WITH_AS(read_prompt_list(list.folder.file("nowhere.csv"), {}), doctest::Contains("no such file"),
                       InvalidRequest);
}

TEST_CASE("prompt list: film names") {
  CHECK(film_name(0, "A red ball, falls!") == "001_a_red_ball_falls_");
  CHECK(film_name(1233, "x") == "1234_x");
  CHECK(film_name(2, "<S>\xC3\xA9<E>").starts_with("003_s_"));
}

TEST_CASE("prompt list: a row's unit of length goes before the other one that all rows were given") {
  List list;
  GenerateRequest defaults;
  defaults.seconds = 5;
  const auto rows = list.read("list.jsonl", "{\"prompt\": \"a\", \"latent_frames\": 37}\n{\"prompt\": \"b\"}\n", defaults);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].problem.empty());
  CHECK(rows[0].request.seconds == 0);
  CHECK(rows[0].request.latent_frames == 37);
  CHECK(rows[1].request.seconds == 5);
}

TEST_CASE("prompt list: films that follow or keep given ones are named by path, beside the switches of the request") {
  List list;
  const auto rows = list.read(
      "list.jsonl",
      "{\"prompt\": \"a\", \"audio_path\": \"a.wav\", \"audio\": true, \"last_image_path\": \"/b.png\"}\n"
      "{\"prompt\": \"a\", \"retake\": \"1-2\", \"of_path\": \"c.mp4\", \"retake_only\": \"sound\"}\n"
      "{\"prompt\": \"a\", \"video_path\": \"c.mp4\", \"audio\": false}\n"
      "{\"prompt\": \"a\", \"extend_path\": 3}\n"
      "{\"prompt\": \"a\", \"retake\": \"1-2\", \"of_path\": \"c.mp4\", \"retake_only\": \"words\"}\n");
  REQUIRE(rows.size() == 5);
  CHECK((rows[0].files == GivenFiles{.last_image = "/b.png", .audio = list.folder.file("a.wav")}));
  CHECK((rows[1].files == GivenFiles{.retake = "1-2", .of = list.folder.file("c.mp4"), .retake_only = "sound"}));
  CHECK(rows[2].problem.find("with --no-audio nothing is left") != std::string::npos);
  CHECK(rows[3].problem.find("extend_path must be a path") != std::string::npos);
  CHECK(rows[4].problem.find("retake_only must be one of") != std::string::npos);
  const auto table = list.read("list.csv", "text_prompt,audio_path,retake\na,123,\n");
  CHECK(table[0].files.audio == list.folder.file("123"));
}
