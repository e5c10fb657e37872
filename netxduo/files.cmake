# What a build of its own, with the real nx_api.h and tx_api.h on its include path, has to compile for the NetX Duo SMTP
# client, and the folders that these sources include from. C++20; no exceptions, no RTTI, no heap needed:
#
#     include(postrider/netxduo/files.cmake)
#     target_sources(firmware PRIVATE ${POSTRIDER_NETXDUO_SOURCES} ${POSTRIDER_CORE_SOURCES})
#     target_include_directories(firmware PRIVATE ${POSTRIDER_NETXDUO_INCLUDE_DIRS})
#     target_compile_options(firmware PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-std=c++20 -fno-exceptions -fno-rtti>)
get_filename_component(postrider_root "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)

set(POSTRIDER_NETXDUO_SOURCES
    ${postrider_root}/netxduo/connection.cpp
    ${postrider_root}/netxduo/message.cpp
    ${postrider_root}/netxduo/nxd_smtp_client.cpp
    ${postrider_root}/netxduo/nxd_smtp_client_clock.cpp
    ${postrider_root}/netxduo/nxd_smtp_client_cram_md5.cpp
    ${postrider_root}/netxduo/nxd_smtp_client_dns.cpp
    ${postrider_root}/netxduo/nxd_smtp_client_session.cpp
    ${postrider_root}/netxduo/nxd_smtp_client_tls.cpp
    ${postrider_root}/netxduo/nxd_smtp_mail.cpp)
file(GLOB POSTRIDER_CORE_SOURCES ${postrider_root}/src/core/*.cpp)
set(POSTRIDER_NETXDUO_INCLUDE_DIRS ${postrider_root}/netxduo/include ${postrider_root}/include ${postrider_root}/src)
