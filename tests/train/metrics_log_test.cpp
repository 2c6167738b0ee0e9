#include "phonofilm/train/metrics_log.h"

#include <cstring>

#include "phonofilm/base/files.h"
#include "support/support.h"

using namespace phonofilm;

TEST_CASE("CRC-32C has its published check value") { CHECK(train::detail::crc32c("123456789") == 0xe3069283U); }

TEST_CASE("a TensorBoard record frames its payload") {
  const std::string record = train::detail::tensorboard_record("abc");
  REQUIRE(record.size() == 8 + 4 + 3 + 4);
  std::uint64_t length = 0;
  std::memcpy(&length, record.data(), 8);
  CHECK(length == 3);
  CHECK(record.substr(12, 3) == "abc");
}

TEST_CASE("an event is the protocol buffer that TensorBoard reads") {
  const std::string event = train::detail::tensorboard_event(1.0, 5, {{"a", 2.0}});
  // wall_time (field 1, 8 bytes), step (field 2, varint 5), summary (field 5) { value (field 1) { tag "a", float 2 } }
  const std::string expected("\x09\0\0\0\0\0\0\xf0\x3f\x10\x05\x2a\x0a\x0a\x08\x0a\x01" "a\x15\0\0\0\x40", 23);
  CHECK(event == expected);
}

TEST_CASE("a resumed run drops the lines beyond its checkpoint") {
  const test::TemporaryFolder folder;
  {
    train::MetricsLog log(folder.path().string(), 0);
    for (int step = 0; step < 6; ++step) log.write(step, {{"loss", step}});
  }
  train::MetricsLog log(folder.path().string(), 4);
  log.write(4, {{"loss", 40}});
  const std::string lines = read_file(folder.file("metrics.jsonl"));
  CHECK(lines.find("\"loss\":3.0") != std::string::npos);
  CHECK(lines.find("\"loss\":5.0") == std::string::npos);
  CHECK(lines.find("\"loss\":40.0") != std::string::npos);
}

TEST_CASE("a resumed run drops damaged lines") {
  const test::TemporaryFolder folder;
  const std::string good = "{\"loss\":1.0,\"step\":1}\n";
  write_file_atomically(folder.file("metrics.jsonl"), "[1]\n{\"step\":\"1\"}\n{\"loss\":2}\n" + good + "{\"loss\":3,\"st");
  train::MetricsLog log(folder.path().string(), 4);
  CHECK(read_file(folder.file("metrics.jsonl")) == good);
}
