// svg.hpp - a picture in SVG 1.1, written element by element.
#ifndef POSTRIDER_CLI_SVG_HPP
#define POSTRIDER_CLI_SVG_HPP

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider::cli {

/// Coordinates are pixels from the top left. Texts are UTF-8; they are escaped, and control characters replaced.
class svg {
public:
    svg(double width, double height, std::string_view title);

    void rectangle(double x, double y, double width, double height, std::string_view fill,
                   std::string_view tooltip = {});
    void line(double x1, double y1, double x2, double y2, std::string_view stroke, double thickness = 1);
    void curve(const std::vector<std::pair<double, double>>& points, std::string_view stroke, double thickness = 1.5);
    enum class anchor { start, middle, end };
    void text(double x, double y, std::string_view what, anchor at = anchor::start, double size = 12,
              std::string_view fill = "#222");

    /// Writes it to a file, under its name only when it is whole; what is no regular file stays what it is. Throws `failure` (73).
    void write(const std::string& file) const;
    std::string document() const;

private:
    std::string body_;
    double width_;
    double height_;
    std::string title_;
};

} // namespace postrider::cli

#endif
