# cmake --install build/release --prefix /opt/phonofilm --strip
#
# A folder of its own that needs nothing but Debian's libraries: the program, LibTorch's libraries in lib/phonofilm/, the
# models where the program looks for them, licences, and what packaging/ has for systemd.
set_target_properties(phonofilm PROPERTIES INSTALL_RPATH "\$ORIGIN/../lib/phonofilm")
install(TARGETS phonofilm RUNTIME_DEPENDENCY_SET phonofilm_libraries RUNTIME DESTINATION bin)
install(RUNTIME_DEPENDENCY_SET phonofilm_libraries DESTINATION lib/phonofilm POST_EXCLUDE_REGEXES "^/lib" "^/usr")
install(DIRECTORY models/ DESTINATION models)
install(FILES packaging/phonofilm.service DESTINATION lib/systemd/system)
install(FILES packaging/phonofilm.sysusers DESTINATION lib/sysusers.d RENAME phonofilm.conf)
install(FILES LICENSE THIRD_PARTY.md DESTINATION share/doc/phonofilm)
# Those of LibTorch's wheels, which stand beside it where scripts/setup.sh has unpacked it.
file(GLOB licences ${LIBTORCH_ROOT}/../*.dist-info/licenses)
foreach(folder ${licences})
  cmake_path(GET folder PARENT_PATH wheel)
  cmake_path(GET wheel STEM LAST_ONLY wheel)
  install(DIRECTORY ${folder}/ DESTINATION share/doc/phonofilm/${wheel})
endforeach()
