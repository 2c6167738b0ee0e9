#include "phonofilm/base/json_text.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace phonofilm;

TEST_CASE("json text: on one line or indented") {
  const nlohmann::json value{{"name", "é"}, {"steps", {1, 2}}};
  CHECK(json_text(value) == R"({"name":"é","steps":[1,2]})");
  CHECK(json_text({{"steps", 1}}, 2) == "{\n  \"steps\": 1\n}");
}

TEST_CASE("json text: bytes that are no UTF-8 are replaced, where dump() throws") {
  const nlohmann::json value{{"path", "film\xff.mp4"}};
  CHECK_THROWS(value.dump());
  CHECK(json_text(value) == "{\"path\":\"film\xEF\xBF\xBD.mp4\"}");
}
