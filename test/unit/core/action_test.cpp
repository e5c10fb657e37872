#include "postrider/action.hpp"

#include <gtest/gtest.h>

namespace postrider {
namespace {

TEST(Action, OnlyWhatIsWrittenInAuthIsSecret) {
    const action::kind kinds[] = {action::kind::ready,    action::kind::write,   action::kind::read,
                                  action::kind::content,  action::kind::refused, action::kind::mail,
                                  action::kind::answered, action::kind::closed};
    for (const action::kind what : kinds)
        for (const phase where : {phase::ehlo, phase::auth, phase::mail, phase::content}) {
            action a;
            a.what = what;
            a.where = where;
            EXPECT_EQ(a.secret(), what == action::kind::write && where == phase::auth);
        }
}

// RFC 5321 §4.5.3.2: ten minutes for the answer to the end of the content, and a block of it has three to leave.
TEST(Action, OnlyWhatTakesTimeHasALimit) {
    action a;
    for (int where = 0; where <= static_cast<int>(phase::xclient); ++where) {
        a.where = static_cast<phase>(where);
        for (const action::kind what : {action::kind::write, action::kind::read, action::kind::content}) {
            a.what = what;
            const bool answer = what == action::kind::read && a.where == phase::content;
            EXPECT_EQ(a.limit(), answer ? 600 : time_limit_seconds(a.where));
        }
        for (const action::kind what : {action::kind::ready, action::kind::refused, action::kind::mail,
                                        action::kind::answered, action::kind::closed}) {
            a.what = what;
            EXPECT_EQ(a.limit(), 0);
        }
    }
}

} // namespace
} // namespace postrider
