#include <bit>
#include <cmath>
#include <cstring>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/media/audio_file.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::media {
namespace {

constexpr const char* kOperation = "write sound";
static_assert(std::endian::native == std::endian::little, "RIFF files are little-endian");

template <class Number>
void append(std::string& bytes, Number value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::string chunk(const char* name, const std::string& content) {
  std::string bytes(name, 4);
  append(bytes, std::uint32_t(content.size()));
  bytes += content;
  if (content.size() % 2) bytes.push_back('\0');
  return bytes;
}

std::string format_chunk(WavFormat format, std::int64_t channels, std::int64_t rate) {
  const std::uint16_t width = format == WavFormat::pcm16 ? 2 : 4;
  std::string bytes;
  append(bytes, std::uint16_t(format == WavFormat::pcm16 ? 1 : 3));
  append(bytes, std::uint16_t(channels));
  append(bytes, std::uint32_t(rate));
  append(bytes, std::uint32_t(rate * channels * width));
  append(bytes, std::uint16_t(channels * width));
  append(bytes, std::uint16_t(8 * width));
  return chunk("fmt ", bytes);
}

// Samples interleaved by channel.
std::string sample_bytes(const Tensor& waveform, WavFormat format) {
  const Tensor interleaved = waveform.transpose(0, 1).contiguous();  // [S, C]
  const float* values = interleaved.data_ptr<float>();
  if (format == WavFormat::float32) return {reinterpret_cast<const char*>(values), size_t(interleaved.numel()) * 4};
  std::string bytes(size_t(interleaved.numel()) * 2, '\0');
  for (std::int64_t index = 0; index < interleaved.numel(); ++index) {
    const float scaled = std::clamp(std::nearbyint(values[index] * 32768.0f), -32768.0f, 32767.0f);
    const auto number = std::int16_t(scaled);
    std::memcpy(bytes.data() + 2 * index, &number, 2);
  }
  return bytes;
}

}  // namespace

void write_wav(const std::string& path, const Tensor& waveform, std::int64_t sample_rate, WavFormat format,
               const std::string& comment) {
  const Tensor lines = waveform.defined() && waveform.dim() == 1 ? waveform.unsqueeze(0) : waveform;
  expect_shape(lines, {kAny, kAny}, "write sound: waveform [C, S]");
  PF_CHECK(lines.size(0) >= 1 && lines.size(0) <= 64, ShapeError, kOperation, path, ": expected 1 to 64 channels, got ",
           lines.size(0));
  PF_CHECK(sample_rate > 0 && sample_rate <= 768'000, InvalidRequest, kOperation, path, ": sample rate ", sample_rate);
  const Tensor samples = lines.to(at::kCPU, at::kFloat);
  PF_CHECK(samples.numel() < (std::int64_t(1) << 29), InvalidRequest, kOperation, path, ": ", samples.numel(),
           " samples are more than a wav file can hold");
  PF_CHECK(samples.isfinite().all().item<bool>(), MediaError, kOperation, path, ": the waveform holds NaN or infinity");
  std::string body = "WAVE" + format_chunk(format, samples.size(0), sample_rate);
  if (!comment.empty()) body += chunk("LIST", "INFO" + chunk("ICMT", comment + '\0'));
  body += chunk("data", sample_bytes(samples, format));
  write_file_atomically(path, chunk("RIFF", body));
}

}  // namespace phonofilm::media
