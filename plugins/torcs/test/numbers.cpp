// SPDX-License-Identifier: GPL-2.0-or-later
#include "numbers.h"

#include <cstring>
#include <sstream>
#include <string>

#include "check.h"

using namespace racegym;

namespace {

const char* const kTexts[] = {
    "", " ", "0", "1", "+1", "-1", "++1", "+-1", "--1", "-", "+", ".5", "5.", ".", "-.5", "1.5.5", "1e3", "1E3", "1e",
    "1e+", "1e-", "1e+3", "e5", "1e5e5", "1e5.5", "0x10", "0x1p3", "010", "007", "1,5", "nan", "inf", "-inf",
    "infinity", "abc", "1abc", " \t\n 7", "1.000", "99999999999", "-99999999999", "999999999999999999999999", "1e300",
    "-1e300", "1e999", "-1e999", "1e-50", "1e-400", "3.4028236e38", "16777217", "0.1", "2147483647", "2147483648",
    "-2147483648", "-2147483649", "00000000000000000000000000000000000000001", "1 2", "-0", "1e0000000000001"};

// The same with a stream, which is what has to be equalled; `rest` is what the next extraction finds.
template <typename Number>
void compare(const std::string& text) {
    std::istringstream stream(text);
    Number wanted = 42, number = 42;
    const bool good = static_cast<bool>(stream >> wanted);
    std::string_view view = text;
    EQUAL(text + (extract(view, number) ? " good" : " bad"), text + (good ? " good" : " bad"));
    EQUAL(std::memcmp(&number, &wanted, sizeof wanted), 0);
    if (!good) return;
    std::string rest;
    std::getline(stream, rest, '\0');
    EQUAL(std::string(view), rest);
}

}  // namespace

TEST(reals_are_read_as_a_stream_reads_them) {
    for (const char* text : kTexts) compare<float>(text);
}

TEST(whole_numbers_are_read_as_a_stream_reads_them) {
    for (const char* text : kTexts) compare<int>(text);
}

TEST(random_text_is_read_as_a_stream_reads_it) {
    constexpr char kAlphabet[] = "0123456789+-.eE x,\t";
    unsigned state = 1;
    for (int i = 0; i < 20000; ++i) {
        std::string text;
        for (int length = i % 9; length > 0; --length) {
            state = state * 1664525U + 1013904223U;
            text += kAlphabet[(state >> 16) % (sizeof kAlphabet - 1)];
        }
        compare<float>(text);
        compare<int>(text);
    }
}
