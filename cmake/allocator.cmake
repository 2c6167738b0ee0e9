# Tensor code frees and allocates the same large blocks again and again, from several threads. glibc hands them back to
# the system and meets at one lock; with tcmalloc a training step of the embedded model is a fifth faster.
find_library(PHONOFILM_TCMALLOC tcmalloc_minimal)
if(NOT PHONOFILM_TCMALLOC AND NOT PHONOFILM_ASAN)
  message(WARNING "tcmalloc was not found (Debian: libgoogle-perftools-dev); training and generation will be slower")
endif()

# Gives a program that allocator. The sanitizers bring their own.
function(phonofilm_allocator program)
  if(PHONOFILM_TCMALLOC AND NOT PHONOFILM_ASAN)
    target_link_libraries(${program} PRIVATE ${PHONOFILM_TCMALLOC})
  endif()
endfunction()
