#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sstream>

#include "wire.hpp"

namespace postrider::sink::test {

namespace {

struct folder {
    folder() {
        std::string name = (std::filesystem::temp_directory_path() / "sink-XXXXXX").string();
        path = ::mkdtemp(name.data());
    }
    ~folder() { std::filesystem::remove_all(path); }
    [[nodiscard]] std::string file(const char* name) const {
        std::ostringstream text;
        text << std::ifstream{path / name, std::ios::binary}.rdbuf();
        return text.str();
    }
    [[nodiscard]] std::size_t files() const {
        return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator{path}, {}));
    }
    std::filesystem::path path;
};

} // namespace

TEST(Store, KeepsContentAndEnvelope) {
    const folder here;
    config settings;
    settings.folder = here.path;
    fixture f{settings};
    client c{f.port};
    c.read_reply();
    c.send(hello);
    c.read_reply();
    std::string content = "\r\n.\r\n";
    for (int i = 0; i < 1000; ++i) content += std::string(300, static_cast<char>(i)) + "\r\n";
    c.send("MAIL FROM:<a@example.com> BODY=8BITMIME\r\nRCPT TO:<b@example.com> NOTIFY=NEVER\r\nBDAT " +
           std::to_string(content.size()) + " LAST\r\n" + content);
    play(c, "S: 250 ...\nS: 250 ...\nS: 250 2.0.0 Ok: queued as 1");
    EXPECT_EQ(here.file("000001.eml"), content);
    EXPECT_EQ(here.files(), 2U);
    const auto envelope = nlohmann::json::parse(here.file("000001.json"));
    EXPECT_EQ(envelope["hello"], "client.example");
    EXPECT_EQ(envelope["from"], "a@example.com");
    EXPECT_EQ(envelope["parameters"]["BODY"], "8BITMIME");
    EXPECT_EQ(envelope["recipients"][0]["address"], "b@example.com");
    EXPECT_EQ(envelope["recipients"][0]["parameters"]["NOTIFY"], "NEVER");
    EXPECT_EQ(envelope["octets"], content.size());
    EXPECT_EQ(envelope["by"], "BDAT");
}

TEST(Store, DigestsTheContent) {
    const folder here;
    config settings = keeping();
    settings.folder = here.path;
    fixture f{settings};
    client c{f.port};
    c.send("HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n.\r\n");
    for (int i = 0; i < 6; ++i) c.read_line();
    ASSERT_EQ(f.sink.mails().size(), 1U);
    EXPECT_EQ(f.sink.mails()[0].sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Store, LeavesNothingOfAMailThatWasCut) {
    const folder here;
    config settings;
    settings.folder = here.path;
    fixture f{settings};
    {
        client c{f.port};
        c.send("HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nDATA\r\nhalf a mail\r\n");
        for (int i = 0; i < 5; ++i) c.read_line();
    }
    ASSERT_TRUE(f.sink.wait_for_connections_closed(1, patience));
    f.sink.stop();
    EXPECT_EQ(here.files(), 0U);
}

TEST(Store, NumbersOnFromWhatIsThere) {
    const folder here;
    std::ofstream{here.path / "000041.eml"} << "old";
    config settings;
    settings.folder = here.path;
    fixture f{settings};
    client c{f.port};
    c.send("HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n.\r\n");
    for (int i = 0; i < 5; ++i) c.read_line();
    EXPECT_EQ(c.read_line(), "250 Ok: queued as 42\r\n");
    EXPECT_EQ(here.file("000041.eml"), "old");
}

TEST(Store, SaysWhenAMailCannotBeStored) {
    const folder here;
    config settings;
    settings.folder = here.path / "mails";
    fixture f{settings};
    std::filesystem::remove_all(settings.folder);
    client c{f.port};
    c.send("HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n.\r\n");
    for (int i = 0; i < 5; ++i) c.read_line();
    EXPECT_EQ(c.read_line(), "452 Insufficient system storage\r\n");
    EXPECT_EQ(f.sink.report().total.mails, 0U);
    EXPECT_EQ(f.sink.report().failures.size(), 1U);
}

TEST(Store, LeavesNoEnvelopeOfAMailThatWasNotStored) {
    const folder here;
    config settings;
    settings.folder = here.path;
    fixture f{settings};
    std::filesystem::create_directories(here.path / "000001.eml"); // in the way
    client c{f.port};
    c.send("HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n.\r\n");
    for (int i = 0; i < 5; ++i) c.read_line();
    EXPECT_EQ(c.read_line(), "452 Insufficient system storage\r\n");
    EXPECT_EQ(here.files(), 1U);
}

// Where a mail reader looks, with LF line ends, and the envelope on top. Nothing else is left.
TEST(Store, DeliversIntoAMaildir) {
    const folder here;
    config settings;
    settings.maildir = here.path / "Maildir";
    std::string file;
    settings.on_mail = [&](const mail& mail) { file = mail.file; };
    fixture f{settings};
    client c{f.port};
    c.read_reply();
    c.send(hello);
    c.read_reply();
    // The CRs before the end of a piece that is read: one of a CRLF, one by itself.
    const std::string long_line(64 * 1024 - 14 - 1, 'x');
    const std::string content = "Subject: x\r\n\r\n" + long_line + "\r\nlone \r end\r\n\r";
    c.send("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nRCPT TO:<c@example.com>\r\nBDAT " +
           std::to_string(content.size()) + " LAST\r\n" + content);
    play(c, "S: 250 ...\nS: 250 ...\nS: 250 ...\nS: 250 2.0.0 Ok: queued as 1");
    EXPECT_TRUE(file.starts_with((settings.maildir / "new/").string())) << file;
    std::ostringstream read;
    read << std::ifstream{file, std::ios::binary}.rdbuf();
    const std::string text = read.str();
    const std::size_t top = text.find("Subject:");
    ASSERT_NE(top, std::string::npos);
    EXPECT_TRUE(text.starts_with("Return-Path: <a@example.com>\nDelivered-To: b@example.com\n"
                                 "Delivered-To: c@example.com\nReceived: from client.example (127.0.0.1:"))
        << text.substr(0, top);
    EXPECT_NE(text.find(")\n\tby sink.example with ESMTP id 1;\n\t"), std::string::npos) << text.substr(0, top);
    EXPECT_EQ(text.substr(top), "Subject: x\n\n" + long_line + "\nlone \r end\n\r");
    std::size_t files = 0;
    for (const auto& one : std::filesystem::recursive_directory_iterator{settings.maildir})
        files += one.is_regular_file() ? 1U : 0U;
    EXPECT_EQ(files, 1U);
}

// Over LMTP each recipient has a reply of its own, and who was refused finds nothing.
TEST(Store, NamesInAMaildirOnlyWhomItTook) {
    const folder here;
    config settings;
    settings.maildir = here.path;
    settings.protocol = protocol::lmtp;
    settings.script = "on content matching \"b@\" reply \"550 full\"";
    std::string file;
    settings.on_mail = [&](const mail& mail) { file = mail.file; };
    fixture f{settings};
    client c{f.port};
    c.send("LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nRCPT TO:<c@example.com>\r\nDATA\r\n.\r\nQUIT\r\n");
    c.read_to_end();
    std::ostringstream read;
    read << std::ifstream{file, std::ios::binary}.rdbuf();
    EXPECT_TRUE(read.str().starts_with("Return-Path: <>\nDelivered-To: c@example.com\nReceived: ")) << read.str();
}

TEST(Store, TakesAFolderOrAMaildir) {
    const folder here;
    config settings;
    settings.folder = settings.maildir = here.path;
    server both{settings};
    const auto failed = both.open();
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->what, failure::kind::configuration);
}

} // namespace postrider::sink::test
