#include "postrider/sink/report.hpp"

#include "json.hpp"

namespace postrider::sink {

counts& counts::operator+=(const counts& more) {
    mails += more.mails;
    replies_delivered += more.replies_delivered;
    recipients += more.recipients;
    refused_recipients += more.refused_recipients;
    content_octets += more.content_octets;
    commands += more.commands;
    octets_in += more.octets_in;
    octets_out += more.octets_out;
    early_octets += more.early_octets;
    behind_starttls += more.behind_starttls;
    tls_handshakes += more.tls_handshakes;
    tls_resumed += more.tls_resumed;
    tls_failures += more.tls_failures;
    errors += more.errors;
    waits += more.waits;
    waits_after_content += more.waits_after_content;
    return *this;
}

std::string report::to_json() const { return text_of(json_of(*this), 2) + "\n"; }

} // namespace postrider::sink
