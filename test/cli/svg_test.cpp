#include "svg.hpp"

#include "failure.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <sysexits.h>
#include <unistd.h>

namespace {

using postrider::cli::svg;

TEST(svg, is_a_document_and_escapes_texts) {
    svg picture{100, 50, "a < b & c"};
    picture.rectangle(1, 2.345, 3, 4, "#00f", "tip \"x\"");
    picture.text(5, 6, "<script>\x01", svg::anchor::middle);
    picture.curve({{0, 0}, {1, 2}}, "red");
    picture.line(0, 0, 1, 1, "black");
    EXPECT_EQ(
        picture.document(),
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100.00\" height=\"50.00\" viewBox=\"0 0 100.00 50.00\" "
        "font-family=\"sans-serif\">\n<title>a &lt; b &amp; c</title>\n<rect width=\"100%\" height=\"100%\" "
        "fill=\"#fff\"/>\n"
        "<rect x=\"1.00\" y=\"2.35\" width=\"3.00\" height=\"4.00\" fill=\"#00f\"><title>tip "
        "&quot;x&quot;</title></rect>\n"
        "<text x=\"5.00\" y=\"6.00\" font-size=\"12.00\" text-anchor=\"middle\" fill=\"#222\">&lt;script&gt;?</text>\n"
        "<polyline points=\"0.00,0.00 1.00,2.00\" fill=\"none\" stroke=\"red\" stroke-width=\"1.50\"/>\n"
        "<line x1=\"0.00\" y1=\"0.00\" x2=\"1.00\" y2=\"1.00\" stroke=\"black\" stroke-width=\"1.00\"/>\n</svg>\n");
}

TEST(svg, a_file_is_whole_or_not_there) {
    try {
        svg{1, 1, "x"}.write("/dev/full/picture.svg");
        ADD_FAILURE() << "it was written";
    } catch (const postrider::cli::failure& why) {
        EXPECT_EQ(why.code, EX_CANTCREAT);
    }
    const std::string folder = std::filesystem::temp_directory_path() / ("svg_test" + std::to_string(::getpid()));
    std::filesystem::create_directory(folder);
    svg{1, 1, "x"}.write(folder + "/picture.svg");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator{folder}, {}), 1);
    std::filesystem::create_symlink("picture.svg", folder + "/link");
    svg{2, 2, "x"}.write(folder + "/link");
    EXPECT_TRUE(std::filesystem::is_symlink(folder + "/link")) << "what is no regular file stays what it is";
    EXPECT_EQ(std::filesystem::file_size(folder + "/picture.svg"), (svg{2, 2, "x"}.document().size()));
    std::filesystem::remove_all(folder);
}

} // namespace
