#include "phonofilm/weights/zip_writer.h"

#include "phonofilm/base/error.h"
#include "phonofilm/weights/crc32.h"
#include "phonofilm/weights/little_endian.h"

namespace phonofilm::weights {
namespace {

constexpr std::uint64_t kSeeZip64 = 0xFFFFFFFF, kMostEntries = 0xFFFF;
constexpr std::uint64_t kVersion = 20, kVersionOfZip64 = 45;  // of the format that a reader must know
constexpr std::uint64_t kUtf8Names = 0x0800, kStored = 0;
constexpr std::uint64_t kMidnight = 0, kFirstOfJanuary1980 = 0x21;  // equal content makes equal files
constexpr std::uint64_t kZip64Extra = 1, kPaddingExtra = 0x4246;    // "FB", the one that torch.save pads with

std::string extra_field(std::uint64_t id, const std::string& content) {
  return little(id, 2) + little(content.size(), 2) + content;
}

std::string zip64_field(const std::string& values) { return values.empty() ? "" : extra_field(kZip64Extra, values); }

// What local header and directory entry have in common, up to the checksum.
std::string common_part(bool zip64) {
  return little(zip64 ? kVersionOfZip64 : kVersion, 2) + little(kUtf8Names, 2) + little(kStored, 2) + little(kMidnight, 2) +
         little(kFirstOfJanuary1980, 2);
}

}  // namespace

ZipWriter::ZipWriter(FileSink& sink, std::uint64_t alignment, Zip64 zip64)
    : sink_(sink), alignment_(alignment), zip64_(zip64) {}

bool ZipWriter::wide(std::uint64_t value) const { return zip64_ == Zip64::always || value >= kSeeZip64; }

void ZipWriter::add(const std::string& name, std::string_view content) {
  PF_CHECK(name.size() < kMostEntries, InvalidRequest, "save", "a zip entry's name of ", name.size(), " bytes is too long");
  entries_.push_back({name, crc32(content), content.size(), sink_.position()});
  sink_.write(local_header(entries_.back()));
  sink_.write(content);
}

std::string ZipWriter::local_header(const Entry& entry) const {
  constexpr std::uint64_t kFixedBytes = 30, kFieldHead = 4;
  const bool zip64 = wide(entry.size);
  const std::string size = little(zip64 ? kSeeZip64 : entry.size, 4);
  std::string extra = zip64 ? zip64_field(little(entry.size, 8) + little(entry.size, 8)) : "";
  const std::uint64_t end = entry.header + kFixedBytes + entry.name.size() + extra.size() + kFieldHead;
  extra += extra_field(kPaddingExtra, std::string((alignment_ - end % alignment_) % alignment_, 'Z'));
  return "PK\x03\x04" + common_part(zip64) + little(entry.crc, 4) + size + size + little(entry.name.size(), 2) +
         little(extra.size(), 2) + entry.name + extra;
}

std::string ZipWriter::directory_entry(const Entry& entry) const {
  const bool wide_size = wide(entry.size), wide_header = wide(entry.header);
  std::string values = wide_size ? little(entry.size, 8) + little(entry.size, 8) : "";
  if (wide_header) values += little(entry.header, 8);
  const std::string size = little(wide_size ? kSeeZip64 : entry.size, 4), extra = zip64_field(values);
  const std::string made_by = little(values.empty() ? kVersion : kVersionOfZip64, 2);
  return "PK\x01\x02" + made_by + common_part(!values.empty()) + little(entry.crc, 4) + size + size +
         little(entry.name.size(), 2) + little(extra.size(), 2) + /*comment, disk, attributes*/ little(0, 2 + 2 + 2 + 4) +
         little(wide_header ? kSeeZip64 : entry.header, 4) + entry.name + extra;
}

std::string ZipWriter::end_records(std::uint64_t directory, std::uint64_t bytes) const {
  const std::uint64_t count = entries_.size();
  const bool zip64 = wide(directory) || wide(bytes) || count >= kMostEntries;
  std::string records;
  if (zip64) {
    records = "PK\x06\x06" + little(44, 8) + little(kVersionOfZip64, 2) + little(kVersionOfZip64, 2) + /*disks*/ little(0, 8) +
              little(count, 8) + little(count, 8) + little(bytes, 8) + little(directory, 8);
    records += "PK\x06\x07" + little(0, 4) + little(directory + bytes, 8) + little(1, 4);
  }
  const std::string entries = little(zip64 ? kMostEntries : count, 2);
  return records + "PK\x05\x06" + /*disks*/ little(0, 4) + entries + entries + little(zip64 ? kSeeZip64 : bytes, 4) +
         little(zip64 ? kSeeZip64 : directory, 4) + /*comment*/ little(0, 2);
}

void ZipWriter::finish() {
  const std::uint64_t directory = sink_.position();
  for (const Entry& entry : entries_) sink_.write(directory_entry(entry));
  sink_.write(end_records(directory, sink_.position() - directory));
}

}  // namespace phonofilm::weights
