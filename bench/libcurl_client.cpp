// libcurl as it is compared: one easy handle, which keeps its connection from mail to mail.
#include <curl/curl.h>

#include <algorithm>
#include <string_view>

#include "options.hpp"

namespace {

std::size_t read_content(char* to, std::size_t size, std::size_t count, void* from) {
    std::string_view& rest = *static_cast<std::string_view*>(from);
    const std::size_t octets = std::min(size * count, rest.size());
    std::memcpy(to, rest.data(), octets);
    rest.remove_prefix(octets);
    return octets;
}

std::string path(const char* mailbox) { return std::string("<") + mailbox + ">"; }

} // namespace

int main(int argc, char** argv) {
    const bench::options o = bench::parse(argc, argv);
    if (o.window != 1) return bench::not_yet;
    const std::string content = bench::content(o.octets);
    std::string_view rest;

    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL* const easy = curl_easy_init();
    curl_slist* const to = curl_slist_append(nullptr, path(bench::recipient).c_str());
    if (easy == nullptr || to == nullptr) bench::fail("libcurl cannot start");
    const std::string url =
        std::string("smtp://") + bench::server + ":" + std::to_string(o.port) + "/" + bench::client_name;
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L); // else 15 system calls a mail for SIGPIPE alone
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, path(bench::sender).c_str());
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, to);
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, read_content);
    curl_easy_setopt(easy, CURLOPT_READDATA, &rest);
    for (std::size_t i = 0; i != o.mails; ++i) {
        rest = content;
        if (const CURLcode code = curl_easy_perform(easy); code != CURLE_OK) bench::fail(curl_easy_strerror(code));
    }
    curl_slist_free_all(to);
    curl_easy_cleanup(easy);
    curl_global_cleanup();
}
