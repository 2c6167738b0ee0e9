// The side of decode_upload that is kept safe: it trusts no number of the child's answer before it has checked it.
#include "phonofilm/workers/upload_decoder.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/workers/channel.h"
#include "phonofilm/workers/child_process.h"
#include "phonofilm/workers/decoder_wire.h"

namespace phonofilm::workers {
namespace {

constexpr const char* kOperation = "upload";

Descriptor open_upload(const std::string& path, const std::string& name) {
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  PF_CHECK(file.is_open(), MediaError, kOperation, name, ": cannot be opened: ", std::strerror(errno));
  struct stat found {};
  PF_CHECK(fstat(file.get(), &found) == 0 && S_ISREG(found.st_mode), MediaError, kOperation, name,
           ": is not a regular file");
  return file;
}

struct Pipe {
  Descriptor reading, writing;
};

Pipe make_pipe() {
  int ends[2];
  PF_CHECK(pipe2(ends, O_CLOEXEC) == 0, ResourceError, kOperation, "no pipe can be made: ", std::strerror(errno));
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

// A child that is ended with the scope, if it has not ended by itself.
class Child {
 public:
  explicit Child(pid_t id) : id_(id) {}
  ~Child() {
    if (id_ > 0) end();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  Ending end() {
    kill(id_, SIGKILL);
    return wait_for(std::exchange(id_, -1));
  }
  // It said its last word; it may still take its time to end.
  Ending wait_until(const Deadline& deadline) {
    while (Deadline::clock::now() < deadline) {
      if (const std::optional<Ending> ending = ending_of(id_)) {
        id_ = -1;
        return *ending;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return end();
  }

 private:
  pid_t id_;
};

// a * b * c, or -1 where a number is negative or the product too large.
std::int64_t product(std::int64_t a, std::int64_t b, std::int64_t c) {
  std::int64_t result = 0;
  const bool fits = a >= 0 && b >= 0 && c >= 0 && !__builtin_mul_overflow(a, b, &result) &&
                    !__builtin_mul_overflow(result, c, &result);
  return fits ? result : -1;
}

bool has_wanted(const AnswerHead& head, const DecodeRequest& request) {
  if (head.exit_code != 0) return true;
  if (request.kind == "look") return head.frames > 0 || head.channels > 0 || !request.pictures;
  const bool sound = request.kind == "sound" || (request.kind == "film" && !request.pictures);
  return sound ? head.channels > 0 : head.frames > 0;
}

bool is_possible(const AnswerHead& head, const DecodeRequest& request) {
  const std::int64_t pictures = product(head.frames, head.height, product(head.width, 3, 1));
  const std::int64_t samples = product(head.channels, head.samples, sizeof(float));
  const bool sizes = pictures >= 0 && samples >= 0 && pictures <= request.max_bytes && samples <= request.max_bytes;
  const bool rate = std::isfinite(head.fps) && head.fps > 0;
  const bool picture = head.frames == 0 || (head.height > 0 && head.width > 0 && rate);
  const bool count = head.frames <= (request.kind == "picture" || request.kind == "look" ? 1 : request.max_frames);
  const bool sound = head.channels <= 2 && (head.channels == 0 || head.sample_rate > 0);
  const bool sides = head.height <= request.max_side && head.width <= request.max_side;
  const bool text = head.text >= 0 && head.text <= AnswerHead::kLongestText && head.exit_code >= 0;
  return head.magic == AnswerHead::kMagic && sizes && picture && has_wanted(head, request) && count && sound && sides &&
         text;
}

// The child said nothing that makes sense: how it ended says why.
[[noreturn]] void explain(const Ending& ending, bool in_time, const std::string& name, const DecoderOptions& options) {
  const auto fail = [&](const std::string& why) { throw MediaError(kOperation, name + ": " + why); };
  if (!in_time) fail(concat("is not decoded within ", options.seconds, " seconds"));
  if (ending.signal == SIGXCPU || ending.signal == SIGKILL) {
    fail(concat("takes more than ", options.limits.cpu_seconds,
                " seconds of processor time to decode, or the system ended its decoder for want of memory"));
  }
  if (ending.signal == SIGSYS) fail("made its decoder do what no decoder may do; the decoder was ended");
  PF_CHECK(ending.exit_code != kNotStarted, ResourceError, kOperation, "the decoder cannot be started");
  fail(concat("is damaged, or takes more than ", human_bytes(double(options.limits.memory)),
              " to decode: the decoder ", words(ending)));
  std::abort();
}

// What is behind the decoder's own "[operation] name: ", which is said once.
std::string_view reason_in(std::string_view text, const std::string& name) {
  if (text.starts_with('[') && text.find("] ") != text.npos) text.remove_prefix(text.find("] ") + 2);
  if (text.starts_with(name + ": ")) text.remove_prefix(name.size() + 2);
  return text;
}

// What the decoder has found wrong with a file, it will find again.
[[noreturn]] void rethrow(const AnswerHead& head, const std::string& text, const std::string& name) {
  const std::string message = concat(name, ": ", printable(reason_in(text, name)));
  if (head.exit_code == AnswerHead::kNoSandbox) throw ResourceError(kOperation, message);
  const bool of_file = head.exit_code == MediaError("", "").exit_code();
  if (of_file || head.exit_code == InvalidRequest("", "").exit_code()) throw InvalidRequest(kOperation, message);
  throw MediaError(kOperation, message);
}

bool read_tensor(int from, const Tensor& to, const Deadline& deadline) {
  return read_exactly(from, to.data_ptr(), size_t(to.nbytes()), deadline);
}

}  // namespace

Clip decode_upload(const std::string& path, const std::string& name, const DecodeRequest& request,
                   const DecoderOptions& options) {
  const Descriptor file = open_upload(path, name);
  Pipe answer = make_pipe();
  DecoderTask task{request, options.limits};
  ChildOptions start{.command = options.command, .input = file.get(), .output = answer.writing.get()};
  start.command.push_back(write_json(task.fields()).dump());
  Child child(start_child(start));
  answer.writing.reset();
  const Deadline deadline = Deadline::clock::now() + std::chrono::seconds(options.seconds);
  const int from = answer.reading.get();
  const auto gave_up = [&] {
    const bool in_time = Deadline::clock::now() < deadline;
    explain(child.wait_until(deadline), in_time, name, options);
  };

  AnswerHead head;
  if (!read_exactly(from, &head, sizeof head, deadline)) gave_up();
  PF_CHECK(is_possible(head, request), MediaError, kOperation, name, ": its decoder gave an answer that cannot be");
  if (head.exit_code != 0) {
    std::string text(size_t(head.text), '\0');
    if (!read_exactly(from, text.data(), text.size(), deadline)) gave_up();
    rethrow(head, text, name);
  }
  Clip clip;
  if (head.frames > 0) {
    clip.frames = at::empty({head.frames, head.height, head.width, 3}, at::kByte);
    clip.fps = head.fps;
    if (!read_tensor(from, clip.frames, deadline)) gave_up();
  }
  if (head.channels > 0) {
    clip.waveform = at::empty({head.channels, head.samples}, at::kFloat);
    clip.sample_rate = head.sample_rate;
    if (!read_tensor(from, clip.waveform, deadline)) gave_up();
  }
  return clip;
}

}  // namespace phonofilm::workers
