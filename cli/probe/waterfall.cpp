#include "waterfall.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ostream>

namespace postrider::cli {
namespace {

using std::chrono::nanoseconds;

std::string name_of(const probe_step& one) {
    if (one.handshake) return "TLS";
    if (one.where == phase::greeting) return "greeting";
    if (one.where == phase::content) return one.command.empty() ? "content" : "BDAT";
    return std::string{name(one.where)};
}

nanoseconds end_of(const std::vector<bar>& bars) {
    nanoseconds end{1};
    for (const bar& one : bars) end = std::max(end, one.ended);
    return end;
}

/// From `left` to `right`, in eighths of a column. A bar that is too short to be seen is one eighth: it was there.
std::string block_bar(std::size_t left, std::size_t right) {
    constexpr const char* eighths[] = {"", "\u258f", "\u258e", "\u258d", "\u258c", "\u258b", "\u258a", "\u2589"};
    std::string text(left / 8, ' ');
    // A block fills from the left: what begins inside a column begins at its edge.
    std::size_t size = std::max<std::size_t>(right - left / 8 * 8, 1);
    for (; size >= 8; size -= 8) text += "\u2588";
    return text += eighths[size];
}

std::string ascii_bar(std::size_t left, std::size_t right) {
    return std::string(left / 8, ' ').append(std::max<std::size_t>((right + 7) / 8 - left / 8, 1), '=');
}

} // namespace

std::vector<bar> bars_of(const probe_result& seen) {
    std::vector<bar> bars;
    nanoseconds at{};
    const auto add = [&](const char* name, nanoseconds took) {
        if (took.count() == 0) return;
        bars.push_back({name, at, at + took, bar::kind::network});
        at += took;
    };
    add("lookup", seen.lookup);
    add("connect", seen.connect);
    add("proxy", seen.proxy);
    const probe_step* before = nullptr;
    int same = 1;
    for (const probe_step& one : seen.steps) {
        const nanoseconds ended = one.ended.count() == 0 ? seen.total : one.ended; // nothing came until then
        if (before != nullptr && before->where == one.where && before->handshake == one.handshake) {
            bars.back().ended = std::max(bars.back().ended, ended);
            bars.back().name = name_of(one) + " x" + std::to_string(++same);
        } else {
            const auto kind = one.handshake ? bar::kind::tls : bar::kind::smtp;
            bars.push_back({name_of(one), one.begun, ended, kind});
            same = 1;
        }
        before = &one;
    }
    return bars;
}

bool shows_blocks() {
    for (const char* const name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        const char* const value = std::getenv(name);
        if (value == nullptr || *value == '\0') continue;
        std::string small{value};
        for (char& c : small) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
        return small.find("utf-8") != small.npos || small.find("utf8") != small.npos;
    }
    return false;
}

void print(std::ostream& to, const std::vector<bar>& bars, const style& with, const canvas& on) {
    constexpr std::size_t label = 12, time = 10;
    const std::size_t room = std::clamp<std::size_t>(on.width, 50, 100) - label - time - 6;
    const double scale = static_cast<double>(room * 8) / static_cast<double>(end_of(bars).count());
    const auto column = [&](nanoseconds at) {
        return static_cast<std::size_t>(std::lround(static_cast<double>(at.count()) * scale));
    };
    for (const bar& one : bars) {
        std::string name = one.name;
        name.resize(label, ' ');
        std::string took = duration_text(one.ended - one.begun);
        took.insert(0, took.size() < time ? time - took.size() : 0, ' ');
        const std::string_view colour = one.what == bar::kind::network ? with.faint
                                        : one.what == bar::kind::tls   ? with.good
                                                                       : with.unsure;
        const std::size_t left = std::min(column(one.begun), room * 8 - 1);
        to << "  " << name << took << "  " << colour
           << (on.blocks ? block_bar(left, column(one.ended)) : ascii_bar(left, column(one.ended))) << with.plain
           << '\n';
    }
}

svg draw(const probe_result& seen, const std::string& title) {
    constexpr double row = 24, left = 110, room = 620, top = 56;
    const std::vector<bar> bars = bars_of(seen);
    const nanoseconds end = end_of(bars);
    const double height = top + row * static_cast<double>(bars.size()) + 40;
    svg picture{left + room + 110, height, title};
    picture.text(16, 26, title, svg::anchor::start, 15);
    picture.text(left + room + 94, 26, duration_text(end), svg::anchor::end, 13, "#555");
    const auto x = [&](nanoseconds at) {
        return left + room * static_cast<double>(at.count()) / static_cast<double>(end.count());
    };
    for (int i = 0; i <= 4; ++i) {
        const nanoseconds at = end * i / 4;
        picture.line(x(at), top - 8, x(at), height - 30, "#ddd");
        picture.text(x(at), height - 14, i == 0 ? std::string{"0"} : duration_text(at), svg::anchor::middle, 11,
                     "#777");
    }
    double y = top;
    for (const bar& one : bars) {
        const char* const colour = one.what == bar::kind::network ? "#8a94a0"
                                   : one.what == bar::kind::tls   ? "#2f8f5b"
                                                                  : "#3b76c4";
        const std::string took = duration_text(one.ended - one.begun);
        picture.text(left - 10, y + 14, one.name, svg::anchor::end, 12);
        picture.rectangle(x(one.begun), y, std::max(1.5, x(one.ended) - x(one.begun)), row - 7, colour,
                          one.name + ": " + took);
        picture.text(std::max(x(one.ended), x(one.begun) + 1.5) + 6, y + 13, took, svg::anchor::start, 11, "#555");
        y += row;
    }
    return picture;
}

} // namespace postrider::cli
