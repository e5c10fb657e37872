// A mail as the sink accepted it: the envelope, and the content octet for octet.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "postrider/sink/tls.hpp"

namespace postrider::sink {

struct parameter {
    std::string keyword; // in capitals
    std::string value;   // as it came, still xtext
};

struct recipient {
    std::string address; // without the angle brackets
    std::vector<parameter> parameters;
};

struct mail {
    std::uint64_t id = 0; // the "queued as" of the reply
    std::uint64_t connection = 0;
    std::string peer;
    std::string hello_verb; // EHLO, HELO or LHLO
    std::string hello;
    std::string auth_user; // empty: not authenticated
    std::string auth_mechanism;
    std::string auth_as; // the authorization identity, where the client gave one
    std::optional<tls_session> tls;
    std::string from; // without the angle brackets; empty for <>
    std::vector<parameter> parameters;
    std::vector<parameter> xclient;    // the attributes of the last XCLIENT
    std::vector<parameter> xforward;   // and of the XFORWARDs that were for this mail
    std::vector<recipient> recipients; // the accepted ones, in order, duplicates included
    std::string file;                  // where it is stored; empty: nowhere
    std::string content;               // after unstuffing; empty when only the folder keeps it
    std::uint64_t octets = 0;
    std::string sha256;   // of the content, in hexadecimal
    bool by_bdat = false; // or BURL, whose URLs then stand in the content
    // Whether the kernel took the whole reply. A mail is accepted once that is decided, even if the reply is
    // then cut: the gap between the two is what a client must call `unknown`.
    bool reply_delivered = false;
};

} // namespace postrider::sink
