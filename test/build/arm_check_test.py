"""tools/arm-check: an engine that takes memory, throws or runs before main fails; a plain one passes. Needs the arm group."""
import unittest

from tree import ToolTest

USE = "test/build/firmware/engine.cpp"
CLEAN = {
    "src/core/count.cpp": "int count(const char* text) noexcept { int n = 0; while (text[n]) ++n; return n / 7; }\n",
    USE: 'extern "C" const char* board_text(); int count(const char*) noexcept; int main() { return count(board_text()); }\n',
}


class Arm(ToolTest):
    def refused(self, code, why):
        """`code` has a function `use`, which the firmware calls."""
        files = {**CLEAN, "src/core/other.cpp": code,
                 USE: CLEAN[USE].replace("int main() {", "int use(int); int main() { use(1);")}
        self.assert_fails(why, "arm-check", files, "--product", "engine", "--core", "M4")

    def test_a_clean_engine_passes_on_both_cores(self):
        said = self.assert_passes("arm-check", CLEAN, "--product", "engine")
        self.assertIn("engine for M0+: no heap", said)

    def test_malloc(self):
        code = "#include <stdlib.h>\nchar* kept;\nint use(int n) { return (kept = static_cast<char*>(malloc(n))) != nullptr; }\n"
        self.refused(code, "src/core/other.cpp: the heap: `malloc`")
        self.refused(code, "image: the heap was linked: `_malloc_r`")

    def test_new(self):
        self.refused("int* kept;\nint use(int n) { return *(kept = new int(n)); }\n", "operator new(unsigned int)")

    def test_throw(self):
        self.refused("int use(int n) { throw n; }\n", "exception handling disabled")

    def test_what_throws_in_the_library(self):
        self.refused("#include <string_view>\nint use(int n) { return int(std::string_view(\"abc\").substr(n).size()); }\n",
                     "exceptions: `std::__throw_out_of_range_fmt")

    def test_exception_tables(self):
        self.refused('asm(".section .ARM.extab,\\"a\\"\\n.word 1\\n.text");\nint use(int n) { return n; }\n',
                     "exception tables: section .ARM.extab")
        self.refused('asm(".section .eh_frame,\\"a\\"\\n.word 1\\n.text");\nint use(int n) { return n; }\n',
                     "exception tables: section .eh_frame")

    def test_a_static_constructor(self):
        self.refused("int start();\nint value = start();\nint start() { return value + 1; }\nint use(int n) { return value + n; }\n",
                     "before or after main: section .init_array")

    def test_a_static_destructor(self):
        self.refused("struct s { ~s(); };\ns::~s() {}\ns value;\nint use(int n) { return n; }\n", "__aeabi_atexit")

    def test_a_local_static(self):
        self.refused("int start(int n) { return n * n; }\n"
                     "__attribute__((noinline)) int other(int n) { static const int value = start(n); return value; }\n"
                     "int use(int n) { return other(n); }\n", "__cxa_guard_acquire")

    def test_a_vtable(self):
        self.refused("struct s { virtual int f(int); };\nint s::f(int n) { return n; }\nint use(int n) { s v; return v.f(n); }\n",
                     "vtable for s")

    def test_what_nobody_allowed(self):
        self.refused("#include <stdio.h>\nint use(int) { return puts(\"x\"); }\n", "needs `puts`")

    def test_a_program_that_leaves_a_part_out(self):
        self.assert_fails("src/core/unused.cpp: nothing of it is in the image", "arm-check",
                          {**CLEAN, "src/core/unused.cpp": "int unused(int n) { return n + 1; }\n"},
                          "--product", "engine", "--core", "M4")

    def test_nothing_to_check_is_not_a_success(self):
        self.assert_fails("src/core: no source found", "arm-check", {USE: CLEAN[USE]}, "--product", "engine")
        self.assert_fails("lists no source of the NetX Duo client", "arm-check", CLEAN, "--product", "netxduo")


if __name__ == "__main__":
    unittest.main()
