// What all connections of one sink share. Everything but the ledger belongs to the sink's thread.
#pragma once

#include "ledger.hpp"
#include "postrider/sink/config.hpp"
#include "script.hpp"
#include "store.hpp"
#include "transcript.hpp"

namespace postrider::sink {

struct service {
    explicit service(sink::config settings)
        : config(std::move(settings)), books(config.hold, config.connection_reports), transcript(config.transcript) {}

    // Whether somebody wants the mails themselves; if not, envelopes are not even put together.
    [[nodiscard]] bool records() const { return config.keep_mails || config.on_mail || store.is_open(); }

    sink::config config;
    sink::script script;
    sink::store store;
    ledger books;
    sink::transcript transcript;
    std::uint64_t last_mail = 0; // id
};

} // namespace postrider::sink
