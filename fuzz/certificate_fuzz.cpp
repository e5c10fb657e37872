// A certificate that is whatever the fuzzer likes, and a host: the first octet says how long the host is, the rest is DER.
//
// Besides the sanitizers, what must never happen: a key that is none of the certificate's octets; a host that is named by one
// way to write it and not by another; one that is named although none of its octets stand in the certificate.

#include "postrider/certificate.hpp"

#include <cctype>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

namespace {

void require(bool holds, int line = __builtin_LINE()) {
    if (holds) return;
    std::fprintf(stderr, "certificate_fuzz.cpp:%d does not hold\n", line);
    std::abort();
}

std::string lower(std::string text) {
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || data[0] > size - 1) return 0;
    const std::string host{reinterpret_cast<const char*>(data) + 1, data[0]};
    // A copy of exactly these octets, so that AddressSanitizer sees who reads beyond them.
    const std::size_t octets = size - 1 - data[0];
    const auto copy = std::make_unique<char[]>(octets);
    const std::string_view certificate{copy.get(), octets};
    std::string_view{reinterpret_cast<const char*>(data) + 1 + data[0], octets}.copy(copy.get(), octets);

    const std::string_view key = postrider::public_key_of(certificate);
    if (!key.empty())
        require(key.data() > certificate.data() && key.data() + key.size() < certificate.data() + certificate.size());

    const bool named = postrider::certificate_names(certificate, host);
    require(named == postrider::certificate_names(certificate, lower(host)));
    if (!named) return 0;
    require(!key.empty());
    const bool address = host.find(':') != std::string::npos || host.front() == '[' ||
                         host.find_first_not_of("0123456789.") == std::string::npos;
    if (address) {
        require(host.find('%') == std::string::npos && host.back() != '.');
        require(host.front() == '[' || postrider::certificate_names(certificate, '[' + host + ']'));
    } else {
        std::string name = lower(host);
        if (name.back() == '.') name.pop_back();
        require(postrider::certificate_names(certificate, name) &&
                postrider::certificate_names(certificate, name + '.'));
        const std::string said = lower(std::string{certificate});
        const std::string above = name.substr(std::min(name.find('.'), name.size()));
        require(said.find(name) != std::string::npos ||
                (!above.empty() && said.find('*' + above) != std::string::npos));
    }
    return 0;
}
