"""tools/check-floors: a tree with one violation of each kind fails, and says where and why; a clean tree passes."""
import unittest

from tree import ToolTest

CLEAN = {
    "include/postrider/errc.hpp": "#include <cstdint>\n",
    "include/postrider/reply.hpp": '#include "postrider/errc.hpp"\n',
    "include/postrider/session.hpp": "#include <postrider/reply.hpp>\n#include <span>\n",
    "include/postrider/client.hpp": '#include "postrider/errc.hpp"\n#include <system_error>\n',
    "include/postrider/io/posix.hpp": '#include "postrider/session.hpp"\n#include <string>\n',
    "src/core/chars.hpp": "#include <cstddef>\n",
    "src/core/session.cpp": '#include "postrider/session.hpp"\n#include "chars.hpp"\n// #include <vector>\n/*\n#include <map>\n*/\n',
    "src/io/drive.hpp": '#include "postrider/session.hpp"\n#include <chrono>\n',
    "src/io/posix/socket.cpp": '#include "../drive.hpp"\n#include "postrider/io/posix.hpp"\n#include <ares.h>\n#include <sys/socket.h>\n',
    "src/io/openssl/stream.cpp": '#include "postrider/io/posix.hpp"\n#include <openssl/ssl.h>\n',
    "netxduo/include/nxd_smtp_client.h": '#include "nx_api.h"\n',
    "netxduo/nxd_smtp_client.cpp": '#include "nxd_smtp_client.h"\n#include "postrider/session.hpp"\n#include <string.h>\n',
    "netxduo/host/include/nx_api.h": "#include <stdint.h>\n",
    "netxduo/host/tcp.cpp": '#include "nx_api.h"\n#include <vector>\n#include <sys/socket.h>\n',
    "netxduo/host/secure.hpp": '#include "nx_api.h"\n#include <span>\n',
    "netxduo/host/secure_openssl.cpp": '#include "secure.hpp"\n#include <openssl/ssl.h>\n#include <openssl/x509.h>\n',
    "netxduo/host/secure_mbedtls.cpp": '#include "secure.hpp"\n#include <mbedtls/ssl.h>\n',
    "sink/include/postrider/sink/server.hpp": "#include <string>\n",
    "sink/src/server.cpp": '#include "postrider/sink/server.hpp"\n#include <thread>\n',
    "cli/main.cpp": '#include "postrider/io/posix.hpp"\n#include <iostream>\n',
    "examples/01_posix.cpp": '#include <postrider/io/posix.hpp>\n#include "postrider/sink/server.hpp"\n',
    "test/unit/session.cpp": '#include "core/chars.hpp"\n#include <gtest/gtest.h>\n#include "anything.h"\n',
    "test/support/script.hpp": "#include <vector>\n",
}


class Floors(ToolTest):
    def clean_but(self, path, text):
        return {**CLEAN, path: text}

    def refused(self, path, text, why):
        line = text.count("\n", 0, text.index("#include")) + 1
        self.assert_fails(f"{path}:{line}: ", "check-floors", self.clean_but(path, text))
        self.assert_fails(why, "check-floors", self.clean_but(path, text))

    def test_a_clean_tree_passes(self):
        self.assert_passes("check-floors", CLEAN)

    def test_a_tree_without_includes_is_not_a_success(self):
        self.assert_fails("nothing was checked", "check-floors", {"README.md": "no sources"})

    def test_within_the_engine(self):
        self.refused("src/core/chars.hpp", '#include "postrider/reply.hpp"\n', "floor 0 includes floor 1")
        self.refused("include/postrider/reply.hpp", "\n\n#include <postrider/session.hpp>\n", "floor 1 includes floor 2")

    def test_a_new_concept_takes_its_floor_on_purpose(self):
        self.assert_fails("src/core/helpers.cpp:1: stands on no floor", "check-floors",
                          self.clean_but("src/core/helpers.cpp", ""))

    def test_a_folder_outside_the_plan(self):
        self.assert_fails("src/util/text.cpp:1: belongs to no floor", "check-floors",
                          self.clean_but("src/util/text.cpp", ""))

    def test_the_engine_and_the_standard_library(self):
        for header in ("string", "vector", "memory", "system_error", "iostream", "string.h", "chrono"):
            self.refused("src/core/session.cpp", f"#include <{header}>\n", "includes only these of the standard library")
        self.refused("include/postrider/session.hpp", "#include <functional>\n", "includes only these")

    def test_the_engine_and_the_floors_above(self):
        self.refused("src/core/session.cpp", '#include "postrider/io/posix.hpp"\n', "nothing above itself")
        self.refused("src/core/session.cpp", '#include "postrider/client.hpp"\n', "nothing above itself")
        self.refused("src/core/session.cpp", '#include "nxd_smtp_client.h"\n', "nothing above itself")
        self.refused("src/core/session.cpp", "#include <sys/socket.h>\n", "includes only these")

    def test_the_rooms_above_the_adapters(self):
        self.refused("src/io/posix/socket.cpp", '#include "postrider/client.hpp"\n', "what stands above it: `client`")

    def test_public_headers(self):
        self.refused("include/postrider/io/posix.hpp", '#include "../../../src/io/drive.hpp"\n', "public headers of the library only")
        self.refused("include/postrider/session.hpp", '#include "chars.hpp"\n', "public headers of the library only")

    def test_one_outside_library_per_adapter(self):
        self.refused("src/io/posix/tls.cpp", "#include <openssl/ssl.h>\n", "already: one outside library per folder")
        self.refused("src/io/drive.hpp", "#include <ares.h>\n", "what all adapters share uses no outside library")
        self.refused("src/io/posix/socket.cpp", "#include <curl/curl.h>\n", "no library of tools/floors has it")

    def test_one_outside_library_per_file_of_the_host_platform(self):
        self.refused("netxduo/host/secure.hpp", "#include <openssl/err.h>\n", "share uses no outside library")
        self.refused("netxduo/host/include/nx_api.h", "#include <mbedtls/ssl.h>\n", "share uses no outside library")
        path = "netxduo/host/secure_openssl.cpp"
        self.assert_fails(f"{path}:2: ", "check-floors", self.clean_but(path, "#include <openssl/err.h>\n#include <mbedtls/ssl.h>\n"))

    def test_hosted_layers_see_nothing_of_floor_4(self):
        self.refused("src/io/posix/socket.cpp", '#include "postrider/sink/server.hpp"\n', "includes floor 4")

    def test_floor_4_sees_public_headers(self):
        self.refused("cli/main.cpp", '#include "core/chars.hpp"\n', "public headers only")
        self.refused("sink/src/server.cpp", '#include "../../src/io/drive.hpp"\n', "public headers only")
        self.refused("examples/01_posix.cpp", '#include "io/drive.hpp"\n', "public headers only")

    def test_the_netx_client_runs_on_a_microcontroller(self):
        path = "netxduo/nxd_smtp_client.cpp"
        self.refused(path, "#include <vector>\n", "runs on a microcontroller")
        self.refused(path, "#include <unistd.h>\n", "runs on a microcontroller")
        self.refused(path, '#include "postrider/sink/server.hpp"\n', "may see the engine")
        self.refused(path, '#include "postrider/io/posix.hpp"\n', "may see the engine")
        self.refused(path, '#include "core/chars.hpp"\n', "public headers only")

    def test_nothing_leans_on_the_tests(self):
        self.refused("cli/main.cpp", '#include "../test/support/script.hpp"\n', "only tests")

    def test_a_macro_hides_what_is_included(self):
        self.refused("cli/main.cpp", "#include HEADER\n", "is a macro")

    def test_a_header_that_is_nowhere(self):
        self.refused("cli/main.cpp", '#include "options.hpp"\n', "no such file in the tree")


if __name__ == "__main__":
    unittest.main()
