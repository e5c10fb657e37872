"""tools/arm-tls-check: TLS code that takes memory, throws or asks for what nobody allowed fails. Needs the arm group."""
import unittest

from tree import ToolTest

CONFIG = {"test/build/firmware/mbedtls_config.h": "#define MBEDTLS_MD_C\n#define MBEDTLS_SHA1_C\n"}


class ArmTls(ToolTest):
    def refused(self, code, why):
        self.assert_fails(why, "arm-tls-check", {**CONFIG, "src/io/mbedtls/filter.cpp": code})

    def test_clean_code_passes_on_both_cores(self):
        said = self.assert_passes("arm-tls-check", {
            **CONFIG, "src/io/mbedtls/filter.cpp": '#include <mbedtls/md.h>\nint f() { return mbedtls_md_list() != nullptr; }\n'})
        self.assertIn("for M0+, mbedtls_small: no heap", said)

    def test_the_heap(self):
        self.refused("#include <stdlib.h>\nvoid* f() { return malloc(9); }\n", "src/io/mbedtls/filter.cpp: needs `malloc`")
        self.refused("int* f() { return new int; }\n", "needs `operator new(unsigned int)`")

    def test_what_throws(self):
        self.refused("#include <string_view>\nauto f(int n) { return std::string_view(\"abc\").substr(n).size(); }\n",
                     "needs `std::__throw_out_of_range_fmt")

    def test_a_constructor_before_main(self):
        self.refused("int start();\nint value = start();\nint start() { return value + 1; }\n", "filter.cpp: ")

    def test_a_state_of_its_own(self):
        self.refused("int count;\nint f() { return ++count; }\n", "octets of data and bss")

    def test_what_a_left_out_part_needs(self):
        self.refused("#include <mbedtls/md.h>\n#ifndef MBEDTLS_SHA1_C\n#error needs SHA-1\n#endif\n", "needs SHA-1")

    def test_nothing_to_check_is_not_a_success(self):
        self.assert_fails("no source found", "arm-tls-check", CONFIG)


if __name__ == "__main__":
    unittest.main()
