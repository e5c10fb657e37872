#include "postrider/action.hpp"

#include <gtest/gtest.h>

namespace postrider {
namespace {

TEST(Action, OnlyWhatIsWrittenInAuthIsSecret) {
    const action::kind kinds[] = {action::kind::ready,   action::kind::write,   action::kind::read,
                                  action::kind::content, action::kind::refused, action::kind::closed};
    for (const action::kind what : kinds)
        for (const phase where : {phase::ehlo, phase::auth, phase::mail, phase::content}) {
            action a;
            a.what = what;
            a.where = where;
            EXPECT_EQ(a.secret(), what == action::kind::write && where == phase::auth);
        }
}

} // namespace
} // namespace postrider
