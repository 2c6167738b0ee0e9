#include "phonofilm/weights/zip_directory.h"

#include <algorithm>
#include <vector>

#include "phonofilm/base/error.h"
#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/weights/byte_reader.h"

namespace phonofilm::weights {
namespace {

// Signatures and sizes of PKWARE's APPNOTE.TXT 6.3, section 4.3.
constexpr std::string_view kLocalHeader = "PK\x03\x04", kDirectoryEntry = "PK\x01\x02", kEnd = "PK\x05\x06";
constexpr std::string_view kZip64End = "PK\x06\x06", kZip64Locator = "PK\x06\x07";
constexpr std::uint64_t kLocalHeaderBytes = 30, kDirectoryEntryBytes = 46, kEndBytes = 22, kZip64LocatorBytes = 20;
constexpr std::uint64_t kLongestComment = 0xFFFF;
constexpr std::uint16_t kZip64Extra = 1, kEncryptedFlags = 0x2041;
constexpr std::uint32_t kSeeZip64 = 0xFFFFFFFF;

[[noreturn]] void refuse(const std::string& where, const std::string& message) {
  throw CheckpointError("load", concat(where, message));
}

struct Directory {
  std::uint64_t entries, size, offset;
};

struct Entry {
  std::string_view name;
  std::uint16_t flags, method;
  std::uint64_t stored, size, header;  // `header`: where the local header begins
};

bool has_at(const FileBytes& file, std::uint64_t position, std::string_view signature) {
  return file.bytes().substr(position).starts_with(signature);
}

// The end record is found from behind, because a comment of unknown length follows it.
std::uint64_t find_end(const FileBytes& file) {
  for (std::uint64_t tail = kEndBytes; tail <= std::min(file.size(), kEndBytes + kLongestComment); ++tail) {
    const std::uint64_t position = file.size() - tail;
    if (!has_at(file, position, kEnd)) continue;
    ByteReader end(file.path(), file.bytes().substr(position + kEndBytes - 2));
    if (end.u16() == tail - kEndBytes) return position;
  }
  refuse(file.path(), ": has no zip directory at its end: truncated (an incomplete download?) or damaged");
}

void require_one_disk(const FileBytes& file, std::uint64_t disk, std::uint64_t entries_here, std::uint64_t entries) {
  if (disk != 0 || entries_here != entries) refuse(file.path(), ": is one part of a split zip archive; join the parts first");
}

Directory read_zip64_end(const FileBytes& file, std::uint64_t locator_position) {
  ByteReader locator(concat(file.path(), ": zip64 locator"), file.bytes().substr(locator_position, kZip64LocatorBytes));
  locator.skip(8);
  const std::uint64_t position = locator.u64();
  const std::string where = concat(file.path(), ": zip64 end record at byte ", position);
  if (position > locator_position) refuse(where, " lies outside the file");
  ByteReader end(where, file.bytes().substr(position, locator_position - position));
  if (end.take(4) != kZip64End) refuse(where, " is not one: damaged");
  end.skip(12);
  const std::uint64_t disk = std::uint64_t(end.u32()) + end.u32(), entries_here = end.u64(), entries = end.u64();
  require_one_disk(file, disk, entries_here, entries);
  const std::uint64_t size = end.u64();
  return {entries, size, end.u64()};
}

Directory read_end(const FileBytes& file, std::uint64_t position) {
  if (position >= kZip64LocatorBytes && has_at(file, position - kZip64LocatorBytes, kZip64Locator)) {
    return read_zip64_end(file, position - kZip64LocatorBytes);
  }
  ByteReader end(concat(file.path(), ": zip end record"), file.bytes().substr(position));
  end.skip(4);
  const std::uint64_t disk = std::uint64_t(end.u16()) + end.u16(), entries_here = end.u16(), entries = end.u16();
  require_one_disk(file, disk, entries_here, entries);
  const std::uint64_t size = end.u32();
  return {entries, size, end.u32()};
}

Directory find_directory(const FileBytes& file) {
  const std::uint64_t end = find_end(file);
  const Directory directory = read_end(file, end);
  const bool inside = directory.size <= end && directory.offset <= end - directory.size;
  if (!inside) {
    refuse(file.path(), concat(": zip directory of ", directory.size, " bytes at byte ", directory.offset, " lies outside the file's ",
                               file.size(), ": truncated or damaged"));
  }
  if (directory.entries > directory.size / kDirectoryEntryBytes) {
    refuse(file.path(), concat(": zip directory claims ", directory.entries, " entries, its ", directory.size, " bytes cannot hold them"));
  }
  return directory;
}

// Sizes and offsets of 2^32 - 1 stand for 64-bit ones in the extra field, in this order.
void read_zip64_extra(const std::string& where, std::string_view extra, std::vector<std::uint64_t*> values) {
  std::erase_if(values, [](const std::uint64_t* value) { return *value != kSeeZip64; });
  ByteReader fields(concat(where, ": extra field"), extra);
  while (!values.empty() && fields.remaining() >= 4) {
    const std::uint16_t id = fields.u16(), size = fields.u16();
    ByteReader field(fields.where(), fields.take(size));
    if (id != kZip64Extra) continue;
    for (std::uint64_t* value : values) *value = field.u64();
    values.clear();
  }
  if (!values.empty()) refuse(where, ": has no 64-bit size where the zip directory promises one");
}

Entry read_entry(ByteReader& directory, const std::string& path) {
  if (directory.take(4) != kDirectoryEntry) refuse(directory.where(), concat(": no entry before byte ", directory.position(), ": damaged"));
  directory.skip(4);
  const std::uint16_t flags = directory.u16(), method = directory.u16();
  directory.skip(8);
  std::uint64_t stored = directory.u32(), size = directory.u32();
  const std::uint16_t name_bytes = directory.u16(), extra_bytes = directory.u16(), comment_bytes = directory.u16();
  directory.skip(8);
  std::uint64_t header = directory.u32();
  const std::string_view name = directory.take(name_bytes);
  const std::string where = concat(path, ": zip entry ", in_quotes(name));
  read_zip64_extra(where, directory.take(extra_bytes), {&size, &stored, &header});
  directory.skip(comment_bytes);
  return {name, flags, method, stored, size, header};
}

std::vector<Entry> read_entries(const FileBytes& file, const Directory& directory) {
  ByteReader reader(concat(file.path(), ": zip directory"), file.bytes().substr(directory.offset, directory.size));
  std::vector<Entry> entries;
  for (std::uint64_t i = 0; i < directory.entries; ++i) entries.push_back(read_entry(reader, file.path()));
  return entries;
}

// Nothing is unpacked, so that a name could lead nowhere; but no honest archive has such a one.
bool leads_outside(std::string_view name) {
  if (name.empty() || name.front() == '/' || name.find_first_of(std::string_view("\\\0", 2)) != std::string_view::npos) return true;
  for (const std::string& part : split(name, '/')) {
    if (part == "..") return true;
  }
  return false;
}

void require_plain(const std::string& path, const Entry& entry) {
  const std::string where = concat(path, ": zip entry ", in_quotes(entry.name));
  if (leads_outside(entry.name)) refuse(where, " has a name that leads out of the archive");
  if ((entry.flags & kEncryptedFlags) != 0) refuse(where, " is encrypted");
  if (entry.method != 0 || entry.stored != entry.size) {
    refuse(where, concat(" is compressed (method ", entry.method, "), which torch.save never does; save the weights again with torch.save"));
  }
}

// Where the entry's bytes begin: behind its local header, which repeats the name.
std::uint64_t data_start(const FileBytes& file, const Directory& directory, const Entry& entry) {
  const std::string where = concat(file.path(), ": zip entry ", in_quotes(entry.name));
  if (entry.header > directory.offset) refuse(where, concat(" begins at byte ", entry.header, ", outside the archive's data"));
  ByteReader header(concat(where, ": local header"), file.bytes().substr(entry.header, directory.offset - entry.header));
  if (header.take(4) != kLocalHeader) refuse(where, concat(" has no local header at byte ", entry.header, ": damaged"));
  header.skip(kLocalHeaderBytes - 8);
  const std::uint16_t name_bytes = header.u16(), extra_bytes = header.u16();
  if (header.take(name_bytes) != entry.name) refuse(where, " has another name in its local header: damaged");
  header.skip(extra_bytes);
  if (entry.size > header.remaining()) {
    refuse(where, concat(" claims ", entry.size, " bytes, ", header.remaining(), " are left before the zip directory: truncated or damaged"));
  }
  return entry.header + header.position();
}

struct Extent {
  std::uint64_t begin, end;
  std::string_view name;
};

void require_no_overlap(const FileBytes& file, std::vector<Extent> extents) {
  std::sort(extents.begin(), extents.end(), [](const Extent& a, const Extent& b) { return a.begin < b.begin; });
  for (std::size_t i = 1; i < extents.size(); ++i) {
    if (extents[i].begin < extents[i - 1].end) {
      refuse(file.path(), concat(": zip entries ", in_quotes(extents[i - 1].name), " and ", in_quotes(extents[i].name), " overlap"));
    }
  }
}

}  // namespace

ZipEntries read_zip_directory(const FileBytes& file) {
  const Directory directory = find_directory(file);
  ZipEntries entries;
  std::vector<Extent> extents;
  for (const Entry& entry : read_entries(file, directory)) {
    require_plain(file.path(), entry);
    const std::uint64_t begin = data_start(file, directory, entry);
    extents.push_back({entry.header, begin + entry.size, entry.name});
    const bool is_new = entries.emplace(entry.name, file.bytes().substr(begin, entry.size)).second;
    if (!is_new) refuse(file.path(), concat(": zip entry ", in_quotes(entry.name), " appears twice"));
  }
  require_no_overlap(file, std::move(extents));
  return entries;
}

std::vector<std::string_view> read_zip_names(const FileBytes& file) {
  std::vector<std::string_view> names;
  for (const Entry& entry : read_entries(file, find_directory(file))) names.push_back(entry.name);
  return names;
}

}  // namespace phonofilm::weights
