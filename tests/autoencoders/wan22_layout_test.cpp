// Every published name and shape of Wan 2.2's video autoencoder (Wan2.2_VAE.pth), written down from the specification and
// compared with what the model declares; no weights and no memory are needed.
#include <map>
#include <string>
#include <vector>

#include "phonofilm/autoencoders/wan22_vae/wan22_vae.h"
#include "support/support.h"

using namespace phonofilm;

namespace {

struct Layout {
  std::map<std::string, Shape> shapes;

  void conv(const std::string& name, const Shape& weight) {
    shapes[name + ".weight"] = weight;
    shapes[name + ".bias"] = {weight[0]};
  }
  void res_block(const std::string& name, std::int64_t in, std::int64_t out) {
    shapes[name + ".residual.0.gamma"] = {in, 1, 1, 1};
    conv(name + ".residual.2", {out, in, 3, 3, 3});
    shapes[name + ".residual.3.gamma"] = {out, 1, 1, 1};
    conv(name + ".residual.6", {out, out, 3, 3, 3});
    if (in != out) conv(name + ".shortcut", {out, in, 1, 1, 1});
  }
  void middle(const std::string& name, std::int64_t width) {
    res_block(name + ".0", width, width);
    shapes[name + ".1.norm.gamma"] = {width, 1, 1};
    conv(name + ".1.to_qkv", {3 * width, width, 1, 1});
    conv(name + ".1.proj", {width, width, 1, 1});
    res_block(name + ".2", width, width);
  }
  void head(const std::string& name, std::int64_t in, std::int64_t out) {
    shapes[name + ".0.gamma"] = {in, 1, 1, 1};
    conv(name + ".2", {out, in, 3, 3, 3});
  }
  void stage(const std::string& name, int blocks, std::int64_t in, std::int64_t out) {
    for (int i = 0; i < blocks; ++i) res_block(name + std::to_string(i), i == 0 ? in : out, out);
  }
};

Layout published_layout() {
  Layout layout;
  layout.conv("conv1", {96, 96, 1, 1, 1});
  layout.conv("conv2", {48, 48, 1, 1, 1});
  layout.conv("encoder.conv1", {160, 12, 3, 3, 3});
  layout.middle("encoder.middle", 640);
  layout.head("encoder.head", 640, 96);
  layout.conv("decoder.conv1", {1024, 48, 3, 3, 3});
  layout.middle("decoder.middle", 1024);
  layout.head("decoder.head", 256, 12);
  const std::int64_t encoder[] = {160, 160, 320, 640, 640}, decoder[] = {1024, 1024, 1024, 512, 256};
  for (int s = 0; s < 4; ++s) {
    const std::string number = std::to_string(s);
    const std::string down = "encoder.downsamples." + number + ".downsamples.", up = "decoder.upsamples." + number + ".upsamples.";
    layout.stage(down, /*blocks=*/2, encoder[s], encoder[s + 1]);
    layout.stage(up, /*blocks=*/3, decoder[s], decoder[s + 1]);
    if (s < 3) layout.conv(down + "2.resample.1", {encoder[s + 1], encoder[s + 1], 3, 3});
    if (s < 3) layout.conv(up + "3.resample.1", {decoder[s + 1], decoder[s + 1], 3, 3});
    if (s == 1 || s == 2) layout.conv(down + "2.time_conv", {encoder[s + 1], encoder[s + 1], 3, 1, 1});
    if (s == 0 || s == 1) layout.conv(up + "3.time_conv", {2 * decoder[s + 1], decoder[s + 1], 3, 1, 1});
  }
  return layout;
}

std::int64_t parameters(const Layout& layout) {
  std::int64_t count = 0;
  for (const auto& [name, shape] : layout.shapes) count += c10::multiply_integers(shape);
  return count;
}

}  // namespace

TEST_CASE("wan22 vae: the model declares every published tensor by name and shape, and no other") {
  Layout layout = published_layout();
  REQUIRE(layout.shapes.size() == 196);
  REQUIRE(parameters(layout) == 704'688'668);
  const autoencoders::Wan22Vae model;
  for (const auto& [name, shape, init] : model.declarations()) {
    CAPTURE(name);
    REQUIRE(layout.shapes.contains(name));
    CHECK(layout.shapes.at(name) == shape);
    layout.shapes.erase(name);
  }
  CHECK(layout.shapes.empty());
}
