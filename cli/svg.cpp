#include "svg.hpp"

#include "failure.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sysexits.h>
#include <unistd.h>

namespace postrider::cli {
namespace {

/// Two digits are more than a screen shows. A locale's comma would be no number here.
std::string number(double value) {
    std::string text(48, '\0');
    text.resize(static_cast<std::size_t>(std::snprintf(text.data(), text.size(), "%.2f", value)));
    for (char& c : text)
        if (c == ',') c = '.';
    return text;
}

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '&') out += "&amp;";
        else if (c == '<') out += "&lt;";
        else if (c == '>') out += "&gt;";
        else if (c == '"') out += "&quot;";
        else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) out += '?';
        else out += c;
    }
    return out;
}

std::string attribute(std::string_view name, std::string_view value) {
    return std::string{" "}.append(name).append("=\"").append(value).append("\"");
}

} // namespace

svg::svg(double width, double height, std::string_view title) : width_(width), height_(height), title_(title) {}

void svg::rectangle(double x, double y, double width, double height, std::string_view fill, std::string_view tooltip) {
    body_ += "<rect" + attribute("x", number(x)) + attribute("y", number(y)) + attribute("width", number(width)) +
             attribute("height", number(height)) + attribute("fill", escaped(fill));
    if (tooltip.empty()) body_ += "/>\n";
    else body_ += "><title>" + escaped(tooltip) + "</title></rect>\n";
}

void svg::line(double x1, double y1, double x2, double y2, std::string_view stroke, double thickness) {
    body_ += "<line" + attribute("x1", number(x1)) + attribute("y1", number(y1)) + attribute("x2", number(x2)) +
             attribute("y2", number(y2)) + attribute("stroke", escaped(stroke)) +
             attribute("stroke-width", number(thickness)) + "/>\n";
}

void svg::curve(const std::vector<std::pair<double, double>>& points, std::string_view stroke, double thickness) {
    std::string list;
    for (const auto& [x, y] : points) list += number(x) + "," + number(y) + " ";
    if (!list.empty()) list.pop_back();
    body_ += "<polyline" + attribute("points", list) + attribute("fill", "none") +
             attribute("stroke", escaped(stroke)) + attribute("stroke-width", number(thickness)) + "/>\n";
}

void svg::text(double x, double y, std::string_view what, anchor at, double size, std::string_view fill) {
    const char* const where = at == anchor::start ? "start" : at == anchor::middle ? "middle" : "end";
    body_ += "<text" + attribute("x", number(x)) + attribute("y", number(y)) + attribute("font-size", number(size)) +
             attribute("text-anchor", where) + attribute("fill", escaped(fill)) + ">" + escaped(what) + "</text>\n";
}

std::string svg::document() const {
    return "<svg xmlns=\"http://www.w3.org/2000/svg\"" + attribute("width", number(width_)) +
           attribute("height", number(height_)) +
           attribute("viewBox", "0 0 " + number(width_) + " " + number(height_)) +
           attribute("font-family", "sans-serif") + ">\n<title>" + escaped(title_) + "</title>\n" + "<rect" +
           attribute("width", "100%") + attribute("height", "100%") + attribute("fill", "#fff") + "/>\n" + body_ +
           "</svg>\n";
}

void svg::write(const std::string& file) const {
    // A device, a pipe or a link stays what it is, and is written to: /dev/null must not become a picture.
    std::error_code none;
    const auto kind = std::filesystem::symlink_status(file, none).type();
    const bool is_new = kind == std::filesystem::file_type::not_found || kind == std::filesystem::file_type::regular;
    // Its own name, and no file of somebody's: a folder may be everybody's.
    const std::string part = is_new ? file + "." + std::to_string(::getpid()) + ".part" : file;
    const int made = ::open(part.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | (is_new ? O_EXCL : O_TRUNC), 0666);
    int error = made < 0 ? errno : 0;
    const std::string text = document();
    for (std::string_view rest = text; error == 0 && !rest.empty();) {
        const ssize_t wrote = ::write(made, rest.data(), rest.size());
        if (wrote >= 0) rest.remove_prefix(static_cast<std::size_t>(wrote));
        else if (errno != EINTR) error = errno;
    }
    if (made >= 0 && ::close(made) != 0 && error == 0) error = errno;
    if (error == 0 && is_new && std::rename(part.c_str(), file.c_str()) != 0) error = errno;
    if (error == 0) return;
    if (is_new && made >= 0) ::unlink(part.c_str());
    throw failure{EX_CANTCREAT, "the picture cannot be written to `" + file + "`: " + std::strerror(error)};
}

} // namespace postrider::cli
