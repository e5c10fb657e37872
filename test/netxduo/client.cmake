# The tests of the NetX Duo SMTP client. Each program sees the client through client_tap.cpp, which stands between it and the
# services of NetX Duo that it calls.
set(client_tapped nx_packet_allocate nx_packet_data_append nx_tcp_socket_send nxd_tcp_client_socket_connect
    nx_tcp_socket_disconnect tx_time_get)
list(TRANSFORM client_tapped PREPEND "-Wl,--wrap=" OUTPUT_VARIABLE client_wraps)

add_library(netxduo_client_support OBJECT client_tap.cpp ../support/script_server.cpp)
target_link_libraries(netxduo_client_support PRIVATE postrider::netxduo_host GTest::gtest GTest::gmock)
postrider_target(netxduo_client_support)
set(client_support $<TARGET_OBJECTS:netxduo_client_support>)

function(netxduo_client_test name)
    cmake_parse_arguments(arg "" "CLIENT" "SOURCES" ${ARGN})
    postrider_test(${name} SOURCES ${arg_SOURCES} ${client_support} LIBRARIES ${arg_CLIENT})
    target_include_directories(${name} PRIVATE ../support)
    target_link_options(${name} PRIVATE ${client_wraps})
endfunction()

# The client with other macros than the defaults: netxduo_client_variant(NAME MACRO=VALUE...)
function(netxduo_client_variant name)
    add_library(${name} STATIC ${POSTRIDER_NETXDUO_SOURCES})
    postrider_target(${name})
    target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/netxduo/include PRIVATE ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(${name} PUBLIC postrider::netxduo_host PRIVATE postrider::core)
    target_compile_definitions(${name} PUBLIC ${ARGN})
endfunction()
include(${PROJECT_SOURCE_DIR}/netxduo/files.cmake)

netxduo_client_test(netxduo_client_test CLIENT postrider::netxduo
    SOURCES client_checks_test.cpp client_session_test.cpp client_message_test.cpp client_original_test.cpp
            client_mail_test.cpp client_kept_test.cpp)

# The same client with time limits of tens of milliseconds (a tick has ten); slower machines and sanitizers may set more.
set(POSTRIDER_QUICK_TICKS 8 CACHE STRING "Ticks that the client under test waits for a reply")
netxduo_client_variant(netxduo_quick
    NX_SMTP_CLIENT_PACKET_TIMEOUT=2 NX_SMTP_CLIENT_CONNECTION_TIMEOUT=50 NX_SMTP_CLIENT_DISCONNECT_TIMEOUT=5
    NX_SMTP_GREETING_TIMEOUT=${POSTRIDER_QUICK_TICKS} NX_SMTP_ENVELOPE_TIMEOUT=${POSTRIDER_QUICK_TICKS}
    NX_SMTP_MESSAGE_TIMEOUT=${POSTRIDER_QUICK_TICKS} NX_SMTP_CLIENT_SEND_TIMEOUT=20)
netxduo_client_test(netxduo_client_faults_test CLIENT netxduo_quick
    SOURCES client_faults_test.cpp client_batch_faults_test.cpp)

# As a firmware may configure it.
netxduo_client_variant(netxduo_strict
    NX_SMTP_CLIENT_AUTH_NONE_STRICT NX_SMTP_CLIENT_MAX_USERNAME=8 NX_SMTP_CLIENT_MAX_PASSWORD=6 NX_SMTP_CLIENT_MAX_FROM_ADDRESS=8)
netxduo_client_test(netxduo_client_strict_test CLIENT netxduo_strict SOURCES client_strict_test.cpp)

# The server by its name. What the DNS client says, the test says.
netxduo_client_variant(netxduo_named NX_SMTP_CLIENT_DNS)
netxduo_client_test(netxduo_client_dns_test CLIENT netxduo_named SOURCES client_dns_test.cpp)
target_link_options(netxduo_client_dns_test PRIVATE -Wl,--wrap=nxd_dns_host_by_name_get)

# TLS, CRAM-MD5 and tokens, over each library that is behind NetX Secure. The server is OpenSSL's in any case.
set(client_credentials_macros NX_SMTP_CLIENT_TLS NX_SMTP_CLIENT_CRAM_MD5 NX_SMTP_CLIENT_MAX_PASSWORD=4096)
netxduo_client_variant(netxduo_tls ${client_credentials_macros} NX_SMTP_CLIENT_DNS NX_SMTP_CLIENT_TLS_TIMEOUT=50)
netxduo_client_variant(netxduo_tls_required ${client_credentials_macros} NX_SMTP_CLIENT_TLS_REQUIRED)
add_library(netxduo_tls_tests OBJECT client_credentials_test.cpp client_tls_mail_test.cpp client_tls_refusals_test.cpp)
add_library(netxduo_tls_required_tests OBJECT client_tls_required_test.cpp)
foreach(variant tls tls_required)
    target_include_directories(netxduo_${variant}_tests PRIVATE ../support ${PROJECT_SOURCE_DIR}/netxduo/host/include)
    target_link_libraries(netxduo_${variant}_tests PRIVATE
        netxduo_${variant} test_certificates OpenSSL::SSL GTest::gtest GTest::gmock)
    postrider_target(netxduo_${variant}_tests)
endforeach()
foreach(library openssl mbedtls)
    if(NOT TARGET postrider_netxduo_secure_${library})
        continue()
    endif()
    foreach(variant tls tls_required)
        set(name netxduo_client_${variant}_${library}_test)
        add_executable(${name} $<TARGET_OBJECTS:netxduo_${variant}_tests> ${client_support})
        target_link_libraries(${name} PRIVATE netxduo_${variant} postrider_netxduo_secure_${library} test_certificates
            OpenSSL::SSL GTest::gtest_main GTest::gmock)
        target_link_options(${name} PRIVATE ${client_wraps})
        if(variant STREQUAL tls)
            target_link_options(${name} PRIVATE -Wl,--wrap=nxd_dns_host_by_name_get
                -Wl,--wrap=nx_secure_tls_session_certificate_callback_set)
        endif()
        postrider_target(${name})
        postrider_cases(${name} PREFIX ${library}.)
    endforeach()
endforeach()

# What the original has, and nothing else.
netxduo_client_variant(netxduo_basic NX_SMTP_CLIENT_BASIC)
netxduo_client_test(netxduo_client_basic_test CLIENT netxduo_basic SOURCES client_basic_test.cpp)

# What an application sees: the header alone in C and C++, both sets of symbols, and programs of the original sample's shape.
function(netxduo_client_c_program name)
    add_executable(${name} ${ARGN})
    target_link_libraries(${name} PRIVATE postrider::netxduo)
    set_target_properties(${name} PROPERTIES C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF CXX_STANDARD 20)
    target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:C>:-Wall -Wextra -Werror>)
    set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX)
endfunction()
netxduo_client_c_program(netxduo_client_header client_header_unchecked.c client_header.c client_header.cpp)
add_test(NAME netxduo_client_header COMMAND netxduo_client_header)

add_executable(netxduo_client_sample_test client_sample_test.cpp ../support/script_server.cpp)
target_include_directories(netxduo_client_sample_test PRIVATE ../support)
find_package(Threads REQUIRED)
target_link_libraries(netxduo_client_sample_test PRIVATE Threads::Threads)
postrider_target(netxduo_client_sample_test)
foreach(version 4 6)
    netxduo_client_c_program(netxduo_sample_ipv${version} sample_ipv${version}.c)
    add_test(NAME netxduo_sample_ipv${version}
             COMMAND netxduo_client_sample_test $<TARGET_FILE:netxduo_sample_ipv${version}> ${version})
    set_tests_properties(netxduo_sample_ipv${version} PROPERTIES TIMEOUT 60)
endforeach()
