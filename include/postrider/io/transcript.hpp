// transcript.hpp - what a session says and hears, for people, line by line, without what they must not see.
//
//     struct my_handler : postrider::transcript {
//         using transcript::transcript;
//         postrider::mail* next_mail() { ... }
//     };
//     my_handler handler{std::clog};
//     handler.ended(postrider::drive(session, stream, until, handler));
//
//     <- 220 mail.example ESMTP
//     -> EHLO client.example
//     <- 250-mail.example
//     <- 250 STARTTLS
//     -> STARTTLS
//     <- 220 Go ahead
//     === TLS 1.3, TLS_AES_256_GCM_SHA384, with a server that has proved who it is
//     ~> EHLO client.example
//     ...
//     ~> AUTH PLAIN <hidden>
//     <~ 235 2.7.0 Ok
//     ~> MAIL FROM:<alice@a.example>
//     ...
//     <~ 354 Go ahead
//     ~> <1234 octets of content>
//     <~ 250 2.0.0 Ok
//     ** the server closed the connection
#ifndef POSTRIDER_IO_TRANSCRIPT_HPP
#define POSTRIDER_IO_TRANSCRIPT_HPP

#include <postrider/errc.hpp>
#include <postrider/io/drive.hpp>
#include <postrider/io/tls.hpp>
#include <postrider/limits.hpp>

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace postrider {

/// A handler for `drive`, to be derived from, or to be told by one's own. What is secret is left out here, where a line is made,
/// so that no place behind it can show it: initial responses and answers to challenges, what a 334 says, and a 235 beside a
/// SCRAM, the token of a URL for BURL; and what was left out is left out too where a server says it back, as some do with a
/// command that they do not know. What else a server says is not to be trusted: control characters are replaced by '?'.
///
/// Lines are gathered from pieces cut anywhere, and each is written once, when it is whole. One for each connection.
/// `std::bad_alloc`, and what the caller's function throws, may pass.
class transcript : public drive_handler {
public:
    enum class content : std::uint8_t {
        counted, ///< `<1234 octets of content>`: as they are sent, dots and line ends that were put in included
        shown,   ///< line by line, as it is sent
    };

    /// `line` gets each line, without a line end.
    explicit transcript(std::function<void(std::string_view line)> line, content what = content::counted);
    /// `to` must outlive it.
    explicit transcript(std::ostream& to, content what = content::counted);
    /// Writes what is left of a line.
    ~transcript();
    transcript(const transcript&) = delete;
    transcript& operator=(const transcript&) = delete;

    // What `drive` tells.
    void sent(std::string_view octets, phase where, const mail* m, bool secret, bool ends);
    void received(std::string_view octets);
    void tls_started(const tls_channel& channel, const tls_facts& facts);
    void tls_started(const tls_channel& channel); ///< of whoever knows no more
    void not_taken(mail& m, errc why);

    /// The session is over, or the drive; of `ok` nothing is said. Writes what is left of a line.
    void ended(errc why);

private:
    /// Where in an outgoing line the next octet stands.
    enum class place : std::uint8_t { visible, verb, cancel, mechanism, hidden };

    void put(char c, bool secret);
    void put_secret(char c);
    void hide(std::optional<char> c);
    void keep(char c);
    void end_line();
    void end_reply_line();
    void end_content();
    void forget_hidden() noexcept;
    void write(const char* arrow, std::string_view text, std::size_t more = 0);

    std::function<void(std::string_view)> line_;
    content what_;
    std::string out_{};        ///< the line being sent, without what is hidden
    std::string in_{};         ///< the line being received
    std::string mechanism_{};  ///< of the last AUTH
    std::string hidden_{};     ///< what was hidden since the last AUTH, a line each, to find it where it is said back
    std::size_t out_more_ = 0; ///< octets that found no room in the line
    std::size_t in_more_ = 0;
    const mail* of_ = nullptr;  ///< the last mail that octets were of,
    std::uint64_t given_ = 0;   ///< and how many of its content were given out by then
    std::uint64_t counted_ = 0; ///< octets of the content under way
    place place_ = place::visible;
    bool begun_ = false; ///< a line is being sent
    bool in_content_ = false;
    bool tls_ = false;
};

} // namespace postrider

#endif
