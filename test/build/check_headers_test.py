"""tools/check-headers: a header that leans on its neighbours fails, with the compiler that says so; a clean set passes."""
import unittest

from tree import ToolTest

GUARDED = "#ifndef {0}_H\n#define {0}_H\n{1}\n#endif\n"
CLEAN = {
    "include/postrider/errc.hpp": GUARDED.format("ERRC", "#include <cstdint>\nenum class errc : std::uint8_t { ok };"),
    "include/postrider/io/posix.hpp": GUARDED.format("POSIX", '#include "postrider/errc.hpp"\n#include <string>\n'
                                                     'inline void fail() { throw errc::ok; }'),
    "sink/include/postrider/sink/sink.hpp": GUARDED.format("SINK", "#include <string>\nstd::string sink();"),
    "netxduo/include/nxd_smtp_client.h": GUARDED.format("SMTP", '#include "nx_api.h"\ntypedef struct { UINT id; } NX_SMTP_CLIENT;'),
    "netxduo/host/include/nx_api.h": GUARDED.format("NX_API", "typedef unsigned int UINT;"),
}


class Headers(ToolTest):
    def refused(self, path, body, why):
        self.assert_fails(why, "check-headers", {**CLEAN, path: GUARDED.format("OTHER", body)})

    def test_a_clean_set_passes(self):
        said = self.assert_passes("check-headers", CLEAN)
        self.assertIn("headers: 14 compiled alone, 0 did not", said)  # 5 as C++, 2 as C, each with two compilers

    def test_a_header_that_leans_on_others(self):
        self.refused("include/postrider/reply.hpp", "struct reply { std::uint16_t code; };", "include/postrider/reply.hpp: does not")

    def test_a_header_that_cannot_be_included_twice(self):
        self.assert_fails("redefinition", "check-headers", {**CLEAN, "include/postrider/reply.hpp": "struct reply {};\n"})

    def test_the_engine_knows_no_exceptions_and_no_rtti(self):
        self.refused("include/postrider/reply.hpp", "inline void fail() { throw 1; }", "reply.hpp: does not compile alone")
        self.refused("include/postrider/reply.hpp", "#include <typeinfo>\ninline auto& type = typeid(int);", "reply.hpp: does not")

    def test_a_warning_is_an_error(self):
        self.refused("include/postrider/reply.hpp", "inline int f(int unused) { return 0; }", "unused")

    def test_the_c_header_is_c(self):
        self.refused("netxduo/include/nxd_smtp_client.h", "struct base {}; struct client : base {};", "-x c -std=c11")

    def test_a_folder_without_headers_is_not_a_success(self):
        for folder in ("include", "sink/include", "netxduo/include", "netxduo/host/include"):
            files = {path: text for path, text in CLEAN.items() if not path.startswith(folder + "/")}
            self.assert_fails(f"{folder}/: no header found", "check-headers", files)


if __name__ == "__main__":
    unittest.main()
