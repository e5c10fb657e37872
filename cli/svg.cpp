#include "svg.hpp"

#include "failure.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sysexits.h>

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
    const std::string part = file + ".part";
    std::ofstream out{part, std::ios::binary};
    out << document();
    out.close();
    if (out && std::rename(part.c_str(), file.c_str()) == 0) return;
    const std::string why = std::strerror(errno);
    std::remove(part.c_str());
    throw failure{EX_CANTCREAT, "the picture cannot be written to `" + file + "`: " + why};
}

} // namespace postrider::cli
