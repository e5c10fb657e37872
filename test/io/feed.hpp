// feed.hpp - a handler that hands over mails one after another, and keeps what became of them.
#pragma once

#include "postrider/io/drive.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace postrider::test {

/// A mail with all that it points to.
struct held_mail {
    std::string from;
    std::vector<std::string> to;
    std::string content;
    std::vector<recipient> recipients;
    postrider::mail mail;
    bool done = false;

    held_mail(std::string sender, std::vector<std::string> addresses, std::string text)
        : from(std::move(sender)), to(std::move(addresses)), content(std::move(text)) {
        for (const std::string& address : to) recipients.push_back({*mailbox::parse(address)});
        mail.reverse_path = *mailbox::parse(from);
        mail.recipients = recipients;
        mail.content.text = content;
    }
    held_mail(const held_mail&) = delete;
};

class feed : public drive_handler {
public:
    held_mail& add(std::string from, std::vector<std::string> to, std::string content) {
        mails_.push_back(std::make_unique<held_mail>(std::move(from), std::move(to), std::move(content)));
        return *mails_.back();
    }
    std::vector<std::unique_ptr<held_mail>>& mails() { return mails_; }

    mail* next_mail() noexcept { return next_ == mails_.size() ? nullptr : &mails_[next_++]->mail; }
    void not_taken(mail& m, errc why) noexcept {
        for (recipient& r : m.recipients) r.result = {.error = why};
    }
    void mail_done(mail& m, const reply&) noexcept {
        for (auto& held : mails_)
            if (&held->mail == &m) held->done = true;
    }

    /// Whether there are mails that were never handed over.
    bool rest() const { return next_ != mails_.size(); }

private:
    std::vector<std::unique_ptr<held_mail>> mails_;
    std::size_t next_ = 0;
};

} // namespace postrider::test
