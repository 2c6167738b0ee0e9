#include <nlohmann/json.hpp>

#include "fuzz/fuzz_text.h"
#include "phonofilm/server/json_answer.h"
#include "phonofilm/server/multipart.h"
#include "phonofilm/server/problem.h"

namespace {

using namespace phonofilm::server;

void expect(bool holds) {
  if (!holds) __builtin_trap();
}

template <class Read>
void refused_or_read(const Read& read) {
  try {
    read();
  } catch (const Problem& problem) {
    expect(problem.status() == 400);
    error_response(problem);
  }
}

}  // namespace

// A body as JSON and as a form. Parts lie inside of the body and do not overlap.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = phonofilm::fuzz::text_of(data, size);
  refused_or_read([&] {
    const auto object = parse_object(text);
    expect(object.is_object());
    json_response(object);
  });
  refused_or_read([&] {
    const char* end = text.data();
    for (const Part& part : parse_multipart(text, "b")) {
      expect(!part.name.empty() && part.content.data() >= end);
      end = part.content.data() + part.content.size();
      expect(end <= text.data() + text.size());
    }
  });
  return 0;
}
