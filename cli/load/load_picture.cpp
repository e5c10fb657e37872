#include "load_report.hpp"
#include "svg.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace postrider::cli {
namespace {

using std::chrono::nanoseconds;

constexpr double across = 960, down = 640;
constexpr double left = 84, right = 24;
constexpr const char* grid = "#e6e6e6";
constexpr const char* axis = "#888";
constexpr const char* faint = "#666";
constexpr const char* blue = "#2463a6";
constexpr const char* red = "#c8442f";

/// A part of the picture, in which values of 0 to 1 stand.
struct panel {
    double top, bottom;
    double x(double share) const noexcept { return left + share * (across - left - right); }
    double y(double share) const noexcept { return bottom - share * (bottom - top); }
};

/// 1, 2, 5, 10, 20, ... up to `least` or more.
double round_up(double least) noexcept {
    const double ten = std::pow(10, std::floor(std::log10(std::max(least, 1e-12))));
    for (const double factor : {1.0, 2.0, 5.0})
        if (ten * factor >= least * (1 - 1e-9)) return ten * factor;
    return ten * 10;
}
double round_down(double most) noexcept {
    const double up = round_up(most);
    if (up <= most * (1 + 1e-9)) return up;
    const double ten = std::pow(10, std::floor(std::log10(most)));
    return ten * 5 <= most ? ten * 5 : ten * 2 <= most ? ten * 2 : ten;
}

std::string time_label(double ns) { return duration_text(nanoseconds{static_cast<std::int64_t>(std::llround(ns))}); }

/// Percentiles on an axis of nines, where 90, 99, 99.9 are equally far from each other, as far as there are mails for them; times
/// on a logarithmic one.
void draw_latency(svg& to, const panel& in, const load_plan& plan, const load_result& r) {
    const latencies& all = r.latency;
    const double nines = std::max(1.0, std::log10(static_cast<double>(all.count())));
    const double low = round_down(std::max(1.0, static_cast<double>(all.least().count())));
    const double high = std::max(round_up(static_cast<double>(all.most().count())), low * 2);
    const auto x_of = [&](double share) { return in.x(std::min(1.0, -std::log10(1 - share) / nines)); };
    const auto y_of = [&](nanoseconds t) {
        return in.y(std::log(std::max(static_cast<double>(t.count()), low) / low) / std::log(high / low));
    };
    to.text(left, in.top - 14,
            plan.rate == 0 ? "Latency by percentile, from handing a mail over to its result"
                           : "Latency by percentile, from when a mail was due to its result",
            svg::anchor::start, 14);
    const bool crowded = high / low > 2e4;
    for (double tick = low; tick <= high * 1.001; tick = round_up(tick * 1.01)) {
        const double y = in.y(std::log(tick / low) / std::log(high / low));
        to.line(left, y, across - right, y, grid);
        const bool of_ten = std::abs(std::log10(tick) - std::round(std::log10(tick))) < 1e-6;
        if (!crowded || of_ten) to.text(left - 8, y + 4, time_label(tick), svg::anchor::end, 11, faint);
    }
    constexpr std::array<std::pair<double, const char*>, 8> ticks{{{0, "0"},
                                                                   {0.5, "50"},
                                                                   {0.9, "90"},
                                                                   {0.99, "99"},
                                                                   {0.999, "99.9"},
                                                                   {0.9999, "99.99"},
                                                                   {0.99999, "99.999"},
                                                                   {0.999999, "99.9999 %"}}};
    for (const auto& [share, label] : ticks) {
        if (-std::log10(1 - share) > nines) break;
        to.line(x_of(share), in.top, x_of(share), in.bottom, grid);
        to.text(x_of(share), in.bottom + 17, label, svg::anchor::middle, 11, faint);
    }
    to.text(across - right, in.bottom + 34, "percentile", svg::anchor::end, 11, faint);
    to.line(left, in.bottom, across - right, in.bottom, axis);

    std::vector<std::pair<double, double>> points;
    const int steps = 400;
    for (int i = 0; i <= steps; ++i) {
        const double share = 1 - std::pow(10, -nines * i / steps);
        points.emplace_back(x_of(share), y_of(i == steps ? all.most() : all.at(share)));
    }
    to.curve(points, blue, 2);
    for (const auto& [share, label] : {std::pair{0.5, "p50 "}, {0.9, "p90 "}, {0.99, "p99 "}}) {
        if (-std::log10(1 - share) > nines) break;
        const double x = x_of(share), y = y_of(all.at(share));
        const std::string words = label + duration_text(all.at(share));
        to.rectangle(x - 3, y - 3, 6, 6, blue, words);
        // Below the curve, which never falls; and not where the greatest stands.
        if (x < across - right - 170) to.text(x + 7, y + 17, words);
    }
    to.text(across - right - 4, y_of(all.most()) - 9, "max " + duration_text(all.most()), svg::anchor::end, 12);
}

/// Bars of mails a second; what was not accepted stands on top.
void draw_throughput(svg& to, const panel& in, const load_result& r) {
    const double whole = std::chrono::duration<double>(r.times.width()).count();
    const double elapsed = std::max(std::chrono::duration<double>(r.elapsed).count(), 1e-9);
    const auto& spans = r.times.spans();
    // The last span may have been short, and then says too little: its mails are divided by the time that it had.
    const auto seconds = [&](std::size_t i) {
        return std::clamp(elapsed - whole * static_cast<double>(i), whole / 4, whole);
    };
    double most = 1;
    bool bad = false;
    for (std::size_t i = 0; i != spans.size(); ++i) {
        most = std::max(most, static_cast<double>(spans[i].good + spans[i].bad) / seconds(i));
        bad = bad || spans[i].bad != 0;
    }
    const double step = round_up(most / 5);
    const double top = step * std::ceil(most / step);
    to.text(left, in.top - 14, "Mails a second", svg::anchor::start, 14);
    if (bad) {
        to.rectangle(left + 124, in.top - 24, 11, 11, blue);
        to.text(left + 140, in.top - 14, "accepted", svg::anchor::start, 12, faint);
        to.rectangle(left + 208, in.top - 24, 11, 11, red);
        to.text(left + 224, in.top - 14, "not accepted", svg::anchor::start, 12, faint);
    }
    for (double tick = 0; tick <= top * 1.001; tick += step) {
        to.line(left, in.y(tick / top), across - right, in.y(tick / top), grid);
        to.text(left - 8, in.y(tick / top) + 4, grouped(static_cast<std::uint64_t>(std::llround(tick))),
                svg::anchor::end, 11, faint);
    }
    const double end = std::max(elapsed, whole * 0.01);
    for (std::size_t i = 0; i != spans.size(); ++i) {
        const double from = whole * static_cast<double>(i) / end;
        const double to_x = std::min(1.0, whole * static_cast<double>(i + 1) / end);
        if (from >= 1) break;
        const double good = static_cast<double>(spans[i].good) / seconds(i) / top;
        const double all = good + static_cast<double>(spans[i].bad) / seconds(i) / top;
        const double x = in.x(from), wide = std::max(in.x(to_x) - x, 0.5);
        to.rectangle(x, in.y(good), wide, in.bottom - in.y(good), blue);
        if (spans[i].bad != 0) to.rectangle(x, in.y(all), wide, in.y(good) - in.y(all), red);
    }
    to.line(left, in.bottom, across - right, in.bottom, axis);
    const double second_step = round_up(end / 8);
    for (double tick = 0; tick <= end * 1.0001; tick += second_step)
        to.text(in.x(tick / end), in.bottom + 17, tick == 0 ? "0" : time_label(tick * 1e9), svg::anchor::middle, 11,
                faint);
}

} // namespace

void write_picture(const std::string& file, const load_plan& plan, const load_result& r) {
    const std::string& url = plan.url;
    svg picture{across, down, "postrider load " + url};
    picture.text(left, 34, url, svg::anchor::start, 18);
    picture.text(left, 56, summary(plan), svg::anchor::start, 12, faint);
    std::string result = grouped(r.mails) + " mails in " + duration_text(r.elapsed) + ", " +
                         grouped(static_cast<std::uint64_t>(per_second(r.mails, r))) + "/s";
    const std::uint64_t bad = r.mails - r.outcomes[static_cast<std::size_t>(outcome::accepted)];
    if (bad != 0) result += "; " + grouped(bad) + " not accepted";
    picture.text(left, 74, result, svg::anchor::start, 12, faint);
    if (r.latency.count() != 0) draw_latency(picture, {126, 376}, plan, r);
    if (r.mails != 0) draw_throughput(picture, {452, 602}, r);
    picture.write(file);
}

} // namespace postrider::cli
