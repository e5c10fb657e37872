# What every target of ours has in common: C++20, no extensions, and the warnings of development.
include_guard()

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES AND PROJECT_IS_TOP_LEVEL)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()

function(postrider_target target)
    target_compile_features(${target} PUBLIC cxx_std_20)
    set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
    if(POSTRIDER_DEVELOPER)
        target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
    endif()
endfunction()

# A library `postrider_NAME` with the alias `postrider::NAME`.
function(postrider_library name)
    add_library(postrider_${name} ${ARGN})
    add_library(postrider::${name} ALIAS postrider_${name})
    set_target_properties(postrider_${name} PROPERTIES EXPORT_NAME ${name})
    postrider_target(postrider_${name})
endfunction()
