"""tools/one-message-check: a page that names what is gone fails."""
import unittest

from tree import ToolTest

FILES = {
    "include/postrider/session.hpp": """
namespace postrider {
enum class phase : unsigned char { connect, greeting, ehlo };
struct send_result { int code = 0; };
class session_base {
public:
    void wrote(unsigned octets) noexcept { unsent_ -= octets; }
    int next(int buffer) noexcept;
private:
    unsigned unsent_ = 0;
};
template <unsigned N> class session : public session_base {
public:
    session() noexcept : text_{} {}
    char text_[N];
};
}
""",
    "src/core/session.cpp": """
#include "postrider/session.hpp"
// helper() { is a comment
namespace postrider {
int session_base::next(int buffer) noexcept {
    if (called(buffer)) { return declared(1); }
    return missing.member(buffer);
}
static auto trailing(int a, int (*b)(int)) -> send_result { return {}; }
}
""",
}


class OneMessage(ToolTest):
    def page(self, text):
        return {**FILES, "doc/one-message.md": text}

    def test_what_exists(self):
        self.assert_passes("one-message-check", self.page(
            "`session_base::next()` in `src/core/session.cpp`, `wrote()`, `session<512>::session()`, `trailing()`; `phase::ehlo`,\n"
            "`send_result`, `session_base`; the wire: `MAIL FROM:<a@b>`, `250`, `poll(2)`, `EHLO`.\n"))

    def test_what_does_not(self):
        for text in ("src/core/gone.cpp", "session.cpp", "gone()", "session_base::gone()", "gone_base::next()", "called()",
                     "declared()", "member()", "helper()", "phase::gone", "gone_type"):
            with self.subTest(text):
                self.assert_fails(f"doc/one-message.md:2: `{text}`:", "one-message-check", self.page(f"`next()`\n`{text}`\n"))

    def test_a_page_that_names_nothing(self):
        self.assert_fails("nothing was checked", "one-message-check", self.page("Nothing.\n"))
        self.assert_fails("missing", "one-message-check", FILES)


if __name__ == "__main__":
    unittest.main()
