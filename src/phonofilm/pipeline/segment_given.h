// What one segment of a film is given: its part of what the whole film is given, and the end of what stands before it.
#pragma once

#include "phonofilm/pipeline/film_plan.h"

namespace phonofilm::pipeline {

// given: the whole film's. Its kept clip begins with the film and has its size and rates, but may have any length: it
// is cut, or padded where it is kept to the film's end, with its last picture and with silence. before: what segment k
// - 1 made, or empty. The first frame belongs to a segment that begins the film, the last to the last.
Given segment_given(const FilmPlan& plan, std::size_t k, const Given& given, const Clip& before);

}  // namespace phonofilm::pipeline
