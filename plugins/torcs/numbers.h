// SPDX-License-Identifier: GPL-2.0-or-later
// Numbers in text, read to the last oddity as `stream >> number` of C++ reads them, which is how SCR reads actions.
#ifndef RACEGYM_NUMBERS_H
#define RACEGYM_NUMBERS_H

#include <string_view>

namespace racegym {

constexpr std::string_view kBlanks = " \t\n\v\f\r";

// Takes one number off the front of `text` and says whether there was one. What is no number gives 0, one too large
// the largest that fits; `number` stays as it is only where nothing but blanks is left. No locale has a say.
bool extract(std::string_view& text, float& number);
bool extract(std::string_view& text, int& number);

}  // namespace racegym

#endif
