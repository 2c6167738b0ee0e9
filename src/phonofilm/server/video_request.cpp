#include "phonofilm/server/video_request.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/server/digest.h"
#include "phonofilm/server/json_answer.h"
#include "phonofilm/server/problem.h"
#include "phonofilm/server/request_form.h"
#include "phonofilm/server/submission.h"

namespace phonofilm::server {
namespace {

using Json = nlohmann::json;

constexpr const char* kReference = "input_reference";
constexpr const char* kFirstFrame = "image";  // the field that the reference goes to

struct VideoRequest {
  Json fields = Json::object();    // of the field list
  std::vector<InputFile> files{};  // into the body, or into `decoded`
  std::string decoded{};
};

[[noreturn]] void refuse(const std::string& param, const std::string& why) {
  throw Problem(400, "invalid_value", why, param);
}

double seconds_of(const Json& value) {
  if (!value.is_string()) refuse("seconds", "seconds must be a string, as \"4\"");
  const std::string& text = value.get_ref<const std::string&>();
  double seconds = 0;
  const auto [end, problem] =
      std::from_chars(text.data(), text.data() + text.size(), seconds, std::chars_format::fixed);
  const bool whole = problem == std::errc() && end == text.data() + text.size();
  if (!whole || !std::isfinite(seconds) || seconds <= 0)
    refuse("seconds", concat("seconds must be a number above 0, got ", in_quotes(text)));
  return seconds;
}

void read_size(const Json& value, Json& fields) {
  const std::string text = value.is_string() ? value.get<std::string>() : "";
  const std::size_t x = std::min(text.find('x'), text.size());
  constexpr std::int64_t kMax = 1'000'000;
  const auto width = parse_digits(std::string_view(text).substr(0, x), kMax);
  const auto height = x < text.size() ? parse_digits(std::string_view(text).substr(x + 1), kMax) : std::nullopt;
  if (!width || !height || *width == 0 || *height == 0) refuse("size", "size must be a string like \"1280x720\"");
  if (fields.contains("width") || fields.contains("height")) refuse("size", "size and width or height are both given");
  fields["width"] = *width;
  fields["height"] = *height;
}

void read_model(const Call& call, const Json& value, Json& fields) {
  const auto& models = call.api.format.models;
  const std::string name = value.is_string() ? value.get<std::string>() : "";
  const bool known = std::any_of(models.begin(), models.end(), [&](const ModelCard& m) { return m.id == name; });
  if (!known) {
    throw Problem(400, "model_not_found", concat("there is no model ", in_quotes(name), "; /v1/models lists them"),
                  "model");
  }
  const auto form = call.api.format.blank();
  const Fields known_fields = form->fields();
  if (std::any_of(known_fields.begin(), known_fields.end(), [](const Field& f) { return f.name == "model"; })) {
    fields["model"] = name;
  }
}

std::string own_name(const std::string& name) {
  if (name == "num_inference_steps") return "steps";
  if (name == "guidance_scale") return "text_guidance";
  return name;
}

void set_once(Json& fields, const std::string& name, const Json& value) {
  const std::string own = own_name(name);
  if (fields.contains(own)) refuse(name, concat(name, " is given twice"));
  fields[own] = value;
}

// "data:image/png;base64,....": the only kind of URL that needs nobody to fetch it.
void take_data_url(const Json& value, VideoRequest& request) {
  if (!value.is_string()) refuse(kReference, "image_url must be a string");
  const std::string_view url = value.get_ref<const std::string&>();
  if (url.size() > kMaxDataUrl) refuse(kReference, concat("image_url is longer than ", kMaxDataUrl, " characters"));
  if (!url.starts_with("data:")) refuse(kReference, "this server fetches no URL: send the file, or a data: URL");
  const std::size_t comma = url.find(',');
  const std::string_view head = url.substr(5, std::min(comma, url.size()) - 5);
  constexpr std::string_view kBase64 = ";base64";
  if (comma == url.npos || !head.ends_with(kBase64)) refuse(kReference, "a data: URL must be in base64");
  const auto bytes = decode_base64(url.substr(comma + 1));
  if (!bytes) refuse(kReference, "the data: URL is not valid base64");
  const auto type = parse_media_type(head.substr(0, head.size() - kBase64.size()));
  request.decoded = *bytes;
  request.files.push_back({kFirstFrame, type ? type->type : "", request.decoded});
}

void take_reference(const Json& value, VideoRequest& request) {
  if (!value.is_object() || value.size() != 1 || !(value.contains("image_url") || value.contains("file_id"))) {
    refuse(kReference, "input_reference must be a file, or an object with exactly one of image_url and file_id");
  }
  if (value.contains("image_url")) return take_data_url(value["image_url"], request);
  if (!value["file_id"].is_string()) refuse(kReference, "file_id must be a string");
  set_once(request.fields, kFirstFrame, value["file_id"]);
}

// Members that mean something else here than in the field list.
constexpr std::array<std::string_view, 4> kOwnMeaning{"model", "seconds", "size", kReference};

void translate(Call& call, const Json& body, VideoRequest& request) {
  Json& fields = request.fields;
  for (const auto& [name, value] : body.items()) {
    const bool own = std::find(kOwnMeaning.begin(), kOwnMeaning.end(), name) != kOwnMeaning.end();
    if (!value.is_null() && !own) set_once(fields, name, value);
  }
  const auto given = [&](const char* name) { return body.contains(name) && !body[name].is_null(); };
  if (given("seconds")) fields["seconds"] = seconds_of(body["seconds"]);
  if (given("size")) read_size(body["size"], fields);
  if (given("model")) read_model(call, body["model"], fields);
  if (given(kReference)) take_reference(body[kReference], request);
}

// The texts of a form as the body that they would be in JSON.
Json body_of(const Call& call, const std::vector<Part>& parts) {
  Json body = Json::object();
  for (const Part& part : parts) {
    if (part.is_file) continue;
    if (body.contains(part.name)) refuse(part.name, "a part of the form stands twice");
    const bool reference = part.name == kReference;
    const bool text = std::find(kOwnMeaning.begin(), kOwnMeaning.end(), part.name) != kOwnMeaning.end();
    if (!is_utf8(part.content)) refuse(part.name, "a part of the form is not UTF-8 text");
    body[part.name] = reference ? parse_object(part.content)
                      : text    ? Json(std::string(part.content))
                                : field_from_text(call.api, own_name(part.name), part.content);
  }
  return body;
}

}  // namespace

jobs::Job submit_video(Call& call) {
  VideoRequest request;
  std::vector<Part> parts;
  if (has_form(call)) {
    parts = form_parts(call);
    translate(call, body_of(call, parts), request);
    for (const InputFile& file : form_files(parts)) request.files.push_back(file);
    for (InputFile& file : request.files) {
      if (file.field == kReference) file.field = kFirstFrame;
    }
  } else {
    translate(call, parse_object(call.request.body.view()), request);
  }
  return submit_film(call, request.fields, request.files, {});
}

}  // namespace phonofilm::server
