// gsasl_server - an SMTP server over TLS whose SASL is libgsasl's: for channel bindings, which no server of Debian 12 knows.
//
// Usage: gsasl_server --certificate F --key F --user U --password-file F [--tls starttls|implicit|none]
//                     [--versions any|1.2|1.3] [--mechanisms "A B"] [--binding right|wrong|none] [--plus offered|stripped]
//                     [--client-ca F] [--iterations N]
//
// Listens on 127.0.0.1, on a port of the system's choice, and ends when it is killed. It prints a line of JSON when it listens, {"port": N}, one for each AUTH, and one for each mail:
//
//   {"auth":"SCRAM-SHA-256-PLUS","ok":true,"user":"u","authzid":"","tls":"TLSv1.3","asked":"tls-exporter","error":""}
//   {"mail":"sender@a.example","octets":123}
//
// `asked` is the channel binding whose octets libgsasl wanted of us last. `--binding wrong` gives it those of nobody, so each
// -PLUS fails; `none`: none, and nothing with -PLUS is offered. `--plus stripped` is what somebody between does who hides
// -PLUS: it is not in the EHLO reply, but libgsasl refuses who believes that the server has none. EXTERNAL is for a
// certificate of the --client-ca, by its common name.

#include <gsasl.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t longest_line = 16384;

std::map<std::string, std::string> options = {
    {"certificate", ""},
    {"key", ""},
    {"user", ""},
    {"password-file", ""},
    {"tls", "starttls"},
    {"versions", "any"},
    {"binding", "right"},
    {"plus", "offered"},
    {"client-ca", ""},
    {"iterations", ""},
    {"mechanisms",
     "PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS EXTERNAL ANONYMOUS"}};

const std::string& option(const char* name) { return options.find(name)->second; }

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "gsasl_server: %s\n", what.c_str());
    std::exit(1);
}

std::string quoted(const char* text) {
    std::string out = "\"";
    for (; text != nullptr && *text != '\0'; ++text) {
        if (*text == '"' || *text == '\\') out += '\\';
        out += static_cast<unsigned char>(*text) < 0x20 ? '?' : *text;
    }
    return out + '"';
}

bool begins(const std::string& line, const char* verb) {
    return strncasecmp(line.c_str(), verb, std::strlen(verb)) == 0;
}

std::string encoded(const unsigned char* octets, std::size_t length) {
    char* text = nullptr;
    std::size_t size = 0;
    if (gsasl_base64_to(reinterpret_cast<const char*>(octets), length, &text, &size) != GSASL_OK) fail("no memory");
    const std::string out(text, size);
    gsasl_free(text);
    return out;
}

/// A client: octets in the clear, and over TLS once `secure` has succeeded.
class connection {
public:
    explicit connection(int socket) : socket_(socket) {}
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;
    ~connection() {
        if (tls_ != nullptr) SSL_shutdown(tls_);
        SSL_free(tls_);
        close(socket_);
    }

    bool secure(SSL_CTX* context) {
        waiting_.clear(); // what came before TLS was said by anybody
        tls_ = SSL_new(context);
        SSL_set_fd(tls_, socket_);
        return SSL_accept(tls_) == 1;
    }

    bool say(const std::string& text) {
        const auto size = static_cast<int>(text.size());
        return (tls_ != nullptr ? SSL_write(tls_, text.data(), size)
                                : send(socket_, text.data(), text.size(), MSG_NOSIGNAL)) == size;
    }

    /// The next line, without its end; false at the end of the connection.
    bool line(std::string& to) {
        std::size_t end;
        while ((end = waiting_.find("\r\n")) == std::string::npos)
            if (waiting_.size() > longest_line || !more()) return false;
        to = waiting_.substr(0, end);
        waiting_.erase(0, end + 2);
        return true;
    }

    bool skip(std::size_t octets) {
        while (waiting_.size() < octets) {
            octets -= waiting_.size();
            waiting_.clear();
            if (!more()) return false;
        }
        waiting_.erase(0, octets);
        return true;
    }

    SSL* tls() const { return tls_; }

private:
    bool more() {
        char octets[4096];
        const auto count =
            tls_ != nullptr ? SSL_read(tls_, octets, sizeof octets) : recv(socket_, octets, sizeof octets, 0);
        if (count > 0) waiting_.append(octets, static_cast<std::size_t>(count));
        return count > 0;
    }

    int socket_;
    SSL* tls_ = nullptr;
    std::string waiting_;
};

/// What libgsasl asks for, and what it was last asked by a client.
struct exchange {
    SSL* tls;
    std::string password;
    const char* asked = "";
};

/// The common name of the client's certificate, if the CA has signed it.
std::string name_of_client(SSL* tls) {
    X509* const certificate = tls == nullptr ? nullptr : SSL_get1_peer_certificate(tls);
    if (certificate == nullptr) return {};
    char name[256] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
    X509_free(certificate);
    return SSL_get_verify_result(tls) == X509_V_OK ? name : "";
}

/// RFC 5929 section 3: the first Finished, which is the client's, since no session is resumed here.
std::string tls_unique(SSL* tls) {
    unsigned char octets[64];
    if (SSL_version(tls) >= TLS1_3_VERSION) return {};
    return encoded(octets, SSL_get_peer_finished(tls, octets, sizeof octets));
}

/// RFC 9266; with TLS 1.2 only if the master secret is bound to the handshake.
std::string tls_exporter(SSL* tls) {
    constexpr char label[] = "EXPORTER-Channel-Binding";
    unsigned char octets[32];
    if (SSL_version(tls) < TLS1_3_VERSION && SSL_get_extms_support(tls) != 1) return {};
    if (SSL_export_keying_material(tls, octets, sizeof octets, label, sizeof label - 1, octets, 0, 1) != 1) return {};
    return encoded(octets, sizeof octets);
}

int give(Gsasl_session* session, Gsasl_property property, const std::string& value) {
    return value.empty() ? GSASL_NO_CALLBACK : gsasl_property_set(session, property, value.c_str());
}

int answer(Gsasl*, Gsasl_session* session, Gsasl_property property) {
    exchange& of = *static_cast<exchange*>(gsasl_session_hook_get(session));
    const char* const user = gsasl_property_fast(session, GSASL_AUTHID);
    const char* const authzid = gsasl_property_fast(session, GSASL_AUTHZID);
    const unsigned char nobodys[32] = {};
    switch (property) {
    case GSASL_PASSWORD:
        return user != nullptr && option("user") == user ? give(session, property, of.password)
                                                         : GSASL_AUTHENTICATION_ERROR;
    case GSASL_CB_TLS_UNIQUE:
    case GSASL_CB_TLS_EXPORTER: {
        if (of.tls == nullptr || option("binding") == "none") return GSASL_NO_CALLBACK;
        const std::string binding = property == GSASL_CB_TLS_UNIQUE ? tls_unique(of.tls) : tls_exporter(of.tls);
        if (binding.empty()) return GSASL_NO_CALLBACK;
        of.asked = property == GSASL_CB_TLS_UNIQUE ? "tls-unique" : "tls-exporter";
        return give(session, property, option("binding") == "wrong" ? encoded(nobodys, sizeof nobodys) : binding);
    }
    case GSASL_SCRAM_ITER: return give(session, property, option("iterations"));
    case GSASL_SERVICE: return give(session, property, "smtp");
    case GSASL_HOSTNAME: return give(session, property, "mail.example");
    case GSASL_VALIDATE_EXTERNAL: {
        const std::string name = name_of_client(of.tls);
        const bool same = authzid == nullptr || *authzid == '\0' || name == authzid;
        if (name.empty() || !same) return GSASL_AUTHENTICATION_ERROR;
        return gsasl_property_set(session, GSASL_AUTHID, name.c_str());
    }
    case GSASL_VALIDATE_ANONYMOUS: return GSASL_OK;
    default: return GSASL_NO_CALLBACK;
    }
}

std::vector<std::string> offered(const connection& client) {
    std::vector<std::string> found;
    std::istringstream names(option("mechanisms"));
    for (std::string name; names >> name;) {
        const bool plus = name.size() > 5 && name.substr(name.size() - 5) == "-PLUS";
        if (plus && (client.tls() == nullptr || option("plus") == "stripped" || option("binding") == "none")) continue;
        if (name == "EXTERNAL" && name_of_client(client.tls()).empty()) continue;
        found.push_back(name);
    }
    return found;
}

/// One client from the greeting on.
class dialogue {
public:
    dialogue(connection& client, SSL_CTX* context, Gsasl* sasl, std::string password)
        : client_(client), context_(context), sasl_(sasl), password_(std::move(password)) {}

    void run() {
        if (option("tls") == "implicit" && !client_.secure(context_)) return;
        std::string command;
        for (bool on = client_.say("220 mail.example ESMTP gsasl_server\r\n"); on && client_.line(command);)
            on = obey(command);
    }

private:
    bool may_auth() const { return client_.tls() != nullptr || option("tls") == "none"; }

    bool obey(const std::string& command) {
        if (begins(command, "EHLO")) return client_.say(greeting());
        if (begins(command, "STARTTLS")) {
            if (option("tls") != "starttls" || client_.tls() != nullptr) return client_.say("502 5.5.1 Not now\r\n");
            return client_.say("220 2.0.0 Ready\r\n") && client_.secure(context_);
        }
        if (begins(command, "AUTH ")) return authenticate(command);
        if (begins(command, "MAIL FROM:<")) {
            if (!authenticated_) return client_.say("530 5.7.0 Authentication required\r\n");
            sender_ = command.substr(11, command.find('>') - 11);
            octets_ = 0;
            return client_.say("250 2.1.0 Ok\r\n");
        }
        if (begins(command, "RCPT TO:<"))
            return client_.say(authenticated_ ? "250 2.1.5 Ok\r\n" : "530 5.7.0 Authentication required\r\n");
        if (begins(command, "BDAT ")) return bdat(command);
        if (begins(command, "DATA")) return data();
        if (begins(command, "RSET") || begins(command, "NOOP")) return client_.say("250 2.0.0 Ok\r\n");
        if (begins(command, "QUIT")) return client_.say("221 2.0.0 Bye\r\n") && false;
        return client_.say("500 5.5.2 What?\r\n");
    }

    std::string greeting() const {
        std::string text = "250-mail.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-CHUNKING\r\n";
        if (option("tls") == "starttls" && client_.tls() == nullptr) text += "250-STARTTLS\r\n";
        if (may_auth()) {
            text += "250-AUTH";
            for (const std::string& name : offered(client_)) text += " " + name;
            text += "\r\n";
        }
        return text + "250 ENHANCEDSTATUSCODES\r\n";
    }

    bool authenticate(const std::string& command) {
        std::istringstream words(command);
        std::string verb, mechanism, initial;
        words >> verb >> mechanism >> initial;
        for (char& c : mechanism) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        bool known = false;
        for (const std::string& name : offered(client_)) known = known || name == mechanism;
        Gsasl_session* session = nullptr;
        if (!may_auth() || authenticated_ || !known ||
            gsasl_server_start(sasl_, mechanism.c_str(), &session) != GSASL_OK)
            return client_.say("504 5.5.4 No such mechanism here\r\n");

        exchange of{client_.tls(), password_};
        gsasl_session_hook_set(session, &of);
        const char* response = words.fail() ? nullptr : initial == "=" ? "" : initial.c_str();
        std::string line;
        bool on = true;
        int status;
        do {
            char* challenge = nullptr;
            status = gsasl_step64(session, response, &challenge);
            // The last message of SCRAM comes with success, which SMTP has no room for: it is a challenge to answer with nothing.
            if (status == GSASL_NEEDS_MORE || (status == GSASL_OK && challenge != nullptr && *challenge != '\0'))
                on = client_.say("334 " + std::string(challenge == nullptr ? "" : challenge) + "\r\n") &&
                     client_.line(line);
            gsasl_free(challenge);
            response = line.c_str();
            if (on && line == "*") status = GSASL_AUTHENTICATION_ERROR;
        } while (on && status == GSASL_NEEDS_MORE);

        authenticated_ = on && status == GSASL_OK;
        std::printf("{\"auth\":%s,\"ok\":%s,\"user\":%s,\"authzid\":%s,\"tls\":%s,\"asked\":\"%s\",\"error\":%s}\n",
                    quoted(mechanism.c_str()).c_str(), authenticated_ ? "true" : "false",
                    quoted(gsasl_property_fast(session, GSASL_AUTHID)).c_str(),
                    quoted(gsasl_property_fast(session, GSASL_AUTHZID)).c_str(),
                    quoted(client_.tls() == nullptr ? "" : SSL_get_version(client_.tls())).c_str(), of.asked,
                    quoted(authenticated_ ? "" : gsasl_strerror_name(status)).c_str());
        std::fflush(stdout);
        gsasl_finish(session);
        return on && client_.say(authenticated_ ? "235 2.7.0 Ok\r\n" : "535 5.7.8 Authentication failed\r\n");
    }

    bool bdat(const std::string& command) {
        std::istringstream words(command.substr(5));
        std::size_t octets = 0;
        std::string last;
        words >> octets >> last;
        octets_ += octets;
        if (!client_.skip(octets)) return false;
        if (!authenticated_) return client_.say("503 5.5.1 No mail\r\n");
        return begins(last, "LAST") ? taken() : client_.say("250 2.0.0 Ok\r\n");
    }

    bool data() {
        if (!authenticated_) return client_.say("503 5.5.1 No mail\r\n");
        if (!client_.say("354 Go on\r\n")) return false;
        for (std::string line; client_.line(line);) {
            if (line == ".") return taken();
            octets_ += line.size() + 2 - (line[0] == '.');
        }
        return false;
    }

    bool taken() {
        std::printf("{\"mail\":%s,\"octets\":%zu}\n", quoted(sender_.c_str()).c_str(), octets_);
        std::fflush(stdout);
        return client_.say("250 2.0.0 Ok\r\n");
    }

    connection& client_;
    SSL_CTX* context_;
    Gsasl* sasl_;
    std::string password_, sender_;
    std::size_t octets_ = 0;
    bool authenticated_ = false;
};

SSL_CTX* make_context() {
    SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_security_level(context, 0); // it is the client's part to refuse what is weak
    if (SSL_CTX_use_certificate_chain_file(context, option("certificate").c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, option("key").c_str(), SSL_FILETYPE_PEM) != 1)
        fail("cannot use the certificate or its key");
    SSL_CTX_set_min_proto_version(context, option("versions") == "1.3" ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(context, option("versions") == "1.2" ? TLS1_2_VERSION : 0);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    if (!option("client-ca").empty()) {
        if (SSL_CTX_load_verify_locations(context, option("client-ca").c_str(), nullptr) != 1)
            fail("cannot use the client CA");
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    }
    return context;
}

int listen_somewhere() {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener, any, size) != 0 || listen(listener, 16) != 0 || getsockname(listener, any, &size) != 0)
        fail("cannot listen");
    std::printf("{\"port\":%d}\n", ntohs(address.sin_port));
    std::fflush(stdout);
    return listener;
}

} // namespace

int main(int argc, char** argv) {
    for (int i = 1; i < argc; i += 2) {
        if (std::strncmp(argv[i], "--", 2) != 0 || i + 1 == argc) fail(std::string("what is ") + argv[i]);
        const auto found = options.find(argv[i] + 2);
        if (found == options.end()) fail(std::string("what is ") + argv[i]);
        found->second = argv[i + 1];
    }
    for (const char* needed : {"certificate", "key", "user", "password-file"})
        if (option(needed).empty()) fail(std::string("--") + needed + " is missing");
    std::signal(SIGPIPE, SIG_IGN);
    std::string password;
    std::ifstream file(option("password-file"));
    if (!std::getline(file, password)) fail("cannot read the password");

    Gsasl* sasl = nullptr;
    if (gsasl_init(&sasl) != GSASL_OK) fail("cannot use libgsasl");
    gsasl_callback_set(sasl, answer);
    SSL_CTX* const context = make_context();
    const int listener = listen_somewhere();
    for (;;) {
        const int socket = accept(listener, nullptr, nullptr);
        if (socket < 0) continue;
        const timeval patience{30, 0};
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        std::thread([=] {
            connection client(socket);
            dialogue(client, context, sasl, password).run();
        }).detach();
    }
}
