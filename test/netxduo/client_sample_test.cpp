// Runs a sample as a process of its own against a server: client_sample_test SAMPLE 4|6

#include "script_server.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    using family = script::server::family;
    script::ordinary how;
    const bool v4 = argv[2][0] == '4';
    if (v4) {
        how.says = {{"AUTH", "334 VXNlcm5hbWU6\r\n"}, {"answer", "334 UGFzc3dvcmQ6\r\n"}, {"answer 2", "235 ok\r\n"}};
    }
    script::server server(how, v4 ? family::v4 : family::v6);
    ::setenv("SMTP_SERVER_PORT", std::to_string(server.port()).c_str(), 1);
    if (std::system(argv[1]) != 0) return 1;
    const std::string expected =
        script::wire(std::string("EHLO client.example\n") +
                     (v4 ? "AUTH LOGIN\ndXNlcg==\nc2VjcmV0\n" : "AUTH PLAIN\nAHVzZXIAc2VjcmV0\n") +
                     "MAIL FROM:<alice@a.example>\n"
                     "RCPT TO:<bob@b.example>\n"
                     "DATA\n"
                     "To: <bob@b.example>\n"
                     "From: <alice@a.example>\n"
                     "Subject: NetX Duo SMTP Client Demo\n"
                     "MIME-Version: 1.0\n"
                     "Content-Type: text/plain;\n"
                     "\tcharset=\"utf-8\"\n"
                     "Content-Transfer-Encoding: 8bit\n"
                     "\n"
                     "NetX Duo SMTP client is an SMTP client\n"
                     "implementation for embedded devices.\n"
                     "..a line that begins with a dot\n"
                     ".\n"
                     "QUIT\n");
    const std::string heard = server.last().heard;
    if (heard == expected) return 0;
    std::printf("the server heard\n%s\nand should have heard\n%s\n", heard.c_str(), expected.c_str());
    return 1;
}
