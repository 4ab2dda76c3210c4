// SPDX-License-Identifier: GPL-2.0-or-later
// A test registry and two assertions; enough for these tests, and no library to install.
#ifndef RACEGYM_CHECK_H
#define RACEGYM_CHECK_H

#include <cmath>
#include <sstream>
#include <stdexcept>
#include <string>

namespace check {

struct Failure : std::runtime_error {
    using std::runtime_error::runtime_error;
};

using Test = void (*)();
int enlist(const char* name, Test test);

template <typename A, typename B>
void equal(const A& actual, const B& expected, const char* what, int line) {
    if (actual == expected) return;
    std::ostringstream text;
    text << "line " << line << ": " << what << " is " << actual << ", expected " << expected;
    throw Failure(text.str());
}

inline void near(double actual, double expected, double tolerance, const std::string& what, int line) {
    if (std::fabs(actual - expected) <= tolerance) return;
    std::ostringstream text;
    text << "line " << line << ": " << what << " is " << actual << ", expected " << expected << " +- " << tolerance;
    throw Failure(text.str());
}

}  // namespace check

#define TEST(name)                                                      \
    static void name();                                                 \
    static const int name##_enlisted = check::enlist(#name, name);      \
    static void name()
#define EQUAL(actual, expected) check::equal(actual, expected, #actual, __LINE__)
#define NEAR(actual, expected, tolerance) check::near(actual, expected, tolerance, #actual, __LINE__)

#endif
