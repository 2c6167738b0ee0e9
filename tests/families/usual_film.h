// What a report on a folder says of the usual film, against what the loaded model makes.
#pragma once

#include <doctest/doctest.h>

#include "phonofilm/families/folder_report.h"
#include "phonofilm/families/generator.h"

namespace phonofilm::test {

inline void expect_usual_film(const families::UsualFilm& film, const families::Generator& model) {
  const families::ClipSpec spec = model.clip_spec({});
  CHECK(film.width == spec.width);
  CHECK(film.height == spec.height);
  CHECK(film.fps == model.info().fps);
  CHECK(film.seconds == model.info().seconds);
  families::ClipRequest request;
  request.image_height = 300, request.image_width = 100;
  const families::ClipSpec beside_image = model.clip_spec(request);
  CHECK(film.follows_image == (beside_image.width != spec.width || beside_image.height != spec.height));
}

}  // namespace phonofilm::test
