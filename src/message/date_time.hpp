// date_time.hpp - whether a text is a date as RFC 5322 §3.3 has it.
#ifndef POSTRIDER_MESSAGE_DATE_TIME_HPP
#define POSTRIDER_MESSAGE_DATE_TIME_HPP

#include <string_view>

namespace postrider::message_detail {

enum class date_form {
    current,
    obsolete, ///< a year of two digits, a zone by its name: RFC 5322 §4.3, to be read and not to be written
    none,
};

/// The body of a Date field, folded or not. Comments are skipped.
date_form form_of_date(std::string_view body) noexcept;

} // namespace postrider::message_detail

#endif
