// SPDX-License-Identifier: GPL-2.0-or-later
#include "numbers.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <limits>
#include <system_error>

namespace racegym {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool sign(char c) { return c == '+' || c == '-'; }

// How many characters a stream would gather for a real number, though they may turn out to be none (`1e`).
std::size_t real_span(std::string_view text) {
    std::size_t i = !text.empty() && sign(text[0]) ? 1 : 0;
    bool mantissa = false, point = false, exponent = false;
    for (; i < text.size(); ++i) {
        const char c = text[i];
        if (digit(c)) {
            mantissa = true;
        } else if (c == '.' && !point && !exponent) {
            point = true;
        } else if ((c == 'e' || c == 'E') && mantissa && !exponent) {
            exponent = true;
            if (i + 1 < text.size() && sign(text[i + 1])) ++i;
        } else {
            break;
        }
    }
    return i;
}

std::size_t whole_span(std::string_view text) {
    std::size_t i = !text.empty() && sign(text[0]) ? 1 : 0;
    while (i < text.size() && digit(text[i])) ++i;
    return i;
}

// What a number out of a double's range comes to.
double beyond(std::string_view word) {
    const std::size_t e = word.find_first_of("eE");
    const std::string_view mantissa = word.substr(0, e);
    const bool small = e != std::string_view::npos ? word.substr(e + 1, 1) == "-"
                                                   : mantissa.substr(0, mantissa.find('.')).find_first_of("123456789") ==
                                                         std::string_view::npos;
    if (small) return 0;
    const double largest = std::numeric_limits<double>::max();
    return word[0] == '-' ? -largest : largest;
}

template <typename Wide, typename Narrow>
void limit(Wide wide, Narrow& number) {
    constexpr auto low = static_cast<Wide>(std::numeric_limits<Narrow>::lowest());
    constexpr auto high = static_cast<Wide>(std::numeric_limits<Narrow>::max());
    number = static_cast<Narrow>(std::clamp(wide, low, high));
}

// The word at the front of `text` that `span` measures, without a plus, and off `text`; false when only blanks are left.
bool next(std::string_view& text, std::size_t (*span)(std::string_view), std::string_view& word) {
    const std::size_t start = text.find_first_not_of(kBlanks);
    if (start == std::string_view::npos) return false;
    text.remove_prefix(start);
    word = text.substr(0, span(text));
    text.remove_prefix(word.size());
    if (!word.empty() && word[0] == '+') word.remove_prefix(1);
    return true;
}

}  // namespace

bool extract(std::string_view& text, float& number) {
    std::string_view word;
    if (!next(text, real_span, word)) return false;
    number = 0;
    const char* const last = word.data() + word.size();
    float exact = 0;
    const auto [end, error] = std::from_chars(word.data(), last, exact);
    if (end != last || error == std::errc::invalid_argument) return false;
    if (error == std::errc()) {
        number = exact;
        return true;
    }
    double wide = 0;
    if (std::from_chars(word.data(), last, wide).ec != std::errc()) wide = beyond(word);
    limit(wide, number);
    return number > -std::numeric_limits<float>::max() && number < std::numeric_limits<float>::max();
}

bool extract(std::string_view& text, int& number) {
    std::string_view word;
    if (!next(text, whole_span, word)) return false;
    number = 0;
    long long wide = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), wide);
    if (error == std::errc::invalid_argument) return false;
    const bool huge = error == std::errc::result_out_of_range;
    if (huge) wide = word[0] == '-' ? std::numeric_limits<long long>::min() : std::numeric_limits<long long>::max();
    limit(wide, number);
    return wide == number;
}

}  // namespace racegym
