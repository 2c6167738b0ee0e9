#include "phonofilm/base/fields.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "support/support.h"

using namespace phonofilm;
using nlohmann::json;

namespace {

struct Options {
  bool fast = false;
  std::int64_t steps = 20;
  double scale = 1.5;
  std::string solver = "euler";
  std::vector<std::int64_t> sizes{64, 96};
  std::vector<double> weights{0.5};
  std::vector<std::string> names{"a"};

  Fields fields() {
    return {{"fast", &fast, "skip checks"},
            {"steps", &steps, "solver steps", 1, 1000},
            {"scale", &scale, "standard deviation", 0.0},
            {"solver", &solver, "solver", {}, {}, {"euler", "unipc"}},
            {"sizes", &sizes, "sizes"},
            {"weights", &weights, "weights"},
            {"names", &names, "names"}};
  }
};

std::string message_of(const json& object) {
  Options options;
  try {
    read_json(object, options.fields(), "recipe.json: model");
  } catch (const InvalidRequest& error) {
    CHECK(error.exit_code() == 2);
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("fields: JSON round trip of every type") {
  Options options, copy;
  options.fast = true;
  options.steps = 7;
  options.scale = 0.25;
  options.solver = "unipc";
  options.sizes = {1, 2, 3};
  options.weights = {};
  options.names = {"x", "y"};
  read_json(write_json(options.fields()), copy.fields(), "test");
  CHECK(write_json(copy.fields()) == write_json(options.fields()));
  CHECK(copy.solver == "unipc");
  CHECK(copy.weights.empty());
}

TEST_CASE("fields: what JSON does not name keeps its value; a whole number is a number") {
  Options options;
  read_json(json{{"scale", 2}}, options.fields(), "test");
  CHECK(options.scale == 2.0);
  CHECK(options.steps == 20);
}

TEST_CASE("fields: an unknown key names the place and offers the nearest key") {
  const std::string message = message_of({{"step", 3}});
  CHECK(contains(message, "recipe.json: model"));
  CHECK(contains(message, "unknown option 'step' (did you mean 'steps'?)"));
}

TEST_CASE("fields: a wrong type says what was expected and what was found") {
  CHECK(contains(message_of({{"steps", "many"}}), "steps must be an integer, got \"many\""));
  CHECK(contains(message_of({{"steps", 2.5}}), "steps must be an integer, got 2.5"));
  CHECK(contains(message_of({{"steps", 18446744073709551615ULL}}), "steps must be an integer"));
  CHECK(contains(message_of({{"scale", true}}), "scale must be a number, got true"));
  CHECK(contains(message_of({{"scale", nullptr}}), "scale must be a number, got null"));
  CHECK(contains(message_of({{"fast", 1}}), "fast must be true or false, got 1"));
  CHECK(contains(message_of({{"solver", 3}}), "solver must be a string, got 3"));
  CHECK(contains(message_of({{"sizes", {1, 2.5}}}), "sizes must be a list of integers"));
  CHECK(contains(message_of({{"weights", {true}}}), "weights must be a list of numbers"));
  CHECK(contains(message_of({{"names", "x"}}), "names must be a list of strings"));
  CHECK(contains(message_of(json::array({1})), "expected an object, got [1]"));
}

TEST_CASE("fields: ranges and choices") {
  CHECK(contains(message_of({{"steps", 0}}), "steps must be between 1 and 1000, got 0"));
  CHECK(contains(message_of({{"scale", -1}}), "scale must be at least 0, got -1"));
  CHECK(contains(message_of({{"solver", "eular"}}), "solver must be one of euler, unipc, got 'eular' (did you mean 'euler'?)"));
  Options options;
  options.steps = 5000;
  CHECK_THROWS_AS(check_fields(options.fields(), "test"), InvalidRequest);
}

TEST_CASE("fields: JSON files that cannot be read") {
  const test::TemporaryFolder folder;
  CHECK_THROWS_AS(load_json(folder.file("missing.json")), InvalidRequest);
  for (const char* text : {"", "{", "{\"a\": }", "{\"a\": 1e999}", "\x01"}) {
    write_file_atomically(folder.file("bad.json"), text);
    CAPTURE(text);
    CHECK_THROWS_AS(load_json(folder.file("bad.json")), InvalidRequest);
  }
  CHECK_THROWS_WITH_AS(load_json(folder.path().string()), doctest::Contains("cannot be read"), InvalidRequest);
  write_file_atomically(folder.file("good.json"), "{ // why\n \"a\": 1 }");
  CHECK(load_json(folder.file("good.json"))["a"] == 1);
}

TEST_CASE("fields: JSON that would overflow the stack, or that goes on behind its end") {
  for (const std::size_t depth : {65u, 1'000'000u}) {
    CHECK_THROWS_WITH_AS(parse_json(std::string(depth, '['), "deep"), doctest::Contains("deep: nests deeper than 64 levels"), InvalidRequest);
  }
  CHECK(parse_json(std::string(64, '[') + std::string(64, ']'), "deep").is_array());
  CHECK_THROWS_WITH_AS(parse_json(std::string("{}\0x", 4), "nul"), doctest::Contains("NUL byte"), InvalidRequest);
}

TEST_CASE("fields: messages show what files say shortened, and cannot steer a terminal") {
  CHECK(contains(message_of({{"\x1b[2J\xc2\x9b", 1}}), "unknown option ' [2J '"));
  CHECK(contains(message_of({{"solver", "\x1b[2J"}}), "got ' [2J'"));
  CHECK(message_of({{"steps", std::string(100'000, 'x')}}).size() < 500);
  CHECK(message_of({{std::string(100'000, 'x'), 1}}).size() < 500);
}

TEST_CASE("fields: save_json and load_json agree") {
  const test::TemporaryFolder folder;
  Options options;
  save_json(folder.file("options.json"), write_json(options.fields()));
  CHECK(load_json(folder.file("options.json")) == write_json(options.fields()));
}
