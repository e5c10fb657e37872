// The parameters of MAIL and RCPT: which of them are offered, and what each must look like.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "postrider/sink/config.hpp"

namespace postrider::sink {

// Why a command is refused for a parameter.
struct objection {
    int code = 0;
    std::string_view enhanced;
    std::string text;
};

// What the parameters of MAIL mean for what follows.
struct mail_terms {
    bool utf8 = false;   // SMTPUTF8
    bool binary = false; // BODY=BINARYMIME
};

// `extended`: EHLO or LHLO was accepted; without it no parameter is known. The first objection, or nullopt.
std::optional<objection> judge_mail_parameters(const std::vector<parameter>& all, const config& config, bool extended,
                                               mail_terms& terms);
std::optional<objection> judge_rcpt_parameters(const std::vector<parameter>& all, const config& config, bool extended,
                                               const mail_terms& terms);

} // namespace postrider::sink
