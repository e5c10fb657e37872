#include "content/header_block.hpp"
#include "content/rereadable.hpp"
#include "dkim/canonical.hpp"
#include "dkim/signature.hpp"
#include "postrider/dkim.hpp"
#include "postrider/dot_stuffer.hpp"

#include <ctime>
#include <utility>

namespace postrider {

namespace {

using content_detail::header_block;
using content_detail::header_fields;
using dkim_detail::checked_signer;
using dkim_detail::relaxed_body;

/// What one reading of a content shows.
struct reading {
    content_facts facts{};
    header_block block{};
    relaxed_body body{};
    std::vector<std::string_view> parts{}; ///< in memory
};

/// A content with a signature of it in front.
class signed_content final : public content_source {
public:
    signed_content(content_detail::rereadable&& of, checked_signer by) noexcept
        : of_(std::move(of)), by_(std::move(by)) {}

    errc describe(mail_content& to, std::string& problem) override {
        if (const errc e = of_.describe(to, problem); e != errc::ok) return e;
        if (to.kind == octets::binary || !to.url.empty()) {
            problem = "binary content, and content that the server fetches, cannot be signed (RFC 6376 §5.3)";
            return errc::invalid_message;
        }
        reading seen;
        if (!read(seen, to.pulled)) {
            problem = "the content of the mail cannot be read to its end";
            return errc::body_failed;
        }
        if (const errc e = sign(seen, problem); e != errc::ok) return e;
        if (to.pulled) {
            content_facts& facts = seen.facts;
            to.size = field_.size() + facts.size + (facts.line_start ? 0 : 2);
            to.exact_size = true;
            to.kind = facts.eight_bit ? octets::eight_bit : octets::seven_bit;
            to.utf8_header = facts.eight_bit_header;
        } else {
            parts_ = std::move(seen.parts);
            to.text = field_;
            to.more = parts_;
        }
        return errc::ok;
    }

    content_part pull(bool first) noexcept override {
        if (first) {
            begun_ = false;
            return {.octets = field_, .failed = field_.empty()};
        }
        return of_.next(!std::exchange(begun_, true));
    }

    std::shared_ptr<content_source> clone() override {
        auto of = of_.clone();
        return of ? std::make_shared<signed_content>(std::move(*of), by_) : nullptr;
    }

private:
    /// By the engine's own way with line ends, so that what is signed is what it sends.
    bool read(reading& seen, bool pulled) {
        dot_stuffer lines{line_ends::normalise, false};
        bool in_block = true;
        const auto show = [&](std::string_view piece) {
            if (in_block) in_block = !seen.block.take(piece);
            if (!in_block) seen.body.add(piece);
        };
        for (bool first = true, last = false; !last; first = false) {
            content_part part = of_.next(first);
            if (part.failed) return false;
            last = part.last;
            seen.facts.look_through(part.octets);
            if (!pulled) seen.parts.push_back(part.octets);
            while (!part.octets.empty())
                if (const std::string_view piece = lines.next(part.octets); !piece.empty()) show(piece);
        }
        seen.facts.end(); // a line end that is still held back is the last, and counts for nothing in `relaxed_body`
        return true;
    }

    errc sign(reading& seen, std::string& problem) {
        field_.clear();
        if (seen.block.too_long()) {
            problem = "the header block has more than 1 MB, and cannot be signed";
            return errc::invalid_message;
        }
        const header_fields fields = content_detail::fields_of(seen.block.octets());
        if (fields.bad_line != 0) {
            problem = std::string{"line "}
                          .append(std::to_string(fields.bad_line))
                          .append(" of the message is of no header field, and no empty line stands before it");
            return errc::invalid_message;
        }
        std::size_t from = 0;
        for (const auto& field : fields.all) from += field.is("FROM");
        if (from != 1) {
            problem = from == 0 ? "the message has no From field, which must be signed (RFC 6376 §5.4)"
                                : "the message has more than one From field, and a reader may see any of them";
            return errc::invalid_message;
        }
        const std::string digest = seen.body.digest();
        if (!digest.empty()) field_ = dkim_detail::signature(by_, fields.all, digest, std::time(nullptr));
        if (!field_.empty()) return errc::ok;
        problem = "OpenSSL cannot make the DKIM signature";
        return errc::system_failure;
    }

    content_detail::rereadable of_;
    checked_signer by_;
    std::string field_{};
    std::vector<std::string_view> parts_{};
    bool begun_ = false;
};

} // namespace

outgoing sign(outgoing mail, const dkim_signer& by) {
    if (mail.error != errc::ok) return mail;
    checked_signer signer;
    if (std::string why = dkim_detail::check(by, signer); !why.empty()) {
        mail.error = errc::invalid_parameter;
        mail.problem = std::string{"dkim_signer: "} += why;
        return mail;
    }
    mail.content =
        std::make_shared<signed_content>(content_detail::rereadable{std::move(mail.content)}, std::move(signer));
    return mail;
}

} // namespace postrider
