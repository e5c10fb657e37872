// A server of SASL that says whatever the fuzzer likes: up to four messages, parted by LF. The first octet says which mechanism
// it speaks, whether there is a channel binding, and whether the last message comes beside the 235.
//
// Besides the sanitizers, what must never happen: a server that is proven without the signature that only the password gives;
// a proof that is sent to a nonce that is not ours; octets of an exchange that stay where they were.

#include "postrider/auth.hpp"
#include "postrider/base64.hpp"
#include "postrider/cram_md5.hpp"
#include "postrider/scram.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string>

namespace {

void require(bool holds, int line = __builtin_LINE()) {
    if (holds) return;
    std::fprintf(stderr, "sasl_fuzz.cpp:%d does not hold\n", line);
    std::abort();
}

/// No digests, but functions of their input; quick, and the fuzzer can find what they want.
class quick_digests final : public postrider::digests {
public:
    bool hash(postrider::digest which, std::span<const std::string_view> parts, char* to) noexcept override {
        return hmac(which, {}, parts, to);
    }
    bool hmac(postrider::digest which, std::string_view key, std::span<const std::string_view> parts,
              char* to) noexcept override {
        unsigned sum = 1;
        for (const char c : key) sum = sum * 31 + static_cast<unsigned char>(c);
        for (const std::string_view part : parts)
            for (const char c : part) sum = sum * 31 + static_cast<unsigned char>(c);
        std::memset(to, static_cast<int>(sum & 3) + '0', postrider::size_of(which)); // four signatures
        return true;
    }
    bool pbkdf2(postrider::digest which, std::string_view password, std::string_view salt, std::uint32_t iterations,
                char* to) noexcept override {
        require(iterations >= 4096 && iterations <= 1'000'000 && !salt.empty());
        return hmac(which, password, {&salt, 1}, to);
    }
    bool random(std::span<char> to) noexcept override {
        std::memset(to.data(), 0, to.size()); // a nonce of A
        return true;
    }
};

/// A run of one octet, as the nonce and all that `quick_digests` make have it.
bool has_run(std::string_view memory) {
    int run = 0;
    for (std::size_t i = 1; i < memory.size() && run != 15; ++i)
        run = memory[i] == memory[i - 1] && memory[i] != 0 ? run + 1 : 0;
    return run == 15;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace postrider;
    if (size == 0) return 0;
    quick_digests library;
    const auto memory = std::make_unique<char[]>(sizeof(scram));
    scram* const s = new (memory.get()) scram{library};
    cram_md5 c{library};
    constexpr mechanism all[] = {mechanism::scram_sha_1,        mechanism::scram_sha_256,
                                 mechanism::scram_sha_512,      mechanism::scram_sha_1_plus,
                                 mechanism::scram_sha_256_plus, mechanism::scram_sha_512_plus,
                                 mechanism::cram_md5,           mechanism::cram_md5};
    const mechanism which = all[data[0] & 7];
    const bool scrams = which != mechanism::cram_md5;
    sasl_exchange& exchange = scrams ? static_cast<sasl_exchange&>(*s) : c;
    const credentials with{.user = "us,er", .password = "pencil", .authorize_as = (data[0] & 64) != 0 ? "a=b" : ""};
    const bool bound = (data[0] & 16) != 0 || plus_mechanisms.has(which);
    const tls_channel channel{.binding_type = "tls-exporter", .binding = bound ? "0123456789abcdef" : ""};
    require(exchange.begin(which, with, channel, (data[0] & 32) != 0) == errc::ok);

    std::string_view rest{reinterpret_cast<const char*>(data) + 1, size - 1};
    errc result = errc::ok;
    bool answered = false, signature = false, asked = false;
    for (int i = 0; i != 4 && result == errc::ok; ++i) {
        const std::string_view said = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(said.size() + 1, rest.size()));
        const auto copy = std::make_unique<char[]>(said.size());
        said.copy(copy.get(), said.size());
        const std::string_view message{copy.get(), said.size()};
        const bool last = rest.empty() || i == 3;
        if (answered && message.starts_with("v=")) signature = true;
        if (last && (data[0] & 8) != 0) {
            result = exchange.end(message);
            if (result == errc::ok) require(scrams ? signature : asked);
            break;
        }
        result = exchange.answer(message);
        if (result == errc::ok) {
            asked = true;
            if (scrams && !answered) {
                require(message.starts_with("r=" + std::string(32, 'A')) && exchange.message().starts_with("c="));
                require(exchange.message().find(",p=") != std::string_view::npos);
            }
            answered = true;
        } else require(exchange.message().empty());
        if (last) {
            result = exchange.end({});
            if (result == errc::ok) require(scrams ? signature : asked);
            break;
        }
    }
    exchange.forget();
    require(!has_run({memory.get(), sizeof(scram)}));
    s->~scram();
    return 0;
}
