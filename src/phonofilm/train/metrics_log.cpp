#include "phonofilm/train/metrics_log.h"

#include <chrono>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"

namespace phonofilm::train {
namespace detail {
namespace {

template <class T>
std::string little_endian(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += char(value | 0x80);
  return bytes + char(value);
}

// Field key: number << 3 | wire type (0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes).
std::string length_delimited(int field, const std::string& payload) {
  return varint(std::uint64_t(field) << 3 | 2) + varint(payload.size()) + payload;
}

std::string masked_crc(const std::string& bytes) {
  const std::uint32_t crc = crc32c(bytes);
  return little_endian<std::uint32_t>((crc >> 15 | crc << 17) + 0xa282ead8U);
}

}  // namespace

std::uint32_t crc32c(const std::string& bytes) {
  std::uint32_t crc = ~0U;
  for (const unsigned char byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78U : 0);
  }
  return ~crc;
}

std::string tensorboard_record(const std::string& payload) {
  const std::string length = little_endian<std::uint64_t>(payload.size());
  return length + masked_crc(length) + payload + masked_crc(payload);
}

std::string tensorboard_event(double wall_time, std::int64_t step, const std::map<std::string, double>& values) {
  std::string summary;
  for (const auto& [tag, value] : values) {  // Summary.Value { tag = 1, simple_value = 2 }
    const std::string simple = varint(2 << 3 | 5) + little_endian<float>(float(value));
    summary += length_delimited(1, length_delimited(1, tag) + simple);
  }
  std::string event = varint(1 << 3 | 1) + little_endian<double>(wall_time);  // Event.wall_time
  event += varint(2 << 3) + varint(std::uint64_t(step));                      // Event.step
  return event + length_delimited(5, summary);                                // Event.summary
}

}  // namespace detail

namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// Damaged lines, which a run that was cut off may leave, are dropped.
std::string lines_before(const std::string& path, std::int64_t first_step) {
  std::ifstream file(path);
  std::string kept;
  for (std::string line; std::getline(file, line);) {
    const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    const auto step = json.is_object() ? json.find("step") : json.end();
    if (step != json.end() && step->is_number_integer() && step->get<std::int64_t>() < first_step) kept += line + "\n";
  }
  return kept;
}

}  // namespace

MetricsLog::MetricsLog(const std::string& folder, std::int64_t first_step) {
  const std::string path = folder + "/metrics.jsonl";
  if (std::filesystem::exists(path)) write_file_atomically(path, lines_before(path, first_step));
  lines_.open(path, std::ios::app);
  const std::string events = concat(folder, "/events.out.tfevents.", std::int64_t(now()), ".phonofilm");
  events_.open(events, std::ios::binary);
  PF_CHECK(lines_ && events_, ResourceError, "train", folder, ": cannot write metrics");
  const std::string version("\x1a\x0d" "brain.Event:2");  // Event.file_version = 3, the header TensorBoard expects
  events_ << detail::tensorboard_record(version);
}

void MetricsLog::write(std::int64_t step, const std::map<std::string, double>& values) {
  nlohmann::json line{{"step", step}, {"time", now()}};
  for (const auto& [name, value] : values) line[name] = std::isfinite(value) ? nlohmann::json(value) : nlohmann::json();
  lines_ << line.dump() << '\n' << std::flush;
  events_ << detail::tensorboard_record(detail::tensorboard_event(now(), step, values)) << std::flush;
}

}  // namespace phonofilm::train
