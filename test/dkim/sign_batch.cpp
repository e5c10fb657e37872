// sign_batch.cpp - signs each message of a folder as a mail that is sent: for verify_test.py.
//
// sign_batch FOLDER SELECTOR=KEYFILE...: of each FOLDER/*.eml the octets that the server has in the end go to FOLDER/*.sent,
// signed for a.example by each key in turn. In turns by DATA and BDAT, and from memory, a file and a stream. Prints the TXT
// record of each key.
#include "sent_content.hpp"

#include <postrider/dkim.hpp>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <vector>

using namespace postrider;

int main(int argc, char** argv) {
    if (argc < 3) return 64;
    std::vector<dkim_signer> signers;
    for (int i = 2; i != argc; ++i) {
        const std::string said = argv[i];
        const std::size_t at = said.find('=');
        dkim_signer signer{.domain = "a.example", .selector = said.substr(0, at)};
        signer.key = dkim_key::from_file(said.substr(at + 1));
        if (!signer.key) {
            std::cerr << signer.key.problem() << '\n';
            return 1;
        }
        std::cout << signer.selector << "._domainkey.a.example. " << signer.key.dns_record() << '\n';
        signers.push_back(signer);
    }
    std::vector<std::filesystem::path> messages;
    for (const auto& entry : std::filesystem::directory_iterator{argv[1]})
        if (entry.path().extension() == ".eml") messages.push_back(entry.path());
    for (std::size_t i = 0; i != messages.size(); ++i) {
        std::ifstream in{messages[i], std::ios::binary};
        const std::string text{std::istreambuf_iterator<char>{in}, {}};
        std::istringstream stream{text};
        outgoing mail{.content = i % 3 == 0   ? text_content(text)
                                 : i % 3 == 1 ? file_content(messages[i])
                                              : stream_content(stream)};
        for (const dkim_signer& signer : signers) mail = sign(std::move(mail), signer);
        std::string problem = mail.problem;
        const std::string sent = mail.error == errc::ok ? sent_content(*mail.content, i % 2 != 0, problem) : "";
        if (sent.empty()) {
            std::cerr << messages[i].string() << ": " << problem << '\n';
            return 1;
        }
        std::ofstream{messages[i].replace_extension(".sent"), std::ios::binary} << sent;
    }
}
