#include "phonofilm/weights/torch_archive.h"
#include "weights/archive_builder.h"
#include "weights/corrupt_files.h"

using namespace phonofilm;
using namespace phonofilm::test;
using namespace phonofilm::test::pickle;

namespace {

const std::string kData(24, '\x01');
const std::string kTensor = tensor(storage({}), 0, {2, 3}, {3, 1});
const std::string kGood = whole(kEmptyDict + entry("x", kTensor));

ZipSpec good() { return archive_spec(kGood, kData); }

// The well-formed archive after one change.
template <class Change>
std::string changed(Change change) {
  ZipSpec zip = good();
  change(zip);
  return build(zip);
}

void add_truncations(Faults& faults) {
  const std::string bytes = build(good());
  faults.push_back({"truncated", "", "is not a PyTorch file"});
  faults.push_back({"truncated", "P", "is not a PyTorch file"});
  for (std::size_t length = 2; length < bytes.size(); length += 9) {
    faults.push_back({"truncated", bytes.substr(0, length), "no zip directory at its end: truncated"});
  }
  faults.push_back({"trailing bytes", bytes + "x", "no zip directory at its end"});
  faults.push_back({"missing front", "PK" + bytes.substr(10), "lies outside the file"});
}

void add_directory_faults(Faults& faults) {
  const auto with = [&](const char* kind, const char* message, auto change) { faults.push_back({kind, changed(change), message}); };
  for (const std::uint32_t size : {0xFFFFFFFFu, 0x7FFFFFFFu, 100'000u}) {
    with("directory size", "lies outside the file's", [&](ZipSpec& zip) { zip.directory_size = size; });
    with("directory offset", "lies outside the file's", [&](ZipSpec& zip) { zip.directory_offset = size; });
  }
  for (const int entries : {4, 100, 0xFFFF}) {
    with("entry count", "bytes cannot hold them", [&](ZipSpec& zip) { zip.entries = std::uint16_t(entries); });
  }
  with("entry count", "zip directory: ends at byte", [](ZipSpec& zip) {
    zip.items[0].extra = std::string(46, '\0');  // as long as one more entry
    zip.entries = 4;
  });
  with("no entries", "it has no data.pkl", [](ZipSpec& zip) { zip.entries = 0; });
  with("directory shifted", "no entry before byte", [](ZipSpec& zip) { zip.directory_offset = 3; });
  with("split archive", "one part of a split zip archive", [](ZipSpec& zip) { zip.disk = 1; });
  with("split archive", "one part of a split zip archive", [](ZipSpec& zip) { zip.entries_here = 1; });
  with("directory signature", "no entry before byte", [](ZipSpec& zip) { zip.items[1].directory_signature = "PK\x01\x03"; });
}

void add_zip64_faults(Faults& faults) {
  const auto with = [&](const char* kind, const char* message, auto change) {
    faults.push_back({kind, changed([&](ZipSpec& zip) {
                        zip.zip64 = true;
                        change(zip);
                      }),
                      message});
  };
  for (const std::uint64_t number : {~std::uint64_t{0}, std::uint64_t{1} << 63, std::uint64_t{1} << 40}) {
    with("zip64 end offset", "zip64 end record at byte", [&](ZipSpec& zip) { zip.end64_offset = number; });
    with("zip64 directory size", "lies outside the file's", [&](ZipSpec& zip) { zip.directory_size64 = number; });
    with("zip64 directory offset", "lies outside the file's", [&](ZipSpec& zip) { zip.directory_offset64 = number; });
    with("zip64 entry count", "bytes cannot hold them", [&](ZipSpec& zip) { zip.entries64 = number; });
  }
  with("zip64 end signature", "is not one: damaged", [](ZipSpec& zip) { zip.end64_signature = "PK\x06\x08"; });
  with("zip64 end offset", "is not one: damaged", [](ZipSpec& zip) { zip.end64_offset = 5; });
  with("zip64 disk", "split zip archive", [](ZipSpec& zip) { zip.disk = 7; });
  for (const std::string& extra : {std::string(), little(2, 2) + little(8, 2) + little(24, 8), little(1, 2), little(1, 2) + little(0, 2)}) {
    with("zip64 extra field", extra.size() == 4 ? "where 8 bytes are expected" : "has no 64-bit size", [&](ZipSpec& zip) {
      zip.items[2].size = zip.items[2].stored = 0xFFFFFFFF;
      zip.items[2].extra = extra;
    });
  }
  for (const std::uint64_t size : {~std::uint64_t{0}, std::uint64_t{1} << 63, std::uint64_t{25}}) {
    with("zip64 entry size", "are left before the zip directory", [&](ZipSpec& zip) {
      zip.items[2].size = zip.items[2].stored = 0xFFFFFFFF;
      zip.items[2].extra = little(1, 2) + little(16, 2) + little(size, 8) + little(size, 8);
    });
  }
}

void add_entry_faults(Faults& faults) {
  for (std::size_t item = 0; item < 3; ++item) {
    const auto with = [&](const char* kind, const char* message, auto change) {
      faults.push_back({kind, changed([&](ZipSpec& zip) { change(zip.items[item]); }), message});
    };
    with("compressed", "is compressed (method 8)", [](ZipItem& entry) { entry.method = 8; });
    with("compressed", "is compressed", [](ZipItem& entry) { entry.stored = 1; });
    with("encrypted", "is encrypted", [](ZipItem& entry) { entry.flags = 1; });
    with("entry size", "are left before the zip directory", [](ZipItem& entry) { entry.size = 1'000'000; });
    with("header offset", "outside the archive's data", [](ZipItem& entry) { entry.header = 0x7FFFFFFF; });
    with("header offset", "has no 64-bit size", [](ZipItem& entry) { entry.header = 0xFFFFFFFF; });
    with("header offset", "has no local header", [](ZipItem& entry) { entry.header = 7; });
    with("local signature", "has no local header", [](ZipItem& entry) { entry.local_signature = "PK\x01\x02"; });
    with("local name", "another name in its local header", [](ZipItem& entry) { entry.local_name = "a/other"; });
  }
  const auto with = [&](const char* kind, const char* message, auto change) { faults.push_back({kind, changed(change), message}); };
  with("overlap", "\"a/data.pkl\" and \"a/byteorder\" overlap", [](ZipSpec& zip) { zip.items[0].size = std::uint32_t(kGood.size() + 1); });
  with("overlap", "overlap", [](ZipSpec& zip) { zip.items[1].size = 40; });
  with("same name", "zip entry \"a/data/0\" appears twice", [](ZipSpec& zip) { zip.items.push_back(zip.items[2]); });
  with("no pickle", "it has no data.pkl", [](ZipSpec& zip) { zip.items.erase(zip.items.begin()); });
  with("two pickles", "more than one data.pkl", [](ZipSpec& zip) { zip.items[1].name = "b/data.pkl"; });
  with("nested folder", "it has no data.pkl", [](ZipSpec& zip) { zip.items[0].name = "a/b/data.pkl"; });
  with("TorchScript", "is a TorchScript program", [](ZipSpec& zip) { zip.items[1].name = "a/constants.pkl"; });
  with("TorchScript", "is a TorchScript program (it holds \"a/code/__torch__.py\")", [](ZipSpec& zip) {
    zip.items[1].name = "a/code/__torch__.py";
    zip.items[1].method = 8;
  });
  for (const char* name : {"/a/data.pkl", "../data.pkl", "a/../data.pkl", "..", "a/..", "/", "", "a\\data.pkl", "..\\data.pkl", "a//../x"}) {
    with("path trick", "has a name that leads out of the archive", [&](ZipSpec& zip) { zip.items[1].name = name; });
  }
  with("path trick", "has a name that leads out of the archive", [](ZipSpec& zip) { zip.items[0].name = std::string("a/data.pkl\0x", 12); });
  with("steering name", "is compressed", [](ZipSpec& zip) {
    zip.items[1].name = "a/\x1b[2J\xc2\x9b\xff";
    zip.items[1].method = 99;
  });
  with("shared header", "another name in its local header", [](ZipSpec& zip) {
    zip.items.push_back(zip.items[2]);
    zip.items[3].name = "a/data/1";
    zip.items[3].header = std::uint32_t(local_part(zip.items[0]).size() + local_part(zip.items[1]).size());
  });
  with("storage missing", "its storage \"0\" is not in the archive", [](ZipSpec& zip) { zip.items.pop_back(); });
  for (const char* order : {"big", "", "little\n", "LITTLE", "native"}) {
    with("byte order", "only \"little\" is read", [&](ZipSpec& zip) { zip.items[1].content = order; });
  }
}

}  // namespace

TEST_CASE("corrupt files: zip archives around a good pickle") {
  Faults faults;
  add_truncations(faults);
  add_directory_faults(faults);
  add_zip64_faults(faults);
  add_entry_faults(faults);
  CHECK(check_refused(faults, [](const std::string& path) { weights::TorchArchive::open(path); }) >= 80);
}
