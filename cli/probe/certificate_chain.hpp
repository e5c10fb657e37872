// certificate_chain.hpp - a server's certificates for people: what they say, whether that is enough, and what to do if not.
#ifndef POSTRIDER_CLI_CERTIFICATE_CHAIN_HPP
#define POSTRIDER_CLI_CERTIFICATE_CHAIN_HPP

#include "terminal.hpp"

#include <nlohmann/json_fwd.hpp>
#include <postrider/io/openssl.hpp>
#include <postrider/server.hpp>

#include <ctime>
#include <iosfwd>
#include <string>
#include <vector>

namespace postrider::cli {

/// The name that the server has to prove: that which was said, or the host of the URL.
std::string name_to_prove(const server& to);

/// What to do about a fault, in a sentence that names the options; empty: nobody knows. `to` is the name to be proved.
std::string what_to_do(tls_verdict fault, const peer_certificates& seen, const std::string& to);

/// "61 days left", "ended 3 days ago", "begins in 2 days".
std::string validity(const certificate_facts& of, std::time_t now);

void print(std::ostream& to, const peer_certificates& seen, const style& with, std::time_t now);
nlohmann::ordered_json to_json(const certificate_facts& of);

/// In PEM, the server's own first: what `--tls-ca` takes. Throws `failure` (73).
void write_pem(const std::string& file, const peer_certificates& seen);

} // namespace postrider::cli

#endif
