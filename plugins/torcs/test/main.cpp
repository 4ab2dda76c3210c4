// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdio>
#include <exception>
#include <utility>
#include <vector>

#include "check.h"

static std::vector<std::pair<const char*, check::Test>>& tests() {
    static std::vector<std::pair<const char*, check::Test>> all;
    return all;
}

int check::enlist(const char* name, Test test) {
    tests().emplace_back(name, test);
    return 0;
}

int main() {
    std::setvbuf(stdout, nullptr, _IONBF, 0);  // tests that fork would print what is pending again
    int failed = 0;
    for (const auto& [name, test] : tests()) {
        try {
            test();
        } catch (const std::exception& error) {
            ++failed;
            std::printf("FAILED %s: %s\n", name, error.what());
        }
    }
    std::printf("%zu tests, %d failed\n", tests().size(), failed);
    return failed == 0 ? 0 : 1;
}
