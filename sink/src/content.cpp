#include "content.hpp"

#include <array>

namespace postrider::sink {

void content::begin() {
    octets_ = 0;
    discarding_ = false;
    memory_.clear();
    if (keeping_.folder != nullptr) file_.create(keeping_.folder->fresh_name());
    if (!keeping_.digest) return;
    if (!digest_) digest_.reset(EVP_MD_CTX_new());
    EVP_DigestInit_ex(digest_.get(), EVP_sha256(), nullptr);
}

void content::append(std::string_view octets) {
    octets_ += octets.size();
    if (discarding_) return;
    if (keeping_.memory) memory_ += octets;
    if (keeping_.folder != nullptr) file_.append(octets);
    if (keeping_.digest) EVP_DigestUpdate(digest_.get(), octets.data(), octets.size());
}

void content::discard() {
    discarding_ = true;
    std::string{}.swap(memory_);
    file_.discard();
}

bool content::keep(mail& mail) {
    mail.octets = octets_;
    if (keeping_.digest) {
        std::array<unsigned char, EVP_MAX_MD_SIZE> octets{};
        unsigned int size = 0;
        EVP_DigestFinal_ex(digest_.get(), octets.data(), &size);
        constexpr std::string_view digits = "0123456789abcdef";
        for (unsigned int i = 0; i < size; ++i) {
            mail.sha256 += digits[octets[i] >> 4];
            mail.sha256 += digits[octets[i] & 15];
        }
    }
    if (keeping_.memory) mail.content = std::move(memory_);
    if (keeping_.folder == nullptr) return true;
    if (file_.finish() && keeping_.folder->keep(file_, mail)) return true;
    file_.discard();
    return false;
}

} // namespace postrider::sink
