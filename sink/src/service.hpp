// What all connections of one sink share. Everything but the ledger belongs to the sink's thread.
#pragma once

#include "ledger.hpp"
#include "postrider/sink/config.hpp"
#include "script.hpp"
#include "store.hpp"
#include "tls.hpp"
#include "transcript.hpp"

namespace postrider::sink {

struct service {
    explicit service(sink::config settings)
        : config(std::move(settings)),
          over_tls(config),
          books(config.hold, config.connection_reports),
          transcript(config.transcript) {
        if (config.offers_after_tls) over_tls.offers = *config.offers_after_tls;
        over_tls.auth_in_clear = over_tls.requiretls_in_clear = true;
        over_tls.offers.starttls = false;
        config.offers.starttls = config.offers.starttls && !config.tls.certificate.empty();
    }

    // Whether somebody wants the mails themselves; if not, envelopes are not even put together.
    [[nodiscard]] bool records() const {
        return config.keep_mails || config.on_mail || config.on_event || store.is_open();
    }
    [[nodiscard]] bool is_watched() const { return static_cast<bool>(config.on_event); } // ask first: texts cost

    void tell(event::kind what, std::uint64_t connection, event about) const {
        if (!config.on_event) return;
        about.what = what;
        about.connection = connection;
        about.when = std::chrono::system_clock::now();
        config.on_event(about);
    }

    sink::config config;
    sink::config over_tls; // differs in what is offered
    tls_context tls;
    sink::script script;
    sink::store store;
    ledger books;
    sink::transcript transcript;
    std::uint64_t last_mail = 0; // id
};

} // namespace postrider::sink
