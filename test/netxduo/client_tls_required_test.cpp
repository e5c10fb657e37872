// A build in which TLS is required.

#include "client_tls_support.hpp"

namespace client_test {
namespace {

class tls_required : public tls_services {};

TEST_F(tls_required, nothing_leaves_in_clear_text) {
    server.set(ordinary{});
    create();
    EXPECT_EQ(UINT{NX_SMTP_TLS_NOT_SET_UP}, send());
    EXPECT_EQ(UINT{NX_SMTP_PHASE_CONNECT}, result().nx_smtp_result_phase);
    EXPECT_EQ(UINT{NX_SMTP_TLS_NOT_SET_UP}, open_session());
    letter l;
    EXPECT_EQ(UINT{NX_SMTP_TLS_NOT_SET_UP}, post(l));
    EXPECT_EQ(UINT{NX_SMTP_TLS_NOT_SET_UP}, result_of(l.mail).nx_smtp_result_status);
    EXPECT_EQ(UINT{NX_SMTP_TLS_NOT_SET_UP}, command(NX_SMTP_COMMAND_NOOP));
    EXPECT_EQ(0u, server.connections().size());
    EXPECT_TRUE(tap::segments().empty());
}

TEST_F(tls_required, with_it_everything_is_as_elsewhere) {
    for (const UINT mode : {UINT{NX_SMTP_CLIENT_TLS_STARTTLS}, UINT{NX_SMTP_CLIENT_TLS_IMPLICIT}}) {
        EXPECT_EQ(NX_SUCCESS, send_in_tls(in_tls(mode), mode));
        expect_nothing_in_clear(server.last());
    }
    EXPECT_EQ(UINT{NX_SMTP_TLS_UNAVAILABLE}, send_in_tls(ordinary{}));
    expect_nothing_in_clear(server.last());
}

} // namespace
} // namespace client_test
