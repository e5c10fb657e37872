// print.hpp - how GoogleTest shows the engine's values when an expectation fails.
#ifndef POSTRIDER_TEST_UNIT_CORE_PRINT_HPP
#define POSTRIDER_TEST_UNIT_CORE_PRINT_HPP

#include "postrider/action.hpp"
#include "postrider/errc.hpp"
#include "postrider/reply.hpp"

#include <ostream>

namespace postrider {

inline void PrintTo(errc error, std::ostream* to) { *to << describe(error); }
inline void PrintTo(phase where, std::ostream* to) { *to << name(where); }
inline void PrintTo(outcome what, std::ostream* to) { *to << name(what); }
inline void PrintTo(const enhanced_status& s, std::ostream* to) {
    *to << unsigned{s.klass} << '.' << s.subject << '.' << s.detail;
}
inline void PrintTo(action::kind what, std::ostream* to) {
    static constexpr const char* names[] = {"ready",   "write", "read",     "content",
                                            "refused", "mail",  "answered", "closed"};
    *to << names[static_cast<unsigned>(what)];
}

} // namespace postrider

#endif
