# The tests of the NetX Duo SMTP client. Each program sees the client through client_tap.cpp, which stands between it and the
# services of NetX Duo that it calls.
set(client_tapped nx_packet_allocate nx_packet_data_append nx_tcp_socket_send nxd_tcp_client_socket_connect
    nx_tcp_socket_disconnect tx_time_get)
list(TRANSFORM client_tapped PREPEND "-Wl,--wrap=" OUTPUT_VARIABLE client_wraps)

function(netxduo_client_test name)
    cmake_parse_arguments(arg "" "CLIENT" "SOURCES" ${ARGN})
    postrider_test(${name} SOURCES ${arg_SOURCES} client_tap.cpp ../support/script_server.cpp LIBRARIES ${arg_CLIENT})
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
    SOURCES client_checks_test.cpp client_session_test.cpp)
