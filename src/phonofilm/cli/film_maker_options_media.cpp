#include "phonofilm/base/error.h"
#include "phonofilm/base/text.h"
#include "phonofilm/cli/film_maker.h"

namespace phonofilm::cli {
namespace {

// "22x40". Throws InvalidRequest.
std::pair<std::int64_t, std::int64_t> parse_size(const std::string& text, const char* flag) {
  const auto number = [](const std::string& digits) -> std::int64_t {
    const bool plain =
        !digits.empty() && digits.size() <= 4 && digits.find_first_not_of("0123456789") == std::string::npos;
    return plain ? std::stoll(digits) : 0;
  };
  const std::vector<std::string> sides = split(text, 'x');
  const std::int64_t rows = number(sides[0]), columns = sides.size() == 2 ? number(sides[1]) : 0;
  PF_CHECK(rows > 0 && columns > 0, InvalidRequest, "command line", flag,
           ": expected rows x columns of the latent, as in ", "22x40, got '", text, "'");
  return {rows, columns};
}

}  // namespace

std::optional<autoencoders::PictureTiles> FilmMakerOptions::tiles() const {
  const FilmMakerOptions defaults;
  const bool sized = vae_tile != defaults.vae_tile || vae_tile_stride != defaults.vae_tile_stride;
  PF_CHECK(vae_tiling || !sized, InvalidRequest, "command line",
           "--vae-tile and --vae-tile-stride are sizes of tiles; add --vae-tiling");
  if (!vae_tiling) return std::nullopt;
  const auto [rows, columns] = parse_size(vae_tile, "--vae-tile");
  const auto [row_stride, column_stride] = parse_size(vae_tile_stride, "--vae-tile-stride");
  const autoencoders::PictureTiles tiles{rows, columns, row_stride, column_stride};
  tiles.validate("command line");
  return tiles;
}

Fields FilmMakerOptions::fields() {
  return {{"model", &model, "model folder"},
          {"variant", &variant, "which of the folder's models; empty: the first that is there"},
          {"lora", &lora, "LoRAs to add to the model: FILE, or FILE:SCALE for a part of it; commas between several"},
          {"dtype", &dtype, "of matrix products", {}, {}, {"auto", "float32", "bfloat16"}},
          {"storage", &storage, "of large transformers' matrices: as in the file, or 8 bits from loading on", {}, {},
           {"file", "int8", "float8"}},
          {"memory", &memory, "where weights lie that do not fit on the device: all there, or streamed to it", {}, {},
           {"auto", "resident", "stream"}},
          {"threads", &threads, "of the math library per pass; 0: what serves the model best", 0, 1024},
          {"dump_latents", &dump_latents, "leave the latents, and the noise they came from, beside the film"},
          {"vae_tiling", &vae_tiling, "decode pictures in overlapping tiles, in less memory and with faint seams"},
          {"vae_tile", &vae_tile, "rows x columns of a tile, in positions of the latent, 16 pixels each"},
          {"vae_tile_stride", &vae_tile_stride, "rows x columns from one tile to the next"}};
}

}  // namespace phonofilm::cli
