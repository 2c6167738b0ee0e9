// Builds PyTorch archives byte by byte, well-formed or with one fault each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "phonofilm/weights/little_endian.h"

namespace phonofilm::test {

using weights::little;

// An entry, with what its headers claim about it where that differs from the truth.
struct ZipItem {
  std::string name, content;
  std::uint16_t method = 0, flags = 0;
  std::optional<std::string> local_name;
  std::optional<std::uint32_t> size, stored, header;
  std::string extra;  // of its directory entry
  std::string local_signature = "PK\x03\x04", directory_signature = "PK\x01\x02";
};

struct ZipSpec {
  std::vector<ZipItem> items;
  std::optional<std::uint32_t> directory_size, directory_offset;
  std::optional<std::uint16_t> entries, entries_here;
  std::uint16_t disk = 0;
  bool zip64 = false;
  std::optional<std::uint64_t> entries64, directory_size64, directory_offset64, end64_offset;
  std::string end64_signature = "PK\x06\x06";
  std::string comment;
};

inline std::string local_part(const ZipItem& item) {
  const std::string name = item.local_name.value_or(item.name);
  return item.local_signature + little(0, 2) + little(item.flags, 2) + little(item.method, 2) + little(0, 16) + little(name.size(), 2) +
         little(0, 2) + name + item.content;
}

inline std::string directory_part(const ZipItem& item, std::uint64_t header) {
  const std::uint32_t size = item.size.value_or(std::uint32_t(item.content.size()));
  return item.directory_signature + little(0, 4) + little(item.flags, 2) + little(item.method, 2) + little(0, 8) +
         little(item.stored.value_or(size), 4) + little(size, 4) + little(item.name.size(), 2) + little(item.extra.size(), 2) +
         little(0, 10) + little(item.header.value_or(std::uint32_t(header)), 4) + item.name + item.extra;
}

inline std::string end64_part(const ZipSpec& zip, std::uint64_t size, std::uint64_t offset) {
  const std::uint64_t entries = zip.entries64.value_or(zip.items.size());
  const std::string end = zip.end64_signature + little(44, 8) + little(0, 4) + little(zip.disk, 4) + little(0, 4) + little(entries, 8) +
                          little(entries, 8) + little(zip.directory_size64.value_or(size), 8) +
                          little(zip.directory_offset64.value_or(offset), 8);
  return end + "PK\x06\x07" + little(0, 4) + little(zip.end64_offset.value_or(offset + size), 8) + little(1, 4);
}

inline std::string build(const ZipSpec& zip) {
  std::string data, directory;
  for (const ZipItem& item : zip.items) {
    directory += directory_part(item, data.size());
    data += local_part(item);
  }
  const std::uint16_t entries = zip.entries.value_or(std::uint16_t(zip.items.size()));
  std::string end = zip.zip64 ? end64_part(zip, directory.size(), data.size()) : "";
  end += "PK\x05\x06" + little(zip.disk, 2) + little(0, 2) + little(zip.entries_here.value_or(entries), 2) + little(entries, 2) +
         little(zip.directory_size.value_or(std::uint32_t(directory.size())), 4) +
         little(zip.directory_offset.value_or(std::uint32_t(data.size())), 4) + little(zip.comment.size(), 2) + zip.comment;
  return data + directory + end;
}

// Pickle opcodes, protocol 2, after Python's pickletools.
namespace pickle {

inline const std::string kEmptyTuple = ")", kNone = "N", kTrue = "\x88", kFalse = "\x89", kEmptyDict = "}", kEmptyList = "]";

inline std::string text(std::string_view value) { return "X" + little(value.size(), 4) + std::string(value); }
inline std::string global(const std::string& module, const std::string& name) { return "c" + module + "\n" + name + "\n"; }
inline std::string number(std::int64_t value) { return "\x8a\x08" + little(std::uint64_t(value), 8); }
inline std::string tuple(const std::string& items) { return "(" + items + "t"; }
inline std::string numbers(const std::vector<std::int64_t>& values) {
  std::string items;
  for (const std::int64_t value : values) items += number(value);
  return tuple(items);
}
inline std::string call(const std::string& function, const std::string& items) { return function + tuple(items) + "R"; }
inline std::string call(const std::string& module, const std::string& name, const std::string& items) {
  return call(global(module, name), items);
}
inline const std::string kOrderedDict = "ccollections\nOrderedDict\n)R";
inline std::string entry(std::string_view key, const std::string& value) { return text(key) + value + "s"; }
inline std::string whole(const std::string& body) { return "\x80\x02" + body + "."; }

struct Storage {
  std::string key = "0", class_name = "FloatStorage";
  std::int64_t elements = 6;
};
inline std::string storage(const Storage& is) {
  return tuple(text("storage") + global("torch", is.class_name) + text(is.key) + text("cpu") + number(is.elements)) + "Q";
}
inline std::string tensor(const std::string& storage, std::int64_t offset, const std::vector<std::int64_t>& shape,
                          const std::vector<std::int64_t>& strides) {
  return call("torch._utils", "_rebuild_tensor_v2",
              storage + number(offset) + numbers(shape) + numbers(strides) + kFalse + kOrderedDict);
}

}  // namespace pickle

// An archive whose data.pkl is `pickle` and whose one storage, "0", is `data`.
inline ZipSpec archive_spec(const std::string& pickle, const std::string& data) {
  ZipSpec zip;
  for (const auto& [name, content] : {std::pair{"a/data.pkl", pickle}, std::pair{"a/byteorder", std::string("little")}, std::pair{"a/data/0", data}}) {
    ZipItem item;
    item.name = name;
    item.content = content;
    zip.items.push_back(item);
  }
  return zip;
}
inline std::string archive(const std::string& pickle, const std::string& data) { return build(archive_spec(pickle, data)); }

}  // namespace phonofilm::test
