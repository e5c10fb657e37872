// worded_mail.hpp - a mail from words, as the dialogs and the scenarios for real servers write it.
#ifndef POSTRIDER_TEST_SUPPORT_WORDED_MAIL_HPP
#define POSTRIDER_TEST_SUPPORT_WORDED_MAIL_HPP

#include "postrider/mail.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace postrider::test {

/// EHLO keywords. `extension_of` throws std::invalid_argument where it is none.
std::vector<std::string> keywords_of(flags<extension> set);
extension extension_of(std::string_view keyword);

/// A mail with all that it points to. Its words:
///   all-or-nothing, as-it-is, 8bit, binary, utf8-header, repeatable, chunks, size=N, exact=N, url=U
///   ret=full, ret=headers, envid=X, auth=X (`<>`: unknown), by=N;N, by=N;R, by=N;NT, priority=N, hold=N, until=X,
///   require-tls, required=KEYWORD
/// and those of a recipient: notify=success,failure,delay or notify=never, orcpt=X.
class worded_mail {
public:
    /// Throws std::invalid_argument on what it does not understand. `memory`: the content lies there, else it is pulled.
    worded_mail(std::string from, std::vector<std::string> to, std::vector<std::string> content, bool memory,
                std::vector<std::string> words, std::vector<std::vector<std::string>> recipient_words);
    worded_mail(const worded_mail&) = delete;
    worded_mail& operator=(const worded_mail&) = delete;

private:
    std::string from_;
    std::vector<std::string> to_, content_, words_;
    std::vector<std::vector<std::string>> recipient_words_;
    std::vector<std::string_view> parts_;
    mail_parameters parameters_;

    static void describe(recipient& r, const std::string& word);
    void describe(const std::string& word);

public:
    std::vector<recipient> recipients;
    postrider::mail mail;
};

} // namespace postrider::test

#endif
