// Where the octets of the mail in progress go: into a count, and, as configured, a digest, memory, a file.
#pragma once

#include <cstdint>
#include <memory>
#include <openssl/evp.h>
#include <string>
#include <string_view>

#include "store.hpp"

namespace postrider::sink {

class content {
public:
    struct keeping {
        bool digest = false;
        bool memory = false;
        sink::store* folder = nullptr;
    };

    explicit content(const keeping& what) : keeping_(what) {}

    void begin();
    void append(std::string_view octets);
    void discard(); // what came so far, and what still comes

    [[nodiscard]] std::uint64_t octets() const { return octets_; }

    // Completes `mail` with what was kept of its content; false when the folder did not take it.
    [[nodiscard]] bool keep(mail& mail);

private:
    struct free_digest {
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };

    keeping keeping_;
    std::uint64_t octets_ = 0;
    bool discarding_ = false;
    std::string memory_;
    content_file file_;
    std::unique_ptr<EVP_MD_CTX, free_digest> digest_;
};

} // namespace postrider::sink
