# Asio's coroutines in what is ours: examples and tests. POSTRIDER_COROUTINES says whether this compiler is one that has them.
include_guard()

set(POSTRIDER_COROUTINES OFF)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU OR (CMAKE_CXX_COMPILER_ID STREQUAL Clang AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 15))
    set(POSTRIDER_COROUTINES ON)
endif()

function(postrider_coroutines target)
    if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
        # g++ 12 takes the operators of Asio's coroutine frames for a mismatch where it inlines only one of them. Asio's fences
        # are nothing to the thread sanitizer, and g++ says so; what they order Asio's mutexes order too.
        target_compile_options(${target} PRIVATE -Wno-mismatched-new-delete -Wno-tsan)
    else() # clang 14 has coroutines and does not say so, Asio 1.22 does not look for <coroutine>
        target_compile_definitions(${target} PRIVATE __cpp_impl_coroutine=201902L ASIO_HAS_CO_AWAIT ASIO_HAS_STD_COROUTINE)
        target_compile_options(${target} PRIVATE -fno-sanitize=function) # it makes no code for a coroutine with that
    endif()
endfunction()
