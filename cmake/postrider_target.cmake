# What every target of ours has in common: C++20, no extensions, and the warnings of development.
include_guard()

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES AND PROJECT_IS_TOP_LEVEL)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()

function(postrider_target target)
    get_target_property(type ${target} TYPE)
    if(type STREQUAL INTERFACE_LIBRARY)
        target_compile_features(${target} INTERFACE cxx_std_20)
        return()
    endif()
    target_compile_features(${target} PUBLIC cxx_std_20)
    set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
    if(POSTRIDER_DEVELOPER)
        target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
    endif()
endfunction()

# A library `postrider_NAME` with the alias `postrider::NAME`, which is installed unless it says otherwise:
# postrider_library(NAME [NOT_INSTALLED] [STATIC] SOURCES...)
# Without STATIC it is what BUILD_SHARED_LIBS says. While the major version is 0 each minor version may break its ABI.
function(postrider_library name)
    cmake_parse_arguments(arg "NOT_INSTALLED" "" "" ${ARGN})
    add_library(postrider_${name} ${arg_UNPARSED_ARGUMENTS})
    add_library(postrider::${name} ALIAS postrider_${name})
    set_target_properties(postrider_${name} PROPERTIES EXPORT_NAME ${name}
        VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
    postrider_target(postrider_${name})
    if(POSTRIDER_INSTALL AND NOT arg_NOT_INSTALLED)
        if(NOT DEFINED CMAKE_INSTALL_RPATH) # the libraries find each other where no system looks for them
            set_target_properties(postrider_${name} PROPERTIES INSTALL_RPATH "$ORIGIN")
        endif()
        install(TARGETS postrider_${name} EXPORT postriderTargets
            ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
            LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
            INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
        set_property(GLOBAL APPEND PROPERTY POSTRIDER_INSTALLED ${name})
    endif()
endfunction()

# A program, which finds our libraries, where these are shared, from wherever the tree was moved to.
function(postrider_install_program target)
    if(NOT DEFINED CMAKE_INSTALL_RPATH AND NOT IS_ABSOLUTE ${CMAKE_INSTALL_LIBDIR})
        file(RELATIVE_PATH libraries /x/${CMAKE_INSTALL_BINDIR} /x/${CMAKE_INSTALL_LIBDIR})
        set_target_properties(${target} PROPERTIES INSTALL_RPATH "$ORIGIN/${libraries}")
    endif()
    install(TARGETS ${target} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()
