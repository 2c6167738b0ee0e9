// The LTX weights file describes its own networks: as JSON text in its metadata. Untrusted input, of which autoencoder
// and vocoder each read their section.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "phonofilm/weights/safetensors.h"

namespace phonofilm::autoencoders {

// The metadata entry "config", parsed. Sections: "audio_vae", "vocoder". Throws CheckpointError where there is none,
// InvalidRequest where it is not a JSON object.
nlohmann::json read_ltx_audio_metadata(const weights::SafetensorsFile& file);

// An object inside it. Throws InvalidRequest where it is missing or is no object.
const nlohmann::json& ltx_section(const nlohmann::json& parent, const char* key, std::string_view where);

// Throws InvalidRequest where `section`, an object, says something else under `key`; it may say nothing.
void ltx_require(const nlohmann::json& section, const char* key, const nlohmann::json& value, std::string_view where);

}  // namespace phonofilm::autoencoders
