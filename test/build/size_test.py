"""tools/size: a stale page, a figure over its limit and a stack without a bound each fail. Needs the arm group."""
import unittest

from tree import ToolTest

CLIENT = "netxduo/nxd_smtp_client.cpp"
FILES = {
    "src/core/count.cpp": "int count(const char* text) noexcept { int n = 0; while (text[n]) ++n; return n; }\n",
    CLIENT: "int count(const char*) noexcept;\nint client(const char* text) { return count(text) + 1; }\n",
    "netxduo/files.cmake": "set(POSTRIDER_NETXDUO_SOURCES ${CMAKE_CURRENT_LIST_DIR}/nxd_smtp_client.cpp)\n",
    "test/build/firmware/engine.cpp": 'extern "C" const char* board_text(); int count(const char*) noexcept; int main() { return count(board_text()); }\n',
    "test/build/firmware/netxduo.cpp": 'extern "C" const char* board_text(); int client(const char*); int main() { return client(board_text()); }\n',
    "test/build/firmware/netxduo-tls.cpp": 'extern "C" const char* board_text(); int client(const char*); int main() { return client(board_text()); }\n',
    "test/build/firmware/sizes.cpp": "template <class T> struct size_of { static char octets[sizeof(T)]; };\n"
                                     "template <class T> char size_of<T>::octets[sizeof(T)];\n"
                                     "namespace postrider { struct reply { char text[20]; }; }\ntemplate struct size_of<postrider::reply>;\n",
    "tools/size-limits": "engine M4 bss 0\nnetxduo M0+ reply 20\n",
}


class Size(ToolTest):
    def test_a_page_is_written_and_then_fresh(self):
        root = self.tree(FILES)
        self.assert_passes("size", root)
        page = (root / "doc/size.md").read_text()
        self.assertIn("| `reply` |  | 20 | 20 |", page)
        self.assertIn("`src/core/count.cpp`", page)
        self.assertNotIn(str(root), page)
        self.assert_passes("size", root, "--check")

    def test_a_stale_or_missing_page(self):
        root = self.tree(FILES)
        self.assert_fails("doc/size.md is stale", "size", root, "--check")
        self.assert_passes("size", root)
        (root / "src/core/count.cpp").write_text(FILES["src/core/count.cpp"].replace("return n;", "return n * 3 + 1;"))
        self.assert_fails("doc/size.md is stale", "size", root, "--check")

    def test_a_figure_over_its_limit(self):
        self.assert_fails("engine on M4: text is", "size", {**FILES, "tools/size-limits": "engine M4 text 3\n"})
        self.assert_fails("netxduo on M4: reply is 20, and its limit 19", "size",
                          {**FILES, "tools/size-limits": "netxduo M4 reply 19\n"})

    def test_memory_of_its_own(self):
        files = {**FILES, "src/core/count.cpp": "static int calls;\nint count(const char*) noexcept { return ++calls; }\n"}
        self.assert_fails("engine on M4: bss is 4, and its limit 0", "size", files)

    def test_limits_that_hold_nothing(self):
        self.assert_fails("no figure `engine M4 txet`", "size", {**FILES, "tools/size-limits": "engine M4 txet 3\n"})
        self.assert_fails("holds no limit", "size", {**FILES, "tools/size-limits": "# none\n"})

    def test_a_stack_without_a_bound(self):
        recursive = "int count(const char* t) noexcept;\n__attribute__((noinline)) static int rest(const char* t) { return *t ? 3 * count(t + 1) + *t : 0; }\n" \
                    "int count(const char* t) noexcept { return 2 * rest(t) + 1; }\n"
        self.assert_fails("calls itself", "size", {**FILES, "src/core/count.cpp": recursive})
        dynamic = "int use(char*);\nint count(const char* t) noexcept { return use(static_cast<char*>(__builtin_alloca(*t))); }\n" \
                  "int use(char* t) { return *t; }\n"
        self.assert_fails("a frame without a bound", "size", {**FILES, "src/core/count.cpp": dynamic.replace("int use(char* t)", "__attribute__((noinline)) int use(char* t)")})


if __name__ == "__main__":
    unittest.main()
