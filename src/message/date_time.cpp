#include "message/date_time.hpp"

#include "core/chars.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace postrider::message_detail {

namespace {

constexpr std::array<std::string_view, 7> days{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};
constexpr std::array<std::string_view, 12> months{"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                  "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};

//   date-time = [ day-of-week "," ] date time [CFWS];  date = 1*2DIGIT month 4*DIGIT;  time = hh ":" mm [ ":" ss ] zone
//   zone = ( "+" / "-" ) 4DIGIT                                                                     (RFC 5322 §3.3)
class date_reader {
public:
    explicit date_reader(std::string_view text) noexcept : rest_(text) {}

    date_form read() noexcept {
        skip();
        if (is_alpha(front()) && (!one_of(days) || !take(','))) return date_form::none;
        const int day = number(1, 2);
        const int month = one_of(months);
        skip();
        const std::size_t before = rest_.size();
        int year = number(2, 9);
        const std::size_t digits = before - digits_left_;
        if (year < 0 || day < 1 || month == 0) return date_form::none;
        if (digits < 4) {
            obsolete_ = true;
            year += digits == 2 && year < 50 ? 2000 : 1900;
        }
        if (year < 1900 || day > days_of(month, year) || !time() || !zone()) return date_form::none;
        skip();
        if (!rest_.empty()) return date_form::none;
        return obsolete_ ? date_form::obsolete : date_form::current;
    }

private:
    char front() const noexcept { return rest_.empty() ? '\0' : rest_.front(); }

    /// White space, line ends and comments.
    void skip() noexcept {
        int depth = 0;
        while (!rest_.empty()) {
            const char c = rest_.front();
            if (c == '(') ++depth;
            else if (c == ')' && depth > 0) --depth;
            else if (depth == 0 && c != ' ' && c != '\t' && c != '\r' && c != '\n') return;
            rest_.remove_prefix(1);
        }
    }

    bool take(char wanted) noexcept {
        skip();
        if (front() != wanted) return false;
        rest_.remove_prefix(1);
        return true;
    }

    /// -1: there is none with so many digits.
    int number(std::size_t least, std::size_t most) noexcept {
        skip();
        std::size_t digits = 0;
        int value = 0;
        while (digits != rest_.size() && is_digit(rest_[digits])) {
            if (digits < most) value = value * 10 + (rest_[digits] - '0');
            ++digits;
        }
        rest_.remove_prefix(digits);
        digits_left_ = rest_.size();
        return digits < least || digits > most ? -1 : value;
    }

    /// Its place, from 1; 0: none of them stands here.
    template <std::size_t Size>
    int one_of(const std::array<std::string_view, Size>& names) noexcept {
        skip();
        const auto found = std::find_if(names.begin(), names.end(),
                                        [&](std::string_view name) { return is_keyword(rest_.substr(0, 3), name); });
        if (found == names.end()) return 0;
        rest_.remove_prefix(3);
        return static_cast<int>(found - names.begin()) + 1;
    }

    static int days_of(int month, int year) noexcept {
        if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
        return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
    }

    bool time() noexcept {
        const int hour = number(2, 2);
        if (hour < 0 || hour > 23 || !take(':')) return false;
        const int minute = number(2, 2);
        if (minute < 0 || minute > 59) return false;
        if (!take(':')) return true;
        const int second = number(2, 2);
        return second >= 0 && second <= 60; // a leap second
    }

    bool zone() noexcept {
        skip();
        if (front() == '+' || front() == '-') {
            rest_.remove_prefix(1);
            if (rest_.empty() || !is_digit(rest_.front())) return false;
            const int offset = number(4, 4);
            return offset >= 0 && offset % 100 < 60;
        }
        std::size_t letters = 0;
        while (letters != rest_.size() && is_alpha(rest_[letters])) ++letters;
        rest_.remove_prefix(letters);
        obsolete_ = true;
        return letters >= 1 && letters <= 5;
    }

    std::string_view rest_;
    std::size_t digits_left_ = 0;
    bool obsolete_ = false;
};

} // namespace

date_form form_of_date(std::string_view body) noexcept { return date_reader{body}.read(); }

} // namespace postrider::message_detail
